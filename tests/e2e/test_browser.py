"""A real browser plays a real synth: page, server, WebRTC, bank, PortAudio and what the sound card got, measured."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from e2e.heard import is_still, played, tail_s
from support.browser.chromium import Finger, OpenTab
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


def test_touch_in_a_browser_is_heard_right(stage: tuple[Pulse, str], open_tab: OpenTab) -> None:
    """Pitch within 5 cents, vowel by formants and harmonics, silent within 0.5 s of fading, no click."""
    pulse, url = stage
    tab = open_tab(url)
    tab.until(LINKED)
    assert tab.errors == []
    x = 39 / 390  # a whole pixel of the phone's screen
    for finger, hz, vowel in ((Finger(1, x, 0.0), 110.0 * 8.0**x, "a"), (Finger(2, 0.0, 0.5), 110.0, "i")):
        sound = played(pulse, tab, finger)
        first = int(np.flatnonzero(np.abs(sound) > 1e-3)[0])
        note = sound[first : first + int(1.4 * RATE)]
        steady = note[RATE // 3 : RATE * 4 // 3]
        assert abs(1200 * np.log2(f0_hz(steady, RATE, hz) / hz)) < 5.0
        assert heard_vowel(steady, RATE) == vowel
        assert sung_vowel(steady, RATE, hz) == vowel
        assert np.abs(note).max() > 0.1
        assert tail_s(sound, np.abs(steady).max(), 1e-4) < 0.5
        assert third_difference_db(sound) < -20.0
        assert click_frames(note[RATE // 10 :], RATE) == 0


def test_three_fingers_are_a_chord_and_each_can_be_lifted(stage: tuple[Pulse, str], open_tab: OpenTab) -> None:
    pulse, url = stage
    tab = open_tab(url)
    tab.until(LINKED)
    recorder = pulse.recorder().start()
    notes = [110.0 * 2 ** (semitones / 12) for semitones in (0, 7, 16)]
    fingers = [Finger(i + 1, float(np.log2(hz / 110.0) / 3), 0.75) for i, hz in enumerate(notes)]
    for count in (1, 2, 3):
        tab.fingers(*fingers[:count])

    def levels(sound: np.ndarray) -> list[float]:
        """Of each note in the last 0.6 s, dB."""
        part = sound[-int(0.6 * RATE) :]
        t = np.arange(len(part)) / RATE
        waves = [part * np.hanning(len(part)) * np.exp(-2j * np.pi * hz * t) for hz in notes]
        return [float(20 * np.log10(abs(np.mean(wave)) + 1e-12)) for wave in waves]

    chord = recorder.until(lambda sound: min(levels(sound)) > -45.0, "all three")
    chord_db = levels(chord)
    tab.fingers(fingers[0], fingers[2])

    def without_the_second(sound: np.ndarray) -> bool:
        first, second, third = levels(sound)
        return min(first, third) > -45.0 and second < chord_db[1] - 30.0

    recorder.until(without_the_second, "the first and the third")
    tab.fingers()
    recorder.until(is_still, "silence")
    assert third_difference_db(recorder.stop()) < -20.0


def test_volume_and_power_of_the_page_reach_the_sound(stage: tuple[Pulse, str], open_tab: OpenTab) -> None:
    pulse, url = stage
    tab = open_tab(url)
    tab.until(LINKED)
    recorder = pulse.recorder().start()

    def rms(sound: np.ndarray, ago_s: float = 0.0) -> float:
        end = len(sound) - int(ago_s * RATE)
        return float(np.sqrt(np.mean(sound[end - RATE // 5 : end] ** 2)))

    def is_steady(sound: np.ndarray) -> bool:
        return len(sound) > RATE and rms(sound) > 1e-3 and rms(sound) == pytest.approx(rms(sound, 0.4), rel=0.03)

    tab.fingers(Finger(1, 0.5, 0.1))
    loud = rms(recorder.until(is_steady, "a steady note"))
    tab.evaluate(SET_VOLUME, 0.25)
    tab.until("Math.abs(formant.links[0].volume - 0.25) < 0.01")
    recorder.until(lambda sound: rms(sound) == pytest.approx(0.25 * loud, rel=0.1), "a quarter of it")
    tab.evaluate("() => document.querySelector('.power').click()")
    tab.until("formant.links[0].poweredOn === false")
    recorder.until(is_still, "silence, although the finger is still down")
    recorder.stop()
