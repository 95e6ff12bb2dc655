"""The SD card and the file systems: what was written, and what a power cut would leave."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

SECTOR_BYTES = 512
"""The unit of /sys/block/*/stat, whatever the device has (Documentation/block/stat.rst of the kernel)."""
FORGET = ("overlay", "tmpfs", "ramfs")
"""File systems whose content is gone after a power cut. An overlay is one if its upper folder is in memory, as with
`overlayroot=tmpfs`; in a container it is gone with the container."""


def written_bytes(sys: Path) -> int | None:
    """Bytes written to SD cards and eMMC since the machine was switched on. None: it has none."""
    total: int | None = None
    for stat in sys.glob("block/mmcblk*/stat"):
        if not re.fullmatch(r"mmcblk\d+", stat.parent.name):
            continue  # boot partitions of an eMMC
        try:
            total = (total or 0) + int(stat.read_text("utf-8").split()[6]) * SECTOR_BYTES
        except (OSError, ValueError, IndexError):
            continue
    return total


def file_system(proc: Path, folder: PurePosixPath) -> str | None:
    """The type of the file system that a folder is on, as `ext4`."""
    try:
        lines = (proc / "self/mounts").read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return None
    found, depth = None, -1
    for line in lines:
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        place = PurePosixPath(_plain(fields[1]))
        if (folder == place or place in folder.parents) and len(place.parts) >= depth:
            found, depth = fields[2], len(place.parts)  # of two at one place the later one hides the other
    return found


def overlay(proc: Path) -> bool | None:
    """Whether the root file system is an overlay."""
    found = file_system(proc, PurePosixPath("/"))
    return None if found is None else found == "overlay"


def forgets(proc: Path, folder: PurePosixPath) -> bool | None:
    """Whether what is written into a folder is gone after a power cut."""
    found = file_system(proc, folder)
    return None if found is None else found in FORGET


def _plain(text: str) -> str:
    """A path of /proc/mounts, which writes blanks as octal numbers."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
