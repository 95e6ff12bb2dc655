"""`formant-node latency` through the monitor of a real PulseAudio sink, and inside a real JACK server."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from click.testing import CliRunner
from support.soundcard.jack import Jack
from support.soundcard.pulse import Pulse

from formant_net.cli import main


def latency(env: Mapping[str, str], *arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "formant_net", "latency", "--notes", "8", "--json", *arguments]
    done = subprocess.run(command, env=dict(env), capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.mark.alone
@pytest.mark.parametrize("server", [Pulse, Jack])
def test_events_are_heard_soon_and_stamped_ones_on_their_sample(server: type[Pulse] | type[Jack]) -> None:
    with server(realtime=True) as sound:
        report = latency(sound.env, *(("--audio", Jack.DEVICE) if server is Jack else ()), "--latency", "40")
    assert report["heard"] >= 7
    assert report["stamped_heard"] >= 7
    assert report["stamped_jitter_frames"] == 0
    assert report["interruptions"] < 4  # a busy machine's; events that land elsewhere would jump with every note
    assert 0.0 < report["latency_ms_min"] <= report["latency_ms_median"] <= report["latency_ms_max"] < 180.0


def test_a_sink_that_nobody_hears_is_said_with_what_to_do() -> None:
    with Pulse() as pulse:
        subprocess.run(
            ["pactl", "load-module", "module-null-sink", "sink_name=deaf"],
            env=pulse.env,
            check=True,
            capture_output=True,
        )
        env = {**pulse.env, "PULSE_SOURCE": "deaf.monitor"}
        command = [sys.executable, "-m", "formant_net", "latency", "--notes", "5"]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 1
    assert "cable" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_input_that_is_not_there_names_those_that_are() -> None:
    with Pulse() as pulse:
        result = CliRunner().invoke(main, ["latency", "--audio", "kazoo"], env=pulse.env)
    assert result.exit_code == 1
    assert "kazoo" in result.output
