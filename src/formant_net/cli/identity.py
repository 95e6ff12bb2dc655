"""A node's own id: the same after every start, and never that of another node of this machine.

Nodes of one user share a folder with numbered places. A node takes the first that is free, holds it by a file lock as
long as it runs, and finds in it the id that it had there before. So one node is always the same, and two are two.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PLACES = 64
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")


@dataclass(frozen=True, slots=True)
class Place:
    """`number` counts from 1; `lock` keeps it: hold on to this object as long as the node runs.

    unkept    why the next start will have another id, in words; empty where it will not
    """

    id: str
    number: int
    lock: Any = None
    unkept: str = ""


def take_place(folder: Path, prefix: str, make_id: Callable[[], str]) -> Place:
    """The first free place for ids that begin with `prefix`; `make_id` makes the id of a new one.

    A folder that cannot be written gives a new id every time, and place 1, and says so.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(1, PLACES + 1):
            place = _try(folder / f"{prefix}{number}.id", number, prefix, make_id)
            if place is not None:
                return place
    except OSError as error:
        return Place(make_id(), 1, unkept=f"{folder}: {error.strerror or error}")
    return Place(make_id(), 1, unkept=f"{folder}: all {PLACES} places are taken")


def _try(path: Path, number: int, prefix: str, make_id: Callable[[], str]) -> Place | None:
    lock = path.open("a+", encoding="utf-8")
    if not _lock(lock):
        lock.close()
        return None
    lock.seek(0)
    known = lock.read(200).strip()
    if not (ID.fullmatch(known) and known.startswith(prefix)):
        known = make_id()
        lock.seek(0)
        lock.truncate()
        lock.write(known + "\n")
        lock.flush()
    return Place(known, number, lock)


def _lock(file: Any) -> bool:
    """Whether the file is ours until it is closed; the system lets go of it when the process ends, however it does."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def numbered(name: str, number: int) -> str:
    """The name of the second, third … node of one machine: `attic 2`."""
    return name if number == 1 else f"{name[: 64 - 4]} {number}"
