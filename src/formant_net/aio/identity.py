"""A node's own id: the same after every start, and different from the ids of other nodes on this machine.

Nodes of one user share a folder with numbered places. A node takes the first free place, holds it with a file lock
while it runs, and finds there the id of the last node that had the place. The lock is a separate file, because the id's
file is replaced as a whole: a power cut leaves the old id or the new one.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from formant_files import read_text
from formant_net.aio.atomic_files import write_private

PLACES = 64
MOST_BYTES = 4096
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")


@dataclass(slots=True)
class Place:
    """A numbered place, from 1. Keep this object while the node runs: `lock` holds the place.

    unkept    why the next start will have another id, as a sentence; empty if the id is kept
    damaged   what was wrong with the kept id, as a sentence; empty if nothing was
    """

    id: str
    number: int
    lock: Any = None
    unkept: str = ""
    damaged: str = ""
    path: Path | None = None

    def keep(self) -> bool:
        """Try once more to keep the id. Returns whether it is kept now. Blocking."""
        if self.unkept and self.path is not None and self.lock is not None:
            with suppress(OSError):
                write_private(self.path, f"{self.id}\n".encode())
                self.unkept = ""
        return not self.unkept


def take_place(folder: Path, prefix: str, make_id: Callable[[], str]) -> Place:
    """The first free place for ids that begin with `prefix`. `make_id` makes the id of a new place.

    A folder that cannot be written gives place 1 and a new id every time, and `unkept` says why. A damaged file gives
    a new id once, and `damaged` says why.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(1, PLACES + 1):
            lock = _locked(folder / f"{prefix}{number}.lock")
            if lock is not None:
                return _at(folder / f"{prefix}{number}.id", number, lock, prefix, make_id)
    except OSError as error:
        return Place(make_id(), 1, unkept=f"{folder}: {error.strerror or error}")
    return Place(make_id(), 1, unkept=f"{folder}: all {PLACES} places are taken")


def _at(path: Path, number: int, lock: Any, prefix: str, make_id: Callable[[], str]) -> Place:
    damaged = ""
    try:
        known = read_text(path, MOST_BYTES).strip()
        if ID.fullmatch(known) and known.startswith(prefix) and known != prefix:
            return Place(known, number, lock, path=path)
        damaged = f"{path} contains no id" if known else ""
    except FileNotFoundError:
        pass
    except OSError as error:
        damaged = f"{path} cannot be read: {error.strerror or error}"
    place = Place(make_id(), number, lock, unkept="not written yet", damaged=damaged, path=path)
    try:
        write_private(path, f"{place.id}\n".encode())
        place.unkept = ""
    except OSError as error:
        place.unkept = f"{path.parent}: {error.strerror or error}"
    return place


def _locked(path: Path) -> Any:
    """The file, locked until it is closed, or None if another process holds the lock."""
    # Without waiting: a pipe in its place would wait for a reader.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_NONBLOCK", 0), 0o666)
    file = os.fdopen(descriptor, "wb")
    if _lock(file):
        return file
    file.close()
    return None


def _lock(file: Any) -> bool:
    """Lock a file until it is closed, and return whether that worked. The system unlocks it when the process ends."""
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
    """The name of a node of one machine, with its number from the second node on: `attic 2`."""
    return name if number == 1 else f"{name[: 64 - 4]} {number}"
