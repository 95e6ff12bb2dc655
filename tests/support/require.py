"""Programs that a test needs: missing ones skip it on a developer's machine and fail it in CI."""

from __future__ import annotations

import os
import shutil

import pytest


def require(*programs: str, how: str = "make system") -> None:
    """Skip, or fail where CI is set, when one of the programs is not installed; `how` would install it."""
    missing = [program for program in programs if shutil.which(program) is None]
    if not missing:
        return
    reason = f"{', '.join(missing)} not installed: run `{how}` (as root) once"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
