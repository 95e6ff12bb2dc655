"""Where a node keeps what must outlive it, and is nobody else's to read."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path


def state_dir(environment: Mapping[str, str] | None = None) -> Path:
    """FORMANT_STATE_DIR, else what systemd gives (STATE_DIRECTORY), else the user's folder for such things."""
    environment = os.environ if environment is None else environment
    for name in ("FORMANT_STATE_DIR", "STATE_DIRECTORY"):
        if chosen := environment.get(name, "").partition(":")[0]:
            return Path(chosen)
    if sys.platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or _home()) / "formant-node"
    given = environment.get("XDG_STATE_HOME", "")
    return (Path(given) if given.startswith("/") else _home() / ".local" / "state") / "formant-node"


def _home() -> Path:
    """That of the user; a number that is no user's has none, as in many containers, and nothing is kept in `/`."""
    try:
        return Path.home()
    except RuntimeError:
        return Path("/")


def why_unkept(folder: Path) -> str:
    """Why nothing can be kept in a folder that may have to be made, in words; empty where it can."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        return f"{folder} cannot be written"
    if hasattr(os, "statvfs") and os.statvfs(there).f_bavail == 0:
        return f"no space is left for {folder}"
    return ""


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, whole or not at all. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise


def readable_by_others(path: Path) -> bool:
    """Whether more people than its owner may read a file, where the system knows such a thing."""
    return os.name == "posix" and bool(path.stat().st_mode & 0o077)
