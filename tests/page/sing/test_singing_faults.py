"""What fails while a page sings for others, and what happens then: silence, and recovery without a button."""

from __future__ import annotations

from dataclasses import replace

import pytest
from page.conftest import LEASE_S, ONE_OPEN, PATIENT, Stage
from page.relay import Relay
from page.sing.test_far_synth import KEEPS_CHANNELS, standing_still
from page.sing.test_singing import pair, singer, slid
from support.browser.chromium import Finger, Tab
from support.browser.marionette import OpenFirefoxTab, firefox, firefox_tab

from formant_dsp.browser.bundle import wasm
from formant_net.protocol.timing import Timing

__all__ = ["firefox", "firefox_tab"]

pytestmark = pytest.mark.skipif(not wasm(), reason="this build had no compiler for WebAssembly: make wasm says more")
ACTIVE = "formant.sing.bank.counts.active"
SINGS = f"{ACTIVE} === 1 && formant.sing.fingers === 1"
KEEP = """
const Real = AudioContext;
window.AudioContext = class extends Real { constructor(options) { super(options); window.real = this; } };
"""
"""The page's audio context, for a test that interrupts it."""
CALLS = """
const Real = AudioContext;
window.AudioContext = class extends Real {
  #call = false;
  constructor(options) { super(options); window.real = this; }
  get state() { return this.#call ? "interrupted" : super.state; }
  async resume() { if (!this.#call) await super.resume(); }
  async phoneCall(rings) {
    this.#call = rings;
    await super.suspend();
    this.dispatchEvent(new Event("statechange"));
  }
};
"""
"""iOS: in a call the state is one of its own, and after it the context stays suspended."""
ANOTHER_RATE = """
const Real = AudioContext;
window.rate = 48000;
window.contexts = [];
window.AudioContext = class extends Real {
  constructor(options) { super({ ...options, sampleRate: window.rate }); window.contexts.push(this); }
};
"""
"""A sound device whose sample rate a test can change."""
CONNECTIONS = """
const Real = RTCPeerConnection;
window.connections = [];
window.RTCPeerConnection = class extends Real {
  constructor(options) { super(options); window.connections.push(this); }
};
"""
QUIET = f"{ACTIVE} === 0 && formant.sing.fingers === 0"


def held(stage: Stage, script: str = "", relay: Relay | None = None) -> tuple[Relay, Tab, Tab]:
    """As `pair`, with a finger that is held and sung; `script` runs first on the page that sings."""
    relay, player, tab = pair(stage, script, relay)
    player.fingers(Finger(1, 0.4, 0.5))
    tab.until(SINGS)
    return relay, player, tab


def test_the_server_dies_and_the_note_goes_on(stage: Stage) -> None:
    relay, player, tab = held(stage)
    stage.thread.run(relay.stop())
    for each in (player, tab):
        each.until("formant.server === 'waiting'")
    tab.until(SINGS)
    player.fingers()
    tab.until(QUIET)
    player.fingers(Finger(2, 0.6, 0.5))
    tab.until(SINGS)
    assert "1 player plays on it. Reconnecting" in tab.text("#status")
    link = tab.evaluate("() => formant.sing.links")
    stage.thread.run(relay.start())
    for each in (player, tab):
        each.until("formant.server === 'registered'")
    tab.until(SINGS)
    assert tab.evaluate("() => formant.sing.links") == link
    player.until(ONE_OPEN)


def test_the_controller_dies_and_its_note_ends(stage: Stage) -> None:
    relay, player, tab = held(stage, relay=stage.relay(Timing()))
    player.close()
    tab.until(QUIET)
    assert tab.evaluate("() => formant.sing.bank.counts.expired") == 0
    another = stage.tab(relay)
    another.until(ONE_OPEN)
    another.fingers(Finger(1, 0.4, 0.5))
    tab.until(SINGS)


def test_the_page_is_loaded_again_and_comes_back_as_the_same_synth_after_one_tap(stage: Stage) -> None:
    relay, player, tab = held(stage, relay=stage.relay(Timing()))
    before = tab.evaluate("() => formant.id")
    tab.reload()
    assert tab.evaluate("() => [formant.id, formant.server]") == [before, "idle"]
    player.until("formant.links[0].state === 'lost' || formant.links[0].silent")
    tab.click("#sing")
    tab.until(SINGS)
    player.until(ONE_OPEN)
    first, *again = [r.get("resume") for r in relay.registers if r["client_id"] == before]
    assert (first, set(again)) == (None, {f"secret-of-{before}"})


