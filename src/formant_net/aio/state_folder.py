"""The state folder, in which a node keeps private files over a restart."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

_NOT_IN_NAMES = '<>:"/\\|?*%'
"""Characters that file names of Windows, FAT and SMB cannot have, or that mean something else there."""


def state_dir(environment: Mapping[str, str] | None = None) -> Path:
    """FORMANT_STATE_DIR, else systemd's STATE_DIRECTORY, else `formant-node` in the user's folder for program state."""
    environment = os.environ if environment is None else environment
    for name in ("FORMANT_STATE_DIR", "STATE_DIRECTORY"):
        if chosen := environment.get(name, "").partition(":")[0]:
            return Path(chosen)
    if sys.platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or _home()) / "formant-node"
    given = environment.get("XDG_STATE_HOME", "")
    return (Path(given) if given.startswith("/") else _home() / ".local" / "state") / "formant-node"


def _home() -> Path:
    """The user's home. A user id without an account, as in many containers, gives `/`, where nothing is kept."""
    try:
        return Path.home()
    except RuntimeError:
        return Path("/")


def why_unkept(folder: Path) -> str:
    """Why no file can be kept in a folder (which may not exist yet), as a sentence; empty if one can."""
    # os.path.exists, because Path.exists raises if a folder on the way may not be entered.
    there = next((path for path in (folder, *folder.parents) if os.path.exists(path)), Path("/"))
    if not os.path.isdir(there) or not os.access(there, os.W_OK | os.X_OK):
        return f"{folder} cannot be written"
    try:
        if hasattr(os, "statvfs") and os.statvfs(there).f_bavail == 0:
            return f"no space is left for {folder}"
    except OSError as error:
        return f"{folder} cannot be written ({error.strerror})"
    return ""


def kept_name(client_id: str) -> str:
    """A client id as part of a file name on every file system: `synth-a:b` gives `synth-a%3Ab`.

    On Windows `a:b.json` would be a hidden stream of the file `a`. FAT refuses the name.
    """
    return "".join(f"%{ord(c):02X}" if c in _NOT_IN_NAMES else c for c in client_id)
