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


def require_namespaces() -> None:
    """Skip unless this machine lets us make network namespaces and TAP devices: Linux, as root, with /dev/net/tun."""
    require("ip")
    if os.geteuid() != 0 or not os.path.exists("/dev/net/tun"):
        pytest.skip("a cable between network namespaces needs root and /dev/net/tun")
