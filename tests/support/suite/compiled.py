"""Compiles test files once, on all cores, before several processes of a run would each compile every one of them.

    python tests/support/suite/compiled.py tests

pytest rewrites the assertions of a test file when it is imported, and keeps the result beside it. Every process of a
run imports all files, at the same time and in the same order, so in a fresh clone each would do the work of all.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ENOUGH = 20
"""Files from which it is worth starting Python for them."""


def stale(folder: Path) -> list[Path]:
    """The test files below a folder that pytest has not compiled since they were changed."""
    return [path for path in sorted(folder.rglob("test_*.py")) if not _is_compiled(path)]


def _is_compiled(path: Path) -> bool:
    kept = Path(importlib.util.cache_from_source(str(path))).parent
    changed = path.stat().st_mtime
    return any(each.stat().st_mtime >= changed for each in kept.glob(f"{path.stem}.*-pytest-*.pyc"))


def compile_all(paths: list[Path]) -> None:
    """Let pytest collect the files, a share of them on each core. One that cannot be collected is left to the run."""
    cores = os.cpu_count() or 1
    running = [_collecting(paths[core::cores]) for core in range(min(cores, len(paths)))]
    for process in running:
        process.wait()


def _collecting(paths: Iterable[Path]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *map(str, paths)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def main() -> None:
    found = [path for folder in sys.argv[1:] for path in stale(Path(folder))]
    if len(found) >= ENOUGH and not sys.dont_write_bytecode:
        compile_all(found)


if __name__ == "__main__":
    main()
