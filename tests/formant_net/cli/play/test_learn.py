from __future__ import annotations

import os
from pathlib import Path

import pytest
from click import ClickException
from click.testing import CliRunner
from support.machine.processes import processes
from support.soundcard.jack import Jack
from support.soundcard.midi_sender import MidiSender
from support.suite.require import require_library

from formant_net.cli import main
from formant_net.cli.play import learn
from formant_net.midi.mapping import Use, parse


def test_a_file_that_exists_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "knobs.toml"
    path.write_text("vowel = 0.5\n")
    result = CliRunner().invoke(main, ["midi", "--learn", str(path)])
    assert result.exit_code == 2
    assert "exists: choose another name" in result.output
    assert path.read_text() == "vowel = 0.5\n"


def test_a_full_disk_leaves_no_half_of_a_mapping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def found(*_: object) -> dict[int, Use]:
        return {21: Use.VOWEL}

    monkeypatch.setattr(learn, "_ask", found)
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(ClickException, match="No space left on device"):
        learn.learn(tmp_path / "knobs.toml", "auto", ())
    assert list(tmp_path.iterdir()) == [], "or the next try would find a file that exists"


def test_without_ports_it_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require_library("jack", "pip install '.[midi]'")
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "formant-none")
    result = CliRunner().invoke(main, ["midi", "--learn", str(tmp_path / "knobs.toml"), "--backend", "jack"])
    assert result.exit_code == 1
    assert "no MIDI: jack" in result.output


def test_what_is_moved_is_written_as_a_mapping(tmp_path: Path) -> None:
    require_library("jack", "pip install '.[midi]'")
    path = tmp_path / "knobs.toml"
    with Jack(synchronous=True, realtime=True) as jack, MidiSender(jack, "desk") as desk, processes() as start:
        midi = start("midi", "--learn", str(path), "--backend", "jack", "--port", "desk", environment=jack.env)
        midi.wait_for("desk:out: open")
        for number, words in ((21, "for the vowel"), (22, "for the effort"), (23, "volume"), (64, "holds notes")):
            midi.wait_for(words)
            for _ in range(100):  # a connection counts from some later cycle of the server
                desk.send(f"B0 {number:02X} 00", f"B0 {number:02X} 7F")
                try:
                    midi.wait_for(f"controller {number}", 0.2)
                    break
                except AssertionError:
                    continue
        assert midi.wait() == 0, midi.output()
    mapping = parse(path.read_text())
    assert [mapping.controllers[number] for number in (21, 22, 23, 64)] == [
        Use.VOWEL, Use.EFFORT, Use.VOLUME, Use.SUSTAIN
    ]  # fmt: skip
    assert mapping.controllers[1] is Use.NOTHING
