"""Strangers who announce servers: what a box gives away to them, and whether it finds its own server all the same."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fleet.forger import ADDRESS, FIRST, PORTS
from support.machine.processes import processes
from support.net.namespace import Lan
from support.suite.require import require_namespaces

from formant_net.aio.lan.announce import FILE

KEY = "cantabile"
ID = "7k2m9x"
MACHINES = {"server": ("192.168.1.20/24",), "stranger": (f"{ADDRESS}/24",), "box": ("192.168.1.30/24",)}


@contextmanager
def stranger(lan: Lan, tape: Path) -> Iterator[None]:
    """He announces his servers while the block runs."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    command = [*lan["stranger"].inside, sys.executable, "-m", "fleet.forger", str(tape), ID]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as running:
        try:
            assert running.stdout is not None
            assert running.stdout.readline() == "announced\n"
            yield
        finally:
            running.kill()


def test_among_hundreds_of_forged_servers_a_box_finds_its_own_and_with_a_fingerprint_tells_the_others_nothing(
    tmp_path: Path,
) -> None:
    """The stranger was there first, says that he is the true server, and answers at all of his ports.

    A box without a fingerprint tells him the key. docs/install/security.md says so, under "What is not defended".
    """
    require_namespaces()
    pinned, plain, tape = (tmp_path / name for name in ("pinned", "plain", "tape"))
    for folder in (pinned, plain):
        folder.mkdir()
    tape.touch()
    (tmp_path / FILE).write_text(f"{ID}\n")
    with Lan(**MACHINES) as lan, stranger(lan, tape), processes() as start:
        own = {"FORMANT_KEY": KEY, "FORMANT_STATE_DIR": str(tmp_path)}
        serving = start(
            "server", "--port", "8443", "--tls", "self-signed", environment=own, prefix=lan["server"].inside
        )
        pin = serving.wait_for("Certificate: self-signed, ").split()[2].strip(".,")
        silent = ("--audio", "none", "--voices", "2")
        safe = start(
            "synth", *silent, "--tls-fingerprint", pin,
            environment=own | {"FORMANT_STATE_DIR": str(pinned)}, prefix=lan["box"].inside,
        )  # fmt: skip
        assert "192.168.1.20:8443" in safe.wait_for("Ready")
        assert tape.read_text() == "", "a handshake of TLS, and nothing after it"
        start("server", "--port", "8099", environment=own, prefix=lan["server"].inside).wait_for("Join:")
        box = start(
            "synth", *silent, environment=own | {"FORMANT_STATE_DIR": str(plain)}, prefix=lan["box"].inside
        )  # fmt: skip
        assert "192.168.1.20:8099" in box.wait_for("Ready")
    told = {int(line.split()[0]) for line in tape.read_text().splitlines()}
    assert told <= set(range(FIRST, FIRST + PORTS, 2)), "those that speak https were told nothing"
