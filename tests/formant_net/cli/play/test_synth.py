from __future__ import annotations

import re
import signal
import socket
import time
from pathlib import Path

import pytest
import soundfile
from click.testing import CliRunner
from support.machine.processes import processes
from support.soundcard.jack import Jack
from support.soundcard.pulse import Pulse
from support.suite.patience import PATIENCE_S

from formant_net.cli import main
from formant_net.cli.options.audio import ChannelMap
from formant_net.cli.play.synth import _preset


def test_rate_channels_and_priority_are_those_of_the_options_in_a_real_sound_server() -> None:
    with Pulse() as pulse, processes() as start:
        synth = start(
            *("synth", "http://127.0.0.1:9", "--rate", "44100", "--channel-map", "2,1,-", "--realtime", "off"),
            environment=pulse.env,
        )
        line = synth.wait_for("Formant synth")
        assert "44100 Hz, 3 channels" in line
        other = start("synth", "http://127.0.0.1:9", "--rate", "96000", "--latency", "60", environment=pulse.env)
        other_line = other.wait_for("Formant synth")  # two nodes on one machine
        assert "96000 Hz, 2 channels" in other_line
        own = [float(re.search(r"latency ([\d.]+) ms", said)[1]) for said in (line, other_line)]  # type: ignore[index]
        assert 0.0 < own[0] < 50.0 < own[1] < 100.0  # the stream's own figure
        assert "riority" in other.wait_for("riority")
        assert synth.stop() == 0
        assert other.stop() == 0
        assert "riority" not in synth.output()


def test_a_jack_server_that_dies_is_played_again_by_a_new_process_in_the_old_ones_place() -> None:
    with Jack(realtime=True, period=1024) as jack, processes() as start:
        synth = start("synth", "http://127.0.0.1:9", "--audio", Jack.DEVICE, environment=jack.env)
        first = synth.wait_for("Formant synth")
        assert "JACK" in first
        jack.kill()
        synth.wait_for("the synth starts again")
        again = synth.wait_for("Formant synth", count=2)
        assert again.split()[2] == first.split()[2]  # the same id
        assert "waiting for system" in again
        jack.restart()
        synth.wait_for("sound again: system (JACK")
        assert synth.stop() == 0
        assert "Assertion" not in synth.output()


def test_a_jack_server_that_dies_beside_the_sound_server_that_is_played_takes_nothing_down() -> None:
    """PortAudio is a client of every server that it finds."""
    with Jack() as jack, Pulse() as pulse, processes() as start:
        both = {**jack.env, **pulse.env, "JACK_DEFAULT_SERVER": jack.name}
        quits, synth = (start("synth", "http://127.0.0.1:9", environment=both) for _ in range(2))
        for each in (quits, synth):
            assert "default (ALSA)" in each.wait_for("Formant synth")
        jack.kill()
        assert quits.stop() == 0
        pulse.kill()
        synth.wait_for("the synth starts again")
        synth.wait_for("Formant synth", count=2)
        pulse.restart()
        synth.wait_for("sound again: default (ALSA)")
        assert synth.stop() == 0
        assert "Assertion" not in synth.output() + quits.output()


def test_a_channel_map_is_written_from_one_and_a_dash_is_silence() -> None:
    assert ChannelMap().convert("2, 1,-", None, None) == (1, 0, -1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--channel-map", "0,1"], "(1 to 8)"),
        (["--channel-map", "1,,2"], "(1 to 8)"),
        (["--channel-map", "-,-"], "silent on every output"),
        (["--channel-map", "1,2,3,4,5,6,7,8,1"], "(1 to 8)"),
        (["--channels", "2", "--channel-map", "3,1"], "--channels is 2"),
        (["--rate", "12345"], "44100, 48000"),
        (["--realtime", "perhaps"], "--realtime"),
        (["--latency", "soon"], "milliseconds"),
        (["--latency", "nan"], "milliseconds"),
        (["--volume", "2"], "--volume"),
        (["--voices", "0"], "--voices"),
        (["ftp://host"], "URL"),
        (["--id", "a b"], "--id"),
        (["--preset", "kazoo"], "glassy"),
        (["--preset", "even-odd", "--voice", "bass"], "vowels of its own"),
        (["--audio", "wav:/nowhere/at/all.wav"], "wav"),
    ],
)
def test_a_wrong_option_is_refused_in_words_and_with_code_2(arguments: list[str], words: str) -> None:
    result = CliRunner().invoke(main, ["synth", *arguments])
    assert result.exit_code == 2
    assert words in result.output


def test_a_preset_of_the_folder_is_sung_from_the_start_with_what_is_asked_for_beside_it(tmp_path: Path) -> None:
    own = 'title = "T"\ndescription = "D"\n[voice]\nvibrato_cents = 33\n'
    for name in ("mine", "tenor"):
        (tmp_path / f"{name}.toml").write_text(own, encoding="utf-8")
    with processes() as start:
        arguments = ("synth", "http://127.0.0.1:9", "--audio", "none", "--presets", str(tmp_path))
        synth = start(*arguments, "--preset", "mine", "--vibrato", "5")
        assert "preset mine" in synth.wait_for("Formant synth")
    for name, cents in (("mine", 5.0), ("tenor", 5.0), ("bass", 5.0)):
        options = {"algorithm": None, "voice": None, "vibrato": cents, "preset": name, "preset_folder": tmp_path}
        found = _preset(options)
        assert found["preset"].voice["vibrato_cents"] == cents
        assert found["overrides"] == {"voice": {"vibrato_cents": cents}, "vowels": {}}
        assert (found["preset"].title == "T") == (name != "bass")


def test_a_refused_key_ends_a_command_and_not_a_service(tmp_path: Path) -> None:
    with processes() as start, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(PATIENCE_S)
        server = start("server", "--host", "127.0.0.1", "--port", "0", "--key", "the new key")
        url = server.wait_for("Join:").split()[1].partition("#")[0]
        wrong = ("synth", url, "--key", "the old key", "--audio", "none", "--voices", "4")
        assert start(*wrong).wait() == 2
        service = start(*wrong, environment={"NOTIFY_SOCKET": str(tmp_path / "notify")})
        told = start(*wrong, "--retry-refused")
        for box in (service, told):
            assert "bad-key" in box.wait_for("WARNING refused")
            assert "--key" in box.lines[-1]
        while b"refused by ws://127.0.0.1" not in manager.recv(4096):
            pass
        assert told.stop() == 0, "it still ran"
        assert service.stop() == 0


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_even_while_there_is_no_server(how: signal.Signals) -> None:
    with processes() as start:
        synth = start("synth", "http://127.0.0.1:9", "--audio", "none", "--voices", "4")
        assert "4 voices, preset plain" in synth.wait_for("Formant synth")
        assert "connection refused" in synth.wait_for("server not reached")
        assert synth.stop(how) == 0
        assert "Traceback" not in synth.output()


def test_a_recording_outlives_a_box_that_is_killed_and_started_again(tmp_path: Path) -> None:
    recordings = [tmp_path / "take.wav", tmp_path / "take-2.wav"]
    with processes() as start:
        for recording in recordings:
            box = start("synth", "http://127.0.0.1:9", "--audio", f"wav:{recordings[0]}", "--voices", "2")
            assert str(recording) in box.wait_for("Formant synth")
            deadline = time.monotonic() + PATIENCE_S
            while soundfile.info(recording).frames < 9600:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            box.kill()
    assert all(soundfile.info(recording).frames >= 9600 for recording in recordings)
