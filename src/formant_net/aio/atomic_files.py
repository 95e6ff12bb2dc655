"""Files that are written whole or not at all, even if the power fails: private ones, and ones that others may read."""

from __future__ import annotations

import os
import secrets
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_WINDOWS = os.name == "nt"
_PAUSES_S = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4)
"""Seconds before each try to put a file in its place on Windows."""


def write_private(path: Path, content: bytes, *, named: bool = False) -> None:
    """Write a file that only its owner can read, whole or not at all, even if the power fails. Raises OSError.

    named    somebody gave this path: a device or a pipe there is written to. Elsewhere it is replaced by the file.

    On Windows the folder decides who can read it: the usual one is in the user's profile, which is the user's alone.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if named and _leads_elsewhere(path):
        path.write_bytes(content)
    else:
        _write(path, content, _replace, 0o600)


def create_private(path: Path, content: bytes) -> None:
    """The same for a new file. Raises FileExistsError if the file exists, even if it was made at this moment."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(path, content, _put_new, 0o600)


def write_public(path: Path, content: bytes) -> None:
    """Write a file that others may read, as far as the umask lets them, whole or not at all. Raises OSError.

    A device or a pipe there is written to.
    """
    if _leads_elsewhere(path):
        path.write_bytes(content)
    else:
        _write(path, content, _replace, 0o666)


def create_public(path: Path, content: bytes) -> None:
    """The same for a new file. Raises FileExistsError if the file exists."""
    _write(path, content, _put_new, 0o666)


def _replace(draft: Path, path: Path) -> None:
    """Put a file in the place of another. Windows refuses that while another program reads the other one."""
    for pause_s in _PAUSES_S if _WINDOWS else ():
        time.sleep(pause_s)
        with suppress(PermissionError):
            os.replace(draft, path)
            return
    os.replace(draft, path)


def _put_new(draft: Path, path: Path) -> None:
    if _WINDOWS:
        os.rename(draft, path)  # which refuses an existing name there
        return
    try:
        os.link(draft, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links, such as FAT
        if path.exists():
            raise FileExistsError(path) from None
        os.replace(draft, path)
    else:
        draft.unlink()


def _leads_elsewhere(path: Path) -> bool:
    """Whether a device is there, or a link to a pipe such as /dev/stdout."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return stat.S_ISCHR(mode) or stat.S_ISBLK(mode) or (path.is_symlink() and not stat.S_ISREG(mode))


def _write(path: Path, content: bytes, put: Callable[[Path, Path], None], mode: int) -> None:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:  # around its making, too: a signal may end this process between that and the next line
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        put(draft, path)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise
    _keep_name(path.parent)


def _keep_name(folder: Path) -> None:
    """Write the folder to the disk, because a new file name is stored in its folder."""
    if os.name != "posix":
        return
    with suppress(OSError):  # some file systems refuse to sync folders
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def readable_by_others(path: Path) -> bool:
    """Whether others than its owner can read a file. False where the system has no such permissions."""
    return os.name == "posix" and bool(path.stat().st_mode & 0o077)
