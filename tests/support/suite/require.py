"""Programs that a test needs. A missing one skips the test on a developer's machine and fails it in CI."""

from __future__ import annotations

import importlib
import os
import shutil

import pytest
from support.suite.features import NETWORKS, need


def require(*programs: str, how: str = "make system") -> None:
    """Skip, or fail where CI is set, when one of the programs is not installed; `how` would install it."""
    missing = [program for program in programs if shutil.which(program) is None]
    if not missing:
        return
    reason = f"{', '.join(missing)} not installed: run `{how}` (as root) once"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def require_library(name: str, how: str) -> None:
    """Skip, or fail where CI is set, when a Python library or the system's library below it is not installed."""
    try:
        importlib.import_module(name)
    except (ImportError, OSError) as error:
        reason = f"{error}: run `{how}` once"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)


def require_namespaces() -> None:
    """Skip unless this machine lets us make network namespaces and TAP devices: Linux, as root, with /dev/net/tun."""
    require("ip")
    if os.geteuid() != 0:
        pytest.skip("a cable between network namespaces needs root")
    need(NETWORKS)
