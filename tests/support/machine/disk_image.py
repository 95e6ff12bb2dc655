"""A file system in a file, whose power can be cut: the file holds only what has reached the disk."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.suite.features import LOOP_DISKS, need
from support.suite.require import require


class DiskImage:
    """The image, and the folder at which it is mounted."""

    def __init__(self, folder: Path, size: int) -> None:
        self.path = folder / "disk"
        self._image, self._cut = folder / "image", folder / "cut"
        self.path.mkdir()
        with self._image.open("wb") as file:
            file.truncate(size)
        subprocess.run(["mkfs.ext4", "-q", "-F", str(self._image)], check=True)
        self._mount(self._image)

    def cut_power(self) -> None:
        """Keep the disk as it is at this moment, for `after_power_cut`. What runs goes on."""
        shutil.copyfile(self._image, self._cut)

    def after_power_cut(self) -> None:
        """Mount the disk as it was when the power was cut."""
        self.close()
        self._mount(self._cut)

    def close(self) -> None:
        """Take the disk away, also from under open files."""
        subprocess.run(["umount", "--lazy", str(self.path)], check=True)

    def _mount(self, image: Path) -> None:
        subprocess.run(["mount", "-o", "loop", str(image), str(self.path)], check=True)


@contextmanager
def disk_image(folder: Path, size: int = 32 << 20) -> Iterator[DiskImage]:
    """A disk with ext4. Skips where nothing may be mounted."""
    require("mount", "umount", "mkfs.ext4")
    if os.geteuid() != 0:
        pytest.skip("a file system of its own needs root")
    need(LOOP_DISKS)
    disk = DiskImage(folder, size)
    try:
        yield disk
    finally:
        disk.close()
