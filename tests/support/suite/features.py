"""Features that hardware and kernels may lack: the only reasons for which a test may be skipped in CI as root.

Each feature is checked for, so that the reason is true: a test that is skipped although the feature exists fails.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Feature:
    """Something that programs cannot bring."""

    words: str
    present: Callable[[], bool]

    @property
    def reason(self) -> str:
        return f"this machine lacks {self.words}"


def need(*features: Feature) -> None:
    """Skip the test where this machine lacks one of the features."""
    for feature in features:
        if not feature.present():
            pytest.skip(feature.reason)


def cgroup_tree() -> Path | None:
    """The root of a cgroup2 tree in which groups may be made."""
    for path in (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified")):
        if (path / "cgroup.procs").exists() and (path / "cgroup.subtree_control").exists() and os.access(path, os.W_OK):
            return path
    return None


@functools.cache
def _may_mount() -> bool:
    command = [
        "unshare",
        "--pid",
        "--mount",
        "--uts",
        "--ipc",
        "--cgroup",
        "--fork",
        "mount",
        "-t",
        "tmpfs",
        "x",
        "/tmp",
    ]
    return sys.platform == "linux" and subprocess.run(command, capture_output=True, check=False).returncode == 0


@functools.cache
def _may_have_networks() -> bool:
    command = ["unshare", "--net", "true"]
    return os.path.exists("/dev/net/tun") and subprocess.run(command, capture_output=True, check=False).returncode == 0


def _may_have_loop_disks() -> bool:
    return os.path.exists("/dev/loop-control") and _may_mount()


NETWORKS = Feature("network namespaces with TAP devices (/dev/net/tun), or the right to make them", _may_have_networks)
MOUNTS = Feature("namespaces of its own, or the right to mount in them", _may_mount)
LOOP_DISKS = Feature("loop devices (/dev/loop-control), or the right to mount them", _may_have_loop_disks)
CGROUPS = Feature("a cgroup2 tree that may be written", lambda: cgroup_tree() is not None)
X86_64 = Feature("an x86-64 processor", lambda: platform.machine() in ("x86_64", "AMD64"))
FUZZER = Feature(
    "a processor, a system or a Python that atheris has a wheel for (x86-64 Linux, CPython 3.11 to 3.14)",
    lambda: (
        importlib.util.find_spec("atheris") is not None
        or (sys.platform == "linux" and platform.machine() == "x86_64" and sys.version_info < (3, 15))
    ),
)
FEATURES = (NETWORKS, MOUNTS, LOOP_DISKS, CGROUPS, X86_64, FUZZER)


class NoOtherSkips:
    """The plugin for CI as root: a skipped test fails, unless this machine really lacks one of the features."""

    def __init__(self, features: tuple[Feature, ...] = FEATURES) -> None:
        self._features = features

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if report.skipped and not hasattr(report, "wasxfail"):
            said = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
            if not any(feature.reason in said and not feature.present() for feature in self._features):
                report.outcome = "failed"
                report.longrepr = (
                    f"{said}\nIn CI as root a test is skipped for what support/suite/features.py lists alone."
                )
        return report


def plugin() -> NoOtherSkips | None:
    """Where CI is set and we are root."""
    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return NoOtherSkips() if os.environ.get("CI") and as_root else None
