"""A server and no box: a phone sings what another phone plays, after one tap, and goes on without the server."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from e2e.heard import Page, Server, played, tail_s
from support.browser.chromium import Chromium, Finger, LoopThread, OpenTab, Tab
from support.browser.marionette import Firefox
from support.sound.spectrum import f0_hz
from support.soundcard.pulse import RATE, Pulse
from support.suite.require import require

pytestmark = pytest.mark.alone  # real sound, judged from frame to frame

LINKED = "formant.links.length === 1 && formant.links[0].state === 'open' && formant.links[0].audioEnabled"


@pytest.fixture(params=["chromium", "firefox"])
def stage(
    request: pytest.FixtureRequest, loop_thread: LoopThread, open_tab: OpenTab
) -> Iterator[tuple[Pulse, Server, Tab, Page]]:
    """A sound card; a server; a page that plays, 390 px wide; and another browser, at /sing, which has the card."""
    require("chromium" if request.param == "chromium" else "firefox-esr")
    with Pulse() as pulse:
        server = Server()
        browser = Chromium(loop_thread, pulse.env) if request.param == "chromium" else Firefox(env=pulse.env)
        player, singer = open_tab(server.url), browser.tab()
        singer.goto(server.url.replace("/#", "/sing#"))
        yield pulse, server, player, singer
        browser.close()
        server.stop()


def test_a_phone_sings_what_another_plays_and_both_outlive_the_server(stage: tuple[Pulse, Server, Tab, Page]) -> None:
    """One tap; pitch within 20 cents (a living voice); silent within 0.5 s of fading; the link outlives the server."""
    pulse, server, player, singer = stage
    player.until("formant.server === 'registered'")
    singer.click("#sing")
    singer.until("formant.server === 'registered' && formant.sing.bank.audio === 'running'")
    player.until(LINKED)
    singer.until("document.getElementById('status').textContent.includes('sings: 1 player plays on it')")
    link = player.evaluate("() => formant.links[0].synth")
    for restarted in (False, True):
        if restarted:
            server.restart()
            for tab in (player, singer):
                tab.until("formant.server === 'registered'")
            singer.until("formant.sing.registrations > 1")
            player.until(LINKED)
        left, _, width, _ = player.surface()
        x = (round(left + 0.1 * width) - left) / width  # a whole pixel of this screen
        hz = 110.0 * 8.0**x
        sound = played(pulse, player, Finger(1, x, 0.02))
        heard = np.flatnonzero(np.abs(sound) > 1e-3)
        steady = sound[heard[0] + RATE // 3 : heard[0] + RATE]
        assert abs(1200 * np.log2(f0_hz(steady, RATE, hz) / hz)) < 20.0
        assert np.abs(steady).max() > 0.1
        assert tail_s(sound, np.abs(steady).max(), 1e-3) < 0.5
    assert player.evaluate("() => formant.links[0].synth") == link
    singer.until("formant.sing.bank.counts.notes > 1")
