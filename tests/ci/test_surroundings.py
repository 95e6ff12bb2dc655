"""Tests see the same environment, signals and limits, whoever starts them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.suite.surroundings import clean

TESTS = Path(__file__).parents[1]
ASKED = """
import os, resource, signal, subprocess, sys
from support.suite import surroundings
surroundings.settle()
surroundings.signals_as_in_a_terminal()
child = subprocess.Popen(["sleep", "60"])
child.terminate()
assert child.wait() == -signal.SIGTERM
assert subprocess.run(["false"]).returncode == 1
assert os.umask(0) == 0o022
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
assert soft in (hard, 4096), soft
"""
HOSTILE = """
import os, resource, signal, sys
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
    signal.signal(number, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGALRM})
os.umask(0o777)
resource.setrlimit(resource.RLIMIT_NOFILE, (200, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
os.execv(sys.executable, [sys.executable, "-c", sys.argv[1]])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals, umask and limits as POSIX has them")
def test_a_runner_with_other_signals_and_limits_changes_nothing() -> None:
    command = [sys.executable, "-c", HOSTILE, ASKED]
    subprocess.run(command, env={**os.environ, "PYTHONPATH": str(TESTS)}, check=True, timeout=300)


def test_variables_of_a_service_a_proxy_a_terminal_and_of_our_options_are_not_seen() -> None:
    foreign = (
        *("FORMANT_KEY", "NOTIFY_SOCKET", "JOURNAL_STREAM", "https_proxy", "ALL_PROXY", "COLUMNS", "PULSE_SERVER"),
        *("LC_TIME", "LANGUAGE", "FORCE_COLOR"),
    )
    environment = dict.fromkeys((*foreign, "PATH", "HOME", "CI"), "x")
    clean(environment)
    assert environment == {"PATH": "x", "HOME": "x", "CI": "x", "LC_ALL": "C.UTF-8"}


def test_this_run_is_so() -> None:
    assert not [name for name in os.environ if name.startswith("FORMANT_")]
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
