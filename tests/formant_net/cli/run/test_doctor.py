"""`formant-node doctor` on this very machine, with a sound server and without."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Mapping

import pytest
from support.net.namespace import Network
from support.soundcard.pulse import Pulse
from support.suite.require import require_namespaces


def doctor(env: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "formant_net", "doctor", *arguments]
    return subprocess.run(command, env=dict(env), capture_output=True, text=True, timeout=300, check=False)


def test_every_topic_is_looked_at_and_problems_decide_the_exit_code() -> None:
    with Pulse() as pulse, socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        done = doctor(pulse.env, "--json", "--port", str(taken.getsockname()[1]))
    findings = json.loads(done.stdout)
    topics = {finding["topic"] for finding in findings}
    assert topics >= {"processor", "priority", "memory", "sound", "network", "port", "clock", "state", "packages"}
    assert all(finding["do"] for finding in findings if finding["level"] not in ("ok", "unknown"))
    if sys.platform == "linux":
        assert topics >= {"power", "heat", "Wi-Fi"}
    if sys.platform == "linux":
        assert "stalls" in topics
    (port,) = [finding for finding in findings if finding["topic"] == "port"]
    assert port["level"] == "hint"
    (sound,) = [finding for finding in findings if finding["topic"] == "sound"]
    assert "default (ALSA) *" in sound["what"]
    assert done.returncode == int(any(finding["level"] == "problem" for finding in findings))


def test_people_read_what_to_do_under_what_was_found() -> None:
    with Pulse() as pulse:
        env = {**pulse.env, "PULSE_SERVER": "unix:/nowhere"}
        done = doctor(env)
    lines = done.stdout.splitlines()
    at = next(i for i, line in enumerate(lines) if "no output device" in line)
    assert "problem" in lines[at]
    assert "→" in lines[at + 1]
    assert done.returncode == 1


@pytest.mark.parametrize("addresses", [("192.168.1.20/24",), ("fd77::20/64",)])
def test_a_network_without_a_gateway_is_well(addresses: tuple[str, ...]) -> None:
    """Servers are found there; only the names that browsers hide behind need a default route."""
    require_namespaces()
    with Network() as network:
        network.link("eth0", *addresses)
        inside = subprocess.run(
            [*network.inside, sys.executable, "-m", "formant_net", "doctor", "--json"],
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
    findings = [finding for finding in json.loads(inside.stdout) if finding["topic"] == "network"]
    assert findings[0]["what"] == f"reachable at {addresses[0].partition('/')[0]} (eth0)"
    assert [finding["level"] for finding in findings] == ["ok", "hint"]
    assert "by the default route" in findings[1]["what"]
