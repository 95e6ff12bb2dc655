"""Devices whose names are not text, and devices whose rates no bank has: others go on, and words say why."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from support.machine.processes import processes
from support.soundcard.jack import Jack

from formant_dsp.output.devices import Device, odd_rate, portaudio, read_names_leniently
from formant_dsp.output.sink import SinkError

ASOUNDRC = b"pcm.k\xfcche { type null }\npcm.!default { type null }\n"


def there_is_alsa() -> bool:
    try:
        return any(api["name"] == "ALSA" for api in portaudio().query_hostapis())
    except SinkError:
        return False


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """An environment in which ALSA has a device of such a name."""
    if not there_is_alsa():
        pytest.skip("PortAudio has no ALSA here")
    (tmp_path / ".asoundrc").write_bytes(ASOUNDRC)
    return {**os.environ, "HOME": str(tmp_path), "FORMANT_STATE_DIR": str(tmp_path)}


def run(code: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_device_whose_name_is_not_utf_8_is_listed_and_can_be_asked_for(home: dict[str, str]) -> None:
    said = run(
        """
        from formant_dsp.output.devices import devices, select, supports
        named = [device for device in devices() if device.name == "k\\N{REPLACEMENT CHARACTER}che"]
        assert len(named) == 1, devices()
        assert select(named[0].name) == named[0]
        assert select("default").name == "default"
        print(supports(named[0], 48000))
        """,
        home,
    )
    assert said == "True\n"


@pytest.mark.parametrize("command", [["devices", "--json"], ["devices"], ["doctor", "--json"]])
def test_commands_list_it(command: list[str], home: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "formant_net", *command],
        env=home, capture_output=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 1)
    assert b"Traceback" not in done.stderr
    said = done.stdout.decode()
    assert "k\N{REPLACEMENT CHARACTER}che" in (
        json.dumps(json.loads(said), ensure_ascii=False) if said[0] == "[" else said
    )


def test_sounddevice_of_before_is_read_leniently_as_well() -> None:
    class Ffi:
        def string(self, pointer: bytes) -> bytes:
            return pointer

        def cast(self, kind: str, value: int) -> tuple[str, int]:
            return kind, value

    class Before:
        _ffi = Ffi()

    for _ in range(2):
        read_names_leniently(Before)
    assert Before._ffi.string(b"K\xfcche") == "K\N{REPLACEMENT CHARACTER}che".encode()
    assert Before._ffi.cast("int", 3) == ("int", 3)


@pytest.mark.parametrize(
    ("rate", "chosen"), [(384_000, 48_000), (22_050, 22_050), pytest.param(7_000, 48_000, marks=pytest.mark.long)]
)
def test_a_rate_that_no_bank_has_is_no_sound_in_words(rate: int, chosen: int) -> None:
    with Jack(rate=rate, period=2048) as jack, processes() as start:
        code = 'from formant_dsp.output.devices import best_sample_rate; print(best_sample_rate("system"))'
        assert run(code, jack.env) == f"{chosen}\n"
        synth = start("synth", "http://127.0.0.1:9/", "--audio", "system", "--voices", "2", environment=jack.env)
        line = synth.wait_for("Formant synth")
        if chosen == rate:
            assert f"{rate} Hz" in line
        else:
            assert "waiting for system" in line
            assert f"it plays at {rate} Hz, and 8000 to 192000 Hz are possible" in synth.wait_for("no sound: ")
        assert synth.stop() == 0
        assert "Traceback" not in synth.output()


def test_a_synth_that_looks_for_its_device_ends_without_a_crash() -> None:
    """PortAudio takes seconds to look, and its library must not be closed meanwhile."""
    with Jack(rate=7000, period=2048) as jack, processes() as start:
        for _ in range(2):
            synth = start("synth", "http://127.0.0.1:9/", "--audio", "system", "--voices", "2", environment=jack.env)
            synth.wait_for("Formant synth")
            assert synth.stop() == 0


@pytest.mark.parametrize("rate", [0, 7999, 8000, 192_000, 192_001])
def test_an_error_names_a_rate_only_where_it_is_the_reason(rate: int) -> None:
    device = Device(0, "x", "ALSA", 2, rate, 0.01, default=True)
    assert bool(odd_rate(device)) == (not 8000 <= rate <= 192_000)