def test_without_a_worker_a_page_that_hangs_is_silent_after_a_second_and_comes_back(stage: Stage) -> None:
    """The audio thread goes on and ends the note, because the lease of its voice runs out."""
    relay, player, tab = held(stage, KEEPS_CHANNELS, stage.relay(Timing(), LEASE_S))
    assert not tab.evaluate("() => formant.sing.apart")
    before = tab.evaluate("() => formant.sing.bank.counts")
    with standing_still(stage, relay, tab):
        player.until("formant.links[0].silent || formant.links[0].state === 'lost'")
    # What came meanwhile is too old to be played; the touches after that are a new note.
    counts = "formant.sing.bank.counts"
    tab.until(f"{SINGS} && {counts}.expired > {before['expired']} && {counts}.notes > {before['notes']}")
    player.until(ONE_OPEN)
    player.fingers()
    tab.until(QUIET)


def test_an_interrupted_device_says_so_to_its_players_and_a_tap_brings_it_back(stage: Stage) -> None:
    """A phone call, or a change of the sound device: the context is not running, and that is no error."""
    relay = stage.relay()
    player = stage.tab(relay)
    tab = stage.tab(relay)
    stage.thread.run(tab.page.add_init_script(KEEP))
    tab.goto(relay.url + "sing")
    tab.click("#sing")
    player.until(f"{ONE_OPEN} && formant.links[0].audioEnabled")
    tab.evaluate("() => window.real.suspend()")
    tab.until("formant.status.includes('tap to go on')")
    player.until("!formant.links[0].audioEnabled && formant.status.includes('has no sound device')")
    tab.click("#advice")
    player.until("formant.links[0].audioEnabled")
    player.fingers(Finger(1, 0.4, 0.5))
    tab.until(SINGS)


def test_after_a_phone_call_it_sings_again_by_itself(stage: Stage) -> None:
    relay, player, tab = held(stage, CALLS)
    registered = len(relay.registers)
    tab.evaluate("() => window.real.phoneCall(true)")
    tab.until("formant.sing.bank.audio === 'interrupted' && formant.status.includes('tap to go on')")
    player.until("!formant.links[0].audioEnabled && formant.status.includes('has no sound device')")
    hops = tab.evaluate("() => formant.sing.bank.counts.hops")
    player.fingers()
    tab.until("formant.sing.fingers === 0")
    player.fingers(Finger(2, 0.6, 0.5))
    tab.until("formant.sing.fingers === 1")
    tab.evaluate("() => window.real.phoneCall(false)")
    player.until("formant.links[0].audioEnabled")
    tab.until(f"{SINGS} && formant.sing.bank.counts.hops > {hops}")
    assert len(relay.registers) == registered, "the links were not concerned"


def test_a_loudspeaker_with_another_sample_rate_gets_a_new_context_and_the_finger_sings_on(stage: Stage) -> None:
    """Bluetooth: the rate of the device changes while it plays."""
    _, player, tab = held(stage, ANOTHER_RATE)
    player.evaluate(f"() => {{ const slider = document.querySelector('#synths input'); {slid(0.5)} }}")
    tab.until("formant.sing.volume === 0.5")
    tab.evaluate("() => navigator.mediaDevices.dispatchEvent(new Event('devicechange'))")
    tab.until(SINGS)
    assert tab.evaluate("() => formant.sing.bank.sampleRate") == 48000, "a device of the same rate changes nothing"
    tab.evaluate("() => { window.rate = 32000; navigator.mediaDevices.dispatchEvent(new Event('devicechange')); }")
    tab.until(f"{SINGS} && formant.sing.bank.sampleRate === 32000 && formant.sing.bank.audio === 'running'")
    tab.until("window.contexts.filter(({ state }) => state !== 'closed').length === 1")
    assert tab.evaluate("() => formant.sing.volume") == 0.5
    player.fingers()
    tab.until(QUIET)


