"""The whole chain as processes without a browser: a headless controller plays, a WAV file has what is heard."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from support.machine.processes import Process, processes
from support.sound.praat import heard_vowel
from support.sound.spectrum import click_frames, f0_hz, sung_vowel, third_difference_db
from support.sound.still import sing_still
from support.suite.patience import PATIENCE_S

pytestmark = pytest.mark.quiet  # real sound, judged from frame to frame

RATE = 48000
Sound = NDArray[np.float64]


@dataclass
class Stage:
    """A server with a key, and the means to start clients of it."""

    start: Callable[..., Process]
    server: Process
    port: str
    folder: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/#key=cantabile"

    def synth(self, name: str = "one") -> Process:
        wav, still = self.folder / f"{name}.wav", sing_still(self.folder)
        synth = self.start("synth", self.url, "--id", "synth-e2e", "--audio", f"wav:{wav}", *still)
        synth.wait_for("Ready")
        return synth

    def hand(self) -> Process:
        """A controller that plays what is written to it."""
        hand = self.start("controller", self.url, "--id", "ctrl-e2e", stdin=True)
        hand.wait_for("Ready")
        return hand

    def restart_server(self) -> None:
        self.server = serve(self.start, self.port)

    def until(self, condition: Callable[[Sound], object], what: str, name: str = "one") -> None:
        """Wait until this is so of what has been recorded: when it comes is the machine's affair."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition(self.sound(name)):
            assert time.monotonic() < deadline, f"waited {PATIENCE_S} s for: {what}"
            time.sleep(0.1)

    def sound(self, name: str = "one") -> Sound:
        sound, rate = soundfile.read(self.folder / f"{name}.wav", dtype="float64")
        assert rate == RATE
        return np.asarray(sound)


def serve(start: Callable[..., Process], port: str) -> Process:
    server = start("server", "--host", "127.0.0.1", "--port", port, environment={"FORMANT_KEY": "cantabile"})
    server.wait_for("Join:")
    return server


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with processes() as start:
        server = serve(start, "0")
        found = re.search(r":(\d+)/", server.wait_for("Join:"))
        assert found is not None
        yield Stage(start, server, found[1], tmp_path)


def seconds_of_sound(sound: Sound) -> float:
    return float(np.count_nonzero(np.abs(sound) > 1e-3)) / RATE


def sung(seconds: float) -> Callable[[Sound], bool]:
    """So much has sounded."""
    return lambda sound: seconds_of_sound(sound) > seconds


