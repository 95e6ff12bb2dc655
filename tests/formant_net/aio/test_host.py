"""The name of this machine, whatever bytes it has."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from formant_net.aio.host import host_name, make_id

CODE = """
import socket, sys
socket.sethostname(b"K\\xfcche.local")
from formant_net.aio.host import host_name
from formant_net.aio.lan.names import own_names
from formant_net.aio.server.edge import EdgeOptions, own_edge_id
from formant_net.aio.host import make_id
print(ascii(host_name()))
print(make_id("synth-")[:12], own_edge_id(host_name()))
assert all(name.isascii() for name in own_names())
EdgeOptions().origins()
"""


def test_it_is_the_system_s() -> None:
    assert host_name()


def test_bytes_that_are_not_utf_8_reach_nobody() -> None:
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("a host name of its own needs Linux and root")
    done = subprocess.run(
        ["unshare", "--uts", sys.executable, "-c", CODE], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["'K\\ufffdche.local'", "synth-K-che- k-che"]


def test_an_id_that_is_made_names_the_machine_and_is_never_the_same() -> None:
    assert make_id("synth-") != make_id("synth-")
    assert re.fullmatch(r"synth-[A-Za-z0-9-]+-[0-9a-f]{4}", make_id("synth-"))
