"""A real browser plays a real synth: page, server, WebRTC, bank, PortAudio and what the sound card got, measured."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import numpy as np
import pytest
from support.browser.chromium import Finger, OpenTab, Tab
from support.sound.praat import heard_vowel
from support.sound.spectrum import click_frames, f0_hz, sung_vowel, third_difference_db
from support.sound.still import sing_still
from support.soundcard.pulse import RATE, Pulse
from support.suite.patience import PATIENCE_S

pytestmark = pytest.mark.quiet  # real sound, judged from frame to frame

NODE = [sys.executable, "-m", "formant_net"]
SET_VOLUME = """value => {
  const slider = document.querySelector('#synths input[type=range]');
  slider.value = value * slider.max;
  slider.dispatchEvent(new Event('input', {bubbles: true}));
}"""
LINKED = "formant.links.some(link => link.state === 'open' && link.told)"


@pytest.fixture
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Pulse, str]]:
    """A sound card, a server and a synth that plays into it; gives the card and the join URL."""
    children: list[subprocess.Popen[str]] = []
    with Pulse() as pulse:
        env = {**pulse.env, "PYTHONUNBUFFERED": "1"}
        server = subprocess.Popen(
            [*NODE, "server", "--port", "0"], env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        children.append(server)
        assert server.stdout is not None
        url = next(m[0] for line in server.stdout if (m := re.search(r"http://\S+#key=\S+", line)))
        children.append(
            subprocess.Popen(
                [*NODE, "synth", url, *sing_still(tmp_path_factory.mktemp("still")), "--latency", "80"],
                env=env,
                stdout=subprocess.DEVNULL,
                text=True,
            )
        )
        yield pulse, url
        for child in reversed(children):
            child.send_signal(signal.SIGTERM)
        assert [child.wait(PATIENCE_S) for child in children] == [0, 0]


def play(tab: Tab, script: list[tuple[float, list[Finger]]]) -> None:
    """Fingers at times, seconds from now."""
    began = time.monotonic()
    for at, fingers in script:
        time.sleep(max(0.0, began + at - time.monotonic()))
        tab.fingers(*fingers)


def test_touch_in_a_browser_is_heard_right(stage: tuple[Pulse, str], open_tab: OpenTab) -> None:
    """Pitch within 5 cents, vowel by formants and harmonics, silence within 0.5 s of the release, no click."""
    pulse, url = stage
    tab = open_tab(url)
    tab.until(LINKED)
    assert tab.errors == []
    recorder = pulse.recorder().start()
    x = 39 / 390  # a whole pixel of the phone's screen
    hz = 110.0 * 8.0**x
    play(tab, [(0.2, [Finger(1, x, 0.0)]), (1.7, [])])
    released = recorder.seconds
    time.sleep(1.0)
    play(tab, [(0.0, [Finger(2, 0.0, 0.5)]), (1.5, [])])
    time.sleep(0.8)
    sound = recorder.stop()

    heard = np.flatnonzero(np.abs(sound) > 1e-3)
    first = sound[heard[0] : heard[0] + int(1.3 * RATE)]
    steady = first[RATE // 4 : RATE * 5 // 4]
    assert abs(1200 * np.log2(f0_hz(steady, RATE, hz) / hz)) < 5.0
    assert heard_vowel(steady, RATE) == "a"
    assert sung_vowel(steady, RATE, hz) == "a"
    assert np.abs(first).max() > 0.1

    quiet = int((released + 0.5) * RATE)
    assert np.abs(sound[quiet : quiet + RATE // 10]).max() < 1e-4

    second = heard[heard > quiet][0]
    steady = sound[second + RATE // 3 : second + RATE * 4 // 3]
    assert abs(1200 * np.log2(f0_hz(steady, RATE, 110.0) / 110.0)) < 5.0
    assert heard_vowel(steady, RATE) == "i"
    assert sung_vowel(steady, RATE, 110.0) == "i"

    assert third_difference_db(sound) < -20.0
    assert click_frames(first[RATE // 10 :], RATE) == 0
    assert click_frames(steady, RATE) == 0
    assert np.abs(sound[-RATE // 10 :]).max() < 1e-4


def test_three_fingers_are_a_chord_and_each_can_be_lifted(stage: tuple[Pulse, str], open_tab: OpenTab) -> None:
    pulse, url = stage
    tab = open_tab(url)
    tab.until(LINKED)
    recorder = pulse.recorder().start()
    notes = [110.0 * 2 ** (semitones / 12) for semitones in (0, 7, 16)]
    fingers = [Finger(i + 1, float(np.log2(hz / 110.0) / 3), 0.75) for i, hz in enumerate(notes)]
    play(tab, [(0.1, fingers[:1]), (0.2, fingers[:2]), (0.3, fingers), (1.5, [fingers[0], fingers[2]]), (2.7, [])])
    time.sleep(0.8)
    sound = recorder.stop()
    start = np.flatnonzero(np.abs(sound) > 1e-3)[0]

    def level(hz: float, at: float) -> float:
        part = sound[start + int(at * RATE) : start + int((at + 0.6) * RATE)]
        t = np.arange(len(part)) / RATE
        return float(20 * np.log10(abs(np.mean(part * np.hanning(len(part)) * np.exp(-2j * np.pi * hz * t))) + 1e-12))

    for hz in notes:
        assert level(hz, 0.7) > -45.0
    assert level(notes[0], 2.0) > -45.0
    assert level(notes[2], 2.0) > -45.0
    assert level(notes[1], 2.0) < level(notes[1], 0.7) - 30.0
    assert np.abs(sound[-RATE // 10 :]).max() < 1e-4
    assert third_difference_db(sound) < -20.0


def test_volume_and_power_of_the_page_reach_the_sound(stage: tuple[Pulse, str], open_tab: OpenTab) -> None:
    pulse, url = stage
    tab = open_tab(url)
    tab.until(LINKED)
    recorder = pulse.recorder().start()
    tab.fingers(Finger(1, 0.5, 0.1))
    time.sleep(0.8)
    loud = recorder.seconds
    tab.evaluate(SET_VOLUME, 0.25)
    tab.until("Math.abs(formant.links[0].volume - 0.25) < 0.01")
    time.sleep(0.5)
    soft = recorder.seconds
    tab.evaluate("() => document.querySelector('.power').click()")
    tab.until("formant.links[0].poweredOn === false")
    time.sleep(0.7)
    sound = recorder.stop()
    assert np.abs(sound[-RATE // 10 :]).max() < 1e-4  # the finger is still down

    def rms(upto: float) -> float:
        return float(np.sqrt(np.mean(sound[int((upto - 0.3) * RATE) : int((upto - 0.1) * RATE)] ** 2)))

    assert rms(soft) == pytest.approx(0.25 * rms(loud), rel=0.1)
