"""Minimise what a campaign has found into the kept corpus: `python tests/fuzz/keep.py FOLDER [TARGET …]`.

Kept are the few inputs that together take every step from line to line that all of them take, the small ones first, at
most `MOST` a target and none above 4 kB: a corpus is there to be tried at every run.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from pathlib import Path
from types import FrameType
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from fuzz.targets import TARGETS, Target

HERE = Path(__file__).resolve().parent
MOST = 60
MAX_BYTES = 4096
Step = tuple[str, int, int]


def steps(target: Target, data: bytes) -> set[Step]:
    """The steps from line to line of our code that an input takes."""
    taken: set[Step] = set()

    def local(name: str) -> Any:
        before = 0

        def line(frame: FrameType, event: str, _: object) -> Any:
            nonlocal before
            if event == "line":
                taken.add((name, before, frame.f_lineno))
                before = frame.f_lineno
            return line

        return line

    def call(frame: FrameType, event: str, _: object) -> Any:
        name = frame.f_code.co_filename
        return local(name) if "formant_net" in name else None

    sys.settrace(call)
    try:
        target(data)
    finally:
        sys.settrace(None)
    return taken


def keep(target: str, found: Path) -> int:
    """Returns how many inputs are kept now."""
    into = HERE / "corpus" / target
    into.mkdir(parents=True, exist_ok=True)
    inputs = {path.read_bytes() for folder in (into, found) for path in folder.iterdir() if path.is_file()}
    kept: list[bytes] = []
    reached: set[Step] = set()
    for data in sorted((data for data in inputs if len(data) <= MAX_BYTES), key=lambda data: (len(data), data)):
        taken = steps(TARGETS[target], data)
        if not taken <= reached:
            reached |= taken
            kept.append(data)
    # Backwards: what a later, richer input takes as well is not needed.
    covered: set[Step] = set()
    needed = []
    for data in reversed(kept):
        taken = steps(TARGETS[target], data)
        if not taken <= covered:
            covered |= taken
            needed.append(data)
    shutil.rmtree(into)
    into.mkdir()
    for data in needed[:MOST]:
        (into / hashlib.sha1(data).hexdigest()[:16]).write_bytes(data)
    return min(len(needed), MOST)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    for target in sys.argv[2:] or sorted(path.name for path in folder.iterdir() if path.is_dir()):
        print(target, keep(target, folder / target), flush=True)
