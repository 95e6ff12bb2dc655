"""`formant-node doctor` on this very machine, with a sound server and without."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Mapping

from support.pulse import Pulse


def doctor(env: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "formant_net", "doctor", *arguments]
    return subprocess.run(command, env=dict(env), capture_output=True, text=True, timeout=60, check=False)


def test_every_topic_is_looked_at_and_problems_decide_the_exit_code() -> None:
    with Pulse() as pulse, socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        done = doctor(pulse.env, "--json", "--port", str(taken.getsockname()[1]))
    findings = json.loads(done.stdout)
    topics = {finding["topic"] for finding in findings}
    assert topics >= {"processor", "priority", "memory", "sound", "network", "port", "clock", "state", "packages"}
    assert all(finding["do"] for finding in findings if finding["level"] != "ok")
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