def test_without_a_network_it_falls_silent_and_comes_back_with_new_links(stage: Stage) -> None:
    """The Wi-Fi is another one: the socket and the path are gone, and then there is a network again.

    The back-off is a quarter of an hour here: only the news that there is a network brings both back at once.
    """
    relay = stage.relay(replace(PATIENT, backoff_first_s=900.0, backoff_max_s=900.0))
    relay, player, tab = held(stage, CONNECTIONS, relay)
    for each in (player, tab):
        stage.thread.run(each.page.context.set_offline(True))
    stage.thread.run(relay.stop())
    tab.evaluate("() => window.connections.forEach((each) => each.close())")
    tab.until(QUIET)
    for each in (player, tab):
        each.until("formant.server === 'waiting'")
    stage.thread.run(relay.start())
    for each in (player, tab):
        stage.thread.run(each.page.context.set_offline(False))
        each.until("formant.server === 'registered'")
    tab.until(SINGS)
    player.until(ONE_OPEN)
    assert tab.evaluate("() => formant.sing.bank.counts.expired") == 0


def test_a_hidden_tab_goes_on_in_firefox(stage: Stage, firefox_tab: OpenFirefoxTab) -> None:
    """A tab behind another one. (Chromium without a window hides none.)"""
    relay = stage.relay()
    player = stage.tab(relay)
    player.until("formant.server === 'registered'")
    tab = firefox_tab(relay.url + "sing")
    tab.click("#sing")
    player.until("formant.links.length === 1 && formant.links[0].state === 'open'")
    assert tab.evaluate("formant.sing.apart") is True, "its touches come in a worker"
    # Whoever asks the tab itself makes it visible, so it tells.
    now = "document.visibilityState + formant.sing.fingers"
    tell = f"if (window.told !== {now}) fetch(`/seen?${{window.told = {now}}}`)"
    tab.evaluate(f"setInterval(() => {{ {tell} }}, 50)")
    firefox_tab("about:blank")
    for fingers in ((), (Finger(1, 0.4, 0.5),), (), (Finger(2, 0.6, 0.5),)):
        player.fingers(*fingers)
        seen = f"/seen?hidden{len(fingers)}"
        stage.until(lambda: [path for path in relay.requests if "seen" in path][-1:] == [seen], seen)  # noqa: B023
    player.fingers()
    tab.until("formant.sing.fingers === 0")


def test_two_that_sing_are_both_heard_and_each_has_a_name(stage: Stage) -> None:
    relay, player, tab = pair(stage)
    other = singer(stage, relay)
    player.until("formant.links.filter(({ state, told }) => state === 'open' && told).length === 2")
    player.until("document.getElementById('status-text').textContent === 'Connected, 2 phones'")
    player.fingers(Finger(1, 0.4, 0.5))
    for each in (tab, other):
        each.until(SINGS)
    names = player.evaluate("() => formant.links.map(({ name }) => name)")
    assert len(set(names)) == 2


def test_the_touch_page_sings_for_others_and_for_its_own_fingers_at_once(stage: Stage) -> None:
    relay = stage.relay()
    tab = stage.tab(relay)
    tab.until("formant.server === 'registered'")
    tab.click("#panel-toggle")
    tab.click("#sing-here")
    tab.until("formant.here.state === 'on' && formant.sing?.server === 'registered'")
    player = stage.tab(relay)
    player.until(ONE_OPEN)
    tab.click("#panel-toggle")
    tab.fingers(Finger(1, 0.4, 0.5))
    tab.until("formant.here.fingers === 1 && formant.here.counts.active === 1")
    player.fingers(Finger(1, 0.7, 0.5))
    tab.until("formant.sing.fingers === 1 && formant.here.counts.active === 2")
    tab.fingers()
    tab.until("formant.here.fingers === 0 && formant.here.counts.active === 1")
    assert [link["controller"] for link in tab.evaluate("() => formant.sing.links")] == [
        player.evaluate("() => formant.id")
    ]
    tab.click("#panel-toggle")
    tab.click("#sing-here")
    player.until("formant.links.every(({ state }) => state === 'lost')")
    assert tab.evaluate("() => formant.here.state") == "on"
