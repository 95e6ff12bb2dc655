from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.machine.processes import processes
from support.net.heard import Hall
from support.net.namespace import Lan
from support.soundcard.jack import Jack
from support.soundcard.midi_sender import MidiSender
from support.suite.require import require_library, require_namespaces
from support.virtual.midi_file import midi_file

from formant_net.aio.server.edge import EdgeOptions, running_edge
from formant_net.cli import main

KEY = "cantabile"
SONG = midi_file("00 90 45 7F 81 00 80 45 00 00 90 47 7F 81 00 80 47 00")


@pytest.mark.parametrize(
    ("text", "words"),
    [("mep = 1", "'mep' is not known"), ("[controllers]\n123 = 'vowel'", "MIDI itself uses"), ("\udcff", "not TOML")],
)
def test_a_mapping_that_cannot_be_used_is_refused_by_its_name(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "knobs.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    result = CliRunner().invoke(main, ["midi", "--mapping", str(path)])
    assert result.exit_code == 2
    assert "knobs.toml" in result.output
    if "\udcff" not in text:
        assert words in result.output


def test_a_midi_file_that_is_a_pipe_a_device_or_huge_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mid")
    with (tmp_path / "huge.mid").open("wb") as huge:
        huge.truncate(64_000_001)
    for path, words in (("pipe.mid", "it is a pipe"), ("/dev/zero", "it is a device"), ("huge.mid", "64 MB")):
        result = CliRunner().invoke(main, ["midi", "http://127.0.0.1:9", "--file", str(tmp_path / path)])
        assert result.exit_code == 2
        assert words in result.output


def test_without_midi_the_command_says_why_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    require_library("jack", "pip install '.[midi]'")
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "formant-none")
    for arguments in (["--list"], ["http://127.0.0.1:9"]):
        result = CliRunner().invoke(main, ["midi", "--backend", "jack", *arguments])
        assert result.exit_code == 1
        assert "no MIDI: jack: no JACK server is running" in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--loop"], "--loop and --from need --file"),
        (["--file", "SONG", "--port", "a"], "leave out --port"),
        (["--file", "BROKEN"], "it does not begin with MThd"),
        (["--bend", "97"], "97"),
    ],
)
def test_options_that_make_no_sense_are_refused(arguments: list[str], words: str, tmp_path: Path) -> None:
    for name, data in (("SONG", SONG), ("BROKEN", b"{}")):
        (tmp_path / name).write_bytes(data)
    given = [str(tmp_path / each) if each in ("SONG", "BROKEN") else each for each in arguments]
    result = CliRunner().invoke(main, ["midi", *given])
    assert result.exit_code == 2
    assert words in result.output


@pytest.fixture
def jack() -> Iterator[Jack]:
    require_library("jack", "pip install '.[midi]'")
    with Jack(synchronous=True, realtime=True) as server:
        yield server


def test_the_list_names_ports_and_marks_those_that_play(jack: Jack) -> None:
    with MidiSender(jack, "keyboard") as keyboard, processes() as start:
        listing = start("midi", "--list", "--backend", "jack", environment=jack.env)
        assert listing.wait() == 0
        assert f"   {keyboard.port}" in listing.output()
        assert "can connect to Formant" in listing.output()


def test_the_whole_way_from_a_keyboard_to_a_box_and_silence_after_its_death(jack: Jack) -> None:
    """Keyboard, JACK, `formant-node midi`, server and box on three machines of a network that has no gateway.

    The player types no address. Every note arrives, and what is held is lifted when the keyboard dies.
    """
    require_namespaces()

    async def story(lan: Lan, server: str) -> None:
        hall = Hall()
        synth = hall.box(server, KEY)
        await synth.start()
        with processes() as start, MidiSender(jack, "keyboard") as keyboard:
            environment = {**jack.env, "FORMANT_KEY": KEY}
            options = ("--backend", "jack", "--port", "keyboard")
            midi = start("midi", *options, environment=environment, prefix=lan["keys"].inside)
            await asyncio.to_thread(midi.wait_for, "Ready: 1 synth linked")
            while not hall.ons:  # a connection counts from some later cycle of the server
                keyboard.send("90 3C 7F", "80 3C 00")
                await asyncio.sleep(0.1)
            keyboard.send("90 3D 7F", "80 3D 00")  # the last of them: several may have been on their way
            await hall.until(lambda: hall.ons[-1] == 61.0 and hall.offs == len(hall.ons), midi)
            hall.ons.clear()
            hall.offs = 0
            for key in range(0x40, 0x50):
                keyboard.send(f"90 {key:02X} 7F", f"80 {key:02X} 00")
            await hall.until(lambda: hall.offs >= 16, midi)
            assert hall.ons == [float(key) for key in range(0x40, 0x50)]
            keyboard.send(
                "B0 65 00", "B0 64 00", "B0 06 0C", "E0 00 60", "90 45 7F", "90 47 7F", "90 48 7F", "B0 40 7F"
            )
            await hall.until(lambda: len(hall.ons) == 19, midi)
            assert hall.ons[16:] == [75.0, 77.0, 78.0]
            keyboard.kill()
            await hall.until(lambda: hall.offs == 19, midi)
            await asyncio.to_thread(midi.wait_for, "gone, its keys are lifted")
            assert midi.stop(signal.SIGINT) == 0
            assert "Traceback" not in midi.output()
        await synth.stop()

    machines = {name: (f"192.168.1.{number}/24",) for number, name in enumerate(("server", "keys", "box"), 20)}
    with Lan(**machines) as lan, processes() as start:
        serving = start("server", "--port", "8099", environment={"FORMANT_KEY": KEY}, prefix=lan["server"].inside)
        serving.wait_for("Join:")
        with lan["box"].entered():
            asyncio.run(story(lan, "ws://192.168.1.20:8099/ws"))


def test_a_file_is_played_to_its_end_and_the_command_ends(tmp_path: Path) -> None:
    (tmp_path / "song.mid").write_bytes(SONG)

    async def story() -> None:
        hall = Hall()
        async with running_edge(EdgeOptions(host="127.0.0.1", port=0, key=KEY)) as edge:
            synth = hall.box(edge.local.ws_url, KEY)
            await synth.start()
            with processes() as start:
                url = edge.local.ws_url.replace("ws", "http", 1).removesuffix("/ws") + f"/#key={KEY}"
                midi = start("midi", url, "--file", str(tmp_path / "song.mid"))
                assert await asyncio.to_thread(midi.wait) == 0, midi.output()
                await hall.until(lambda: hall.offs == 2, midi)
                assert hall.ons == [69.0, 71.0]
            await synth.stop()

    asyncio.run(story())
