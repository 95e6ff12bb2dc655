"""A server and no synth at all: the page itself sings what is played, and what the sound card got is measured."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from e2e.heard import Page, Server, played, tail_s
from support.browser.chromium import Chromium, Finger, LoopThread
from support.browser.marionette import Firefox
from support.sound.praat import heard_vowel
from support.sound.spectrum import ABOVE_THE_AIR_HZ, click_frames, f0_hz, sung_vowel, third_difference_db
from support.soundcard.pulse import RATE, Pulse
from support.suite.require import require

BROKEN_DB = -14.0
"""The third difference of a step of a fifth of the peak is above -10 dB; the air of this preset is at -21 dB."""

pytestmark = pytest.mark.alone  # real sound, judged from frame to frame


@pytest.fixture(params=["chromium", "firefox"])
def stage(request: pytest.FixtureRequest, loop_thread: LoopThread) -> Iterator[tuple[Pulse, Server, Page]]:
    """A sound card, a server, and a browser that plays into the card; Chromium's window is that of a phone, 390 px."""
    require("chromium" if request.param == "chromium" else "firefox-esr")
    with Pulse() as pulse:
        server = Server()
        browser = Chromium(loop_thread, pulse.env) if request.param == "chromium" else Firefox(env=pulse.env)
        tab = browser.tab()
        tab.goto(server.url)
        yield pulse, server, tab
        browser.close()
        server.stop()


def test_a_page_alone_sings_what_its_finger_plays_and_goes_on_without_the_server(
    stage: tuple[Pulse, Server, Page],
) -> None:
    """Pitch within 20 cents, vowel by formants and harmonics, silence within 0.5 s of fading, no click."""
    pulse, server, tab = stage
    tab.until("formant.server === 'registered'")
    tab.says("#status-text", "Looking for synths…")
    tab.click("#hear-here")
    tab.until("formant.here.state === 'on' && formant.here.audio === 'running'")
    tab.until("document.getElementById('status-text').textContent === 'This device sings'")
    tab.until("formant.here.kind === 'worklet'")
    for restarted in (False, True):
        if restarted:
            server.restart()
            tab.until("formant.server === 'registered' && formant.registrations > 1")
        left, _, width, _ = tab.surface()
        x = (round(left + 0.1 * width) - left) / width  # a whole pixel of this screen
        hz = 110.0 * 8.0**x
        sound = played(pulse, tab, Finger(1, x, 0.02))
        heard = np.flatnonzero(np.abs(sound) > 1e-3)
        first = sound[heard[0] : heard[0] + int(1.2 * RATE)]
        steady = first[RATE // 3 : RATE]
        assert abs(1200 * np.log2(f0_hz(steady, RATE, hz) / hz)) < 20.0, (
            "a living voice: it wanders by 4 cents rms and drifts"
        )
        assert heard_vowel(first[RATE // 10 : RATE // 3], RATE) == "a"
        assert sung_vowel(steady, RATE, hz) == "a"
        assert np.abs(first).max() > 0.1
        assert tail_s(sound, np.abs(steady).max(), 1e-4) < 0.5
        assert np.abs(sound[-RATE // 10 :]).max() < 1e-4
        assert third_difference_db(sound) < BROKEN_DB
        assert click_frames(first[RATE // 10 :], RATE, ABOVE_THE_AIR_HZ) == 0
    tab.until("formant.here.counts.notes > 1 && formant.here.counts.invalid === 0")
