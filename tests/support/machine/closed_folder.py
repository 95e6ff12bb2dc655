"""A folder that a command cannot enter, even if root has started the command."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from support.suite.require import require

NOBODY = 65534


def closed_folder(path: Path) -> tuple[Path, Sequence[str]]:
    """The folder, and what to write before a command so that the folder is closed to it."""
    path.mkdir(mode=0o700)
    if os.geteuid() != 0:
        path.chmod(0)
        return path, ()
    # Root passes every lock unless these two capabilities are taken from it; then it is as good as any other user.
    require("setpriv")
    os.chown(path, NOBODY, NOBODY)
    return path, ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")
