"""The synth of a page in a worker: a page that stands still sings on; a page without a worker says so."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from page.conftest import ONE_OPEN, Stage, ask
from page.relay import HELD, Relay
from page.sing.test_here import OTHER_RATE, RATE_THAT_WAITS
from page.sing.test_singing import ACTIVE, pair, singer
from support.browser.chromium import Finger, Tab
from support.suite.patience import PATIENCE_S

from formant_dsp.browser.bundle import wasm

pytestmark = pytest.mark.skipif(not wasm(), reason="this build had no compiler for WebAssembly: make wasm says more")
KEEPS_CHANNELS = """
const real = MessagePort.prototype.postMessage;
MessagePort.prototype.postMessage = function (message, ...more) {
  if (message instanceof RTCDataChannel) throw new DOMException("no", "DataCloneError");
  return real.call(this, message, ...more);
};
"""
"""A browser that cannot hand a data channel to another thread."""
KEEPS_PONGS = """
const Real = RTCPeerConnection;
window.RTCPeerConnection = class extends Real {
  constructor(...given) {
    super(...given);
    this.addEventListener("datachannel", ({ channel }) => channel.addEventListener("message", ({ data }) => {
      const { type, state } = JSON.parse(data);
      if (type === "pong") window.said = state;
    }));
  }
};
"""
"""The last state of a synth, as the page that plays has it: `said`."""
STANDS_STILL = f"() => {{ const held = new XMLHttpRequest(); held.open('GET', '{HELD}', false); held.send(); }}"


def pair_that_tells(stage: Stage, script: str = "") -> tuple[Relay, Tab, Tab]:
    """A page that sings, and one that plays and keeps what it hears of it; `script` runs first on the former."""
    relay = stage.relay()
    player = stage.tab(relay)
    stage.thread.run(player.page.add_init_script(KEEPS_PONGS))
    player.goto(relay.url)
    tab = singer(stage, relay, script)
    player.until(ONE_OPEN)
    return relay, player, tab


@contextmanager
def standing_still(stage: Stage, relay: Relay, tab: Tab) -> Iterator[None]:
    """The page's own thread waits for an answer and does nothing else."""
    still = asyncio.run_coroutine_threadsafe(tab.page.evaluate(STANDS_STILL), stage.thread.loop)
    stage.until(lambda: HELD in relay.requests, "the page stands still")
    yield
    assert not still.done()
    stage.thread.loop.call_soon_threadsafe(relay.let_go.set)
    still.result(PATIENCE_S)


def test_a_page_that_stands_still_sings_what_is_played(stage: Stage) -> None:
    """From the data channel over the worker to the audio thread: the page itself waits for an answer all the time."""
    relay, player, tab = pair_that_tells(stage)
    assert tab.evaluate("() => formant.sing.apart")
    with standing_still(stage, relay, tab):
        player.fingers(Finger(1, 0.4, 0.5), Finger(2, 0.6, 0.5))
        player.until("window.said.fingers === 2 && window.said.sound.active === 2")
        player.fingers()
        player.until("window.said.fingers === 0 && window.said.sound.active === 0")
    tab.until("formant.sing.bank.counts.notes === 2 && formant.sing.bank.counts.expired === 0")


def test_a_finger_sings_on_with_another_sample_rate_that_takes_its_time(stage: Stage) -> None:
    _, player, tab = pair_that_tells(stage, RATE_THAT_WAITS)
    assert tab.evaluate("() => formant.sing.apart")
    player.fingers(Finger(1, 0.4, 0.5))
    tab.until(f"{ACTIVE} === 1")
    tab.evaluate(OTHER_RATE)
    for _ in range(2):
        player.evaluate("() => { window.said = null; }")
        player.until("window.said?.fingers === 1")  # sent again, to the old voice
    tab.evaluate("() => window.opens()")
    tab.until(f"{ACTIVE} === 1 && formant.sing.bank.sampleRate === 32000 && formant.sing.bank.audio === 'running'")


def test_a_browser_that_keeps_its_channels_on_the_page_sings_there_and_says_so(stage: Stage) -> None:
    _, player, tab = pair(stage, KEEPS_CHANNELS)
    assert not tab.evaluate("() => formant.sing.apart")
    player.fingers(Finger(1, 0.4, 0.5))
    tab.until(f"{ACTIVE} === 1")
    tab.says("#detail", "a busy page hears them late")


def test_a_worker_that_cannot_start_is_done_without(stage: Stage) -> None:
    relay = stage.relay()
    relay.alter("/sing/worker.js", '"the worker"', '"the worker", "" +')
    player = stage.tab(relay)
    tab = singer(stage, relay)
    player.until(ONE_OPEN)
    assert not tab.evaluate("() => formant.sing.apart")
    player.fingers(Finger(1, 0.4, 0.5))
    tab.until(f"{ACTIVE} === 1")


def test_a_preset_chosen_on_the_page_is_sung_by_the_worker_and_told_to_players(stage: Stage) -> None:
    relay = stage.relay()
    tab = stage.tab(relay)
    tab.until("formant.server === 'registered'")
    tab.click("#panel-toggle")
    tab.click("#sing-here")
    tab.until("formant.sing?.server === 'registered' && formant.sing.apart")
    player = stage.tab(relay)
    player.until(ONE_OPEN)
    tab.choose("#preset", "choir")
    player.until("formant.links[0].preset === 'choir'")
    player.fingers(Finger(1, 0.4, 0.5))
    tab.until("formant.here.counts.active > 2")
    player.click("#panel-toggle")
    player.choose("#preset", "bass")
    tab.until("formant.here.preset === 'bass'")


BOTH_CHOOSE = """
const { Identity } = await import("/client/identity.js");
const posts = [], used = [], real = Worker;
let worker;
globalThis.Worker = class {
  constructor() { worker = this; }
  postMessage(message) { posts.push(message); }
};
const voice = { preset: "bass", setVolume() {} };
const output = { lend: () => new MessageChannel().port1, atLoudspeaker: () => ({}) };
const device = { voice, output, usePreset: (name) => used.push(name), played() {} };
try {
  const far = new m.FarSynth({
    device, files: { standard: "bass" }, name: "", identity: new Identity("synth-web", ""), timing, bounds, servers: [],
    key: null, self: "", volume: 1, changed() {}, failed() {},
  });
  far.preset("choir");
  worker.onmessage({ data: { do: "preset", name: "tenor", after: 0 } });  // a player's, before the page's choice came
  worker.onmessage({ data: { do: "preset", name: "alto", after: 1 } });
  return [posts.filter((each) => each.do === "preset"), used];
} finally {
  globalThis.Worker = real;
}
"""


def test_when_page_and_player_choose_at_once_both_threads_sing_the_same_in_the_end(tab: Tab) -> None:
    """The worker hears of the page's choice after the player's: that of the page counts there, so it counts here."""
    said, used = ask(tab, "sing/far-synth", BOTH_CHOOSE)
    assert said == [{"do": "preset", "name": "choir", "choice": 1}]
    assert used == ["alto"]