def is_still(sound: Sound) -> bool:
    """Whether something has sounded, and the last 0.3 s are silent."""
    return len(sound) > RATE and bool(np.abs(sound).max() > 1e-3 and np.abs(sound[-3 * RATE // 10 :]).max() < 1e-4)


def test_a_gesture_is_heard_right(stage: Stage) -> None:
    """Pitch within 5 cents, vowel by two witnesses, silence within 0.5 s of the release, no click; all end with 0."""
    gesture = stage.folder / "two-notes.jsonl"
    gesture.write_text(
        '# "a" at x = 0.1, then "i" at the bottom of the range\n'
        '{"t": 0.0, "x": 0.1, "y": 0.0}\n{"t": 1.5, "active": false}\n'
        '{"t": 2.5, "x": 0.0, "y": 0.5}\n{"t": 4.0, "active": false}\n'
    )
    synth = stage.synth()
    controller = stage.start("controller", stage.url, "--gesture", str(gesture))
    assert controller.wait() == 0
    assert "round trip" in controller.output()
    stage.until(lambda sound: is_still(sound) and seconds_of_sound(sound) > 2.0, "both notes, and silence after that")
    assert synth.stop() == 0
    assert stage.server.stop() == 0

    sound = stage.sound()
    loud = np.flatnonzero(np.abs(sound) > 1e-3)
    (pause,) = np.flatnonzero(np.diff(loud) > RATE // 4)
    found = [(loud[0], loud[pause]), (loud[pause + 1], loud[-1])]
    for (start, end), hz, vowel in zip(found, (110.0 * 8.0**0.1, 110.0), ("a", "i"), strict=True):
        steady = sound[start + RATE // 3 : end - RATE // 2]
        assert abs(1200 * np.log2(f0_hz(steady, RATE, hz) / hz)) < 5.0
        assert heard_vowel(steady, RATE) == vowel
        assert sung_vowel(steady, RATE, hz) == vowel
        note = sound[start:end]
        at_full = np.flatnonzero(np.abs(note) > 0.5 * np.abs(steady).max())[-1]
        assert len(note) - at_full < RATE // 2, "it fades within 0.5 s"
        assert np.abs(sound[end + RATE // 10 : end + RATE // 5]).max() < 1e-4
        assert click_frames(note[RATE // 5 :], RATE) == 0, "neither in the note nor in its release"
    assert third_difference_db(sound) < -20.0


def test_a_killed_server_stops_no_note_and_its_successor_finds_everybody_again(stage: Stage) -> None:
    synth = stage.synth()
    hand = stage.hand()
    hand.write('{"x": 0.3, "y": 0.0}\n')
    stage.until(sung(0.5), "the note")
    stage.server.kill()
    before_s = seconds_of_sound(stage.sound())
    stage.until(sung(before_s + 1.5), "the note goes on without a server")
    stage.restart_server()
    synth.wait_for(" registered", count=2)
    hand.wait_for(" registered", count=2)
    before_s = seconds_of_sound(stage.sound())
    stage.until(sung(before_s + 0.5), "and with the next one")
    hand.write('{"active": false}\n')
    stage.until(is_still, "silence after the release")
    assert synth.stop() == 0
    assert synth.output().count("controller linked") == 1, "on one link all the time"


def test_a_killed_controller_falls_silent_and_plays_again_when_it_is_started_again(stage: Stage) -> None:
    synth = stage.synth()
    hand = stage.hand()
    hand.write('{"x": 0.3, "y": 0.0}\n')
    stage.until(sung(0.5), "the note")
    hand.kill()
    stage.until(is_still, "silence while nobody plays")
    before_s = seconds_of_sound(stage.sound())
    again = stage.hand()
    again.write('{"x": 0.3, "y": 0.0}\n')
    stage.until(sung(before_s + 0.5), "the note of the second")
    again.write('{"active": false}\n')
    again.end_input()
    assert again.wait() == 0
    stage.until(is_still, "silence after the release")
    assert synth.stop() == 0


def test_a_killed_synth_sings_what_is_held_when_it_is_started_again(stage: Stage) -> None:
    first = stage.synth()
    hand = stage.hand()
    hand.write('{"x": 0.3, "y": 0.0}\n')
    stage.until(sung(0.5), "the note")
    first.kill()
    assert seconds_of_sound(stage.sound()) > 0.3, "what was recorded before the kill can be read"
    second = stage.synth("two")
    second.wait_for("controller linked")
    stage.until(sung(0.5), "the note of the second", "two")
    hand.write('{"active": false}\n')
    stage.until(is_still, "silence after the release", "two")
    assert second.stop() == 0


def test_a_controller_that_is_told_to_end_lifts_its_fingers_first(stage: Stage) -> None:
    synth = stage.synth()
    hand = stage.hand()
    hand.write('{"x": 0.3, "y": 0.0}\n')
    stage.until(sung(0.5), "the note")
    assert hand.stop() == 0
    stage.until(is_still, "silence after the release")
    assert synth.stop() == 0
    sound = stage.sound()
    assert click_frames(sound[np.flatnonzero(np.abs(sound) > 1e-3)[0] + RATE // 5 :], RATE) == 0


def test_without_the_key_nobody_joins_and_is_told_what_to_do(stage: Stage) -> None:
    for subcommand in (["synth", "--audio", "none"], ["controller", "--demo"]):
        refused = stage.start(*subcommand, f"http://127.0.0.1:{stage.port}")
        assert refused.wait() == 2
        assert "--key" in refused.output()
