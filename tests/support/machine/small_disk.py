"""A separate file system that is small enough to fill up at once."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.suite.features import MOUNTS, need
from support.suite.require import require


@contextmanager
def small_disk(folder: Path, size: int = 1 << 20) -> Iterator[Path]:
    """A folder with room for `size` bytes. Skips where nothing may be mounted."""
    require("mount", "umount")
    if os.geteuid() != 0:
        pytest.skip("a file system of its own needs root")
    need(MOUNTS)
    disk = folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)], check=True)
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def fill_up(disk: Path, leave: int = 0) -> Path:
    """Take all room but `leave` bytes (whole pages); the file returned gives it back when it is deleted."""
    path = disk / "ballast"
    status = os.statvfs(disk)
    with path.open("wb") as file:
        file.write(b"x" * max(0, status.f_bavail * status.f_frsize - leave))
    return path
