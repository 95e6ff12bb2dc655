"""Coverage-guided fuzzing of one target: `python tests/fuzz/run.py hub -runs=100000` (options of libFuzzer).

New inputs that reach new code go into the first folder given; without one, nothing is kept.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

HERE = Path(__file__).resolve()
# The plain source, not the editable install: its loader builds on import, and cannot be instrumented.
sys.meta_path[:] = [finder for finder in sys.meta_path if "scikit_build" not in type(finder).__module__.lower()]
sys.meta_path[:] = [finder for finder in sys.meta_path if "ScikitBuild" not in type(finder).__name__]
sys.path[:0] = [str(HERE.parents[2] / "src"), str(HERE.parents[1])]

with atheris.instrument_imports(
    include=["formant_net", "aiortc.sdp", "aioice.candidate", "websockets.frames", "websockets.protocol"]
):
    from fuzz.targets import TARGETS


def main() -> None:
    target = TARGETS[sys.argv[1]]

    def one(data: bytes) -> None:
        try:
            target(data)
        except RecursionError:
            raise AssertionError("the depth of an input became ours") from None

    atheris.Setup([sys.argv[0], *sys.argv[2:]], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
