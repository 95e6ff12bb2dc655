"""Where a node keeps what must outlive it, and is nobody else's to read."""

from __future__ import annotations

import os
import secrets
import sys
from contextlib import suppress
from pathlib import Path


def state_dir() -> Path:
    """FORMANT_STATE_DIR, else what systemd gives (STATE_DIRECTORY), else the user's folder for such things."""
    for name in ("FORMANT_STATE_DIR", "STATE_DIRECTORY"):
        if chosen := os.environ.get(name, "").partition(":")[0]:
            return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "formant-node"
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "formant-node"


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
