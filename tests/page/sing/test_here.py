"""This device as a voice: it is offered, sings what is played, says why it cannot, and refuses to mix versions."""

from __future__ import annotations

from dataclasses import replace

import pytest
from page.conftest import ONE_OPEN, Stage, ask
from page.relay import Relay
from page.test_loads import lan_address
from support.browser.chromium import Finger, Tab

from formant_dsp.browser.bundle import wasm

pytestmark = pytest.mark.skipif(not wasm(), reason="this build had no compiler for WebAssembly: make wasm says more")
RATE_THAT_WAITS = """
const Real = AudioContext;
const add = AudioWorklet.prototype.addModule;
window.rate = 48000;
window.gate = Promise.resolve();
window.AudioContext = class extends Real {
  constructor(options) { super({ ...options, sampleRate: window.rate }); }
};
AudioWorklet.prototype.addModule = async function (...given) {
  await window.gate;
  return add.apply(this, given);
};
"""
"""A sound device whose sample rate a test can change; its audio thread begins when the test says so."""
OTHER_RATE = """() => {
  window.gate = new Promise((opens) => (window.opens = opens));
  window.rate = 32000;
  navigator.mediaDevices.dispatchEvent(new Event('devicechange'));
}"""
SINGS = "formant.here.state === 'on' && formant.here.audio === 'running'"


def singing(stage: Stage, relay: Relay) -> Tab:
    """A page whose own voice is on."""
    tab = stage.tab(relay)
    tab.until("formant.server === 'registered'")
    tab.click("#hear-here")
    tab.until(SINGS)
    return tab


def test_a_finger_is_a_voice_while_it_is_down(stage: Stage) -> None:
    tab = singing(stage, stage.relay())
    tab.until("formant.here.counts.hops > 0")
    assert tab.evaluate("() => formant.here.kind") == "worklet"
    assert tab.errors == []
    tab.fingers(Finger(1, 0.4, 0.5), Finger(2, 0.6, 0.5))
    tab.until("formant.here.counts.active === 2")
    tab.fingers(Finger(2, 0.7, 0.2))
    tab.until("formant.here.counts.active === 1")
    tab.fingers()
    tab.until("formant.here.counts.active === 0 && formant.here.fingers === 0")
    tab.becomes("[formant.here.counts.notes, formant.here.counts.expired]", [2, 0])


def test_the_audio_device_rests_when_nobody_plays_and_wakes_with_a_finger(stage: Stage) -> None:
    relay = stage.relay()
    relay.alter("/sing/device.js", "const REST_S = 30;", "const REST_S = 0.5;")
    tab = stage.tab(relay)
    tab.until("formant.server === 'registered'")
    tab.click("#hear-here")
    tab.until("formant.here.resting && formant.here.audio === 'suspended'")
    tab.becomes("document.getElementById('status-text').textContent", "This device sings")
    tab.fingers(Finger(1, 0.4, 0.5))
    tab.until("!formant.here.resting && formant.here.audio === 'running' && formant.here.counts.active === 1")


def test_a_finger_sings_on_with_another_sample_rate_that_takes_its_time(stage: Stage) -> None:
    relay = stage.relay()
    tab = stage.tab(relay)
    stage.thread.run(tab.page.add_init_script(RATE_THAT_WAITS))
    tab.goto(relay.url)
    tab.until("formant.server === 'registered'")
    tab.click("#hear-here")
    tab.until(SINGS)
    tab.fingers(Finger(1, 0.4, 0.5))
    tab.until("formant.here.counts.active === 1")
    tab.evaluate(OTHER_RATE)
    tab.until("formant.here.sampleRate === 32000 && formant.here.fingers === 1")  # sent again, to the old voice
    tab.evaluate("() => window.opens()")
    tab.until("formant.here.counts.active === 1 && formant.here.audio === 'running'")


def test_it_goes_on_while_the_server_is_gone(stage: Stage) -> None:
    relay = stage.relay()
    tab = singing(stage, relay)
    stage.thread.run(relay.stop())
    tab.until("formant.server === 'waiting'")
    tab.until("document.getElementById('status-text').textContent.includes('sound keeps playing')")
    tab.fingers(Finger(1, 0.4, 0.5))
    tab.until("formant.here.counts.active === 1")


def test_all_off_ends_this_device_and_switches_every_synth_off(stage: Stage) -> None:
    relay = stage.relay()
    tab = singing(stage, relay)
    synth = stage.synth(relay)
    tab.until(ONE_OPEN)
    tab.fingers(Finger(1, 0.4, 0.5))
    tab.until("formant.here.counts.active === 1")
    tab.click("#panel-toggle")
    tab.click("#all-off")
    tab.until("formant.here.state === 'off' && formant.fingers.length === 0")
    power = stage.until(
        lambda: [h.message for h in synth.heard if h.message.get("name") == "power"], "the synth is switched off"
    )
    assert power[0]["value"] is False
    tab.until("document.getElementById('all-off').textContent === 'All on'")


def test_where_a_box_sounds_it_is_off_and_can_be_switched_on(stage: Stage) -> None:
    _, _, tab = stage.playing()
    tab.becomes("document.getElementById('hear-here').hidden", True)
    assert tab.evaluate("() => formant.here.state") == "off"
    tab.click("#panel-toggle")
    tab.click("#here")
    tab.until(SINGS)
    tab.until("document.getElementById('status-text').textContent.includes('and this device')")
    tab.click("#here")
    tab.until("formant.here.state === 'off' && formant.here.audio === 'closed'")


def test_it_sings_with_the_preset_of_the_synths_and_with_any_where_there_is_none(stage: Stage) -> None:
    relay = stage.relay()
    tab = singing(stage, relay)
    tab.click("#panel-toggle")
    tab.choose("#preset", "choir")
    tab.until("formant.here.preset === 'choir'")
    tab.click("#panel-toggle")
    tab.fingers(Finger(1, 0.4, 0.5))
    tab.until("formant.here.counts.active > 2")
    tab.fingers()
    stage.synth(relay, state={"preset": "bass", "presets": ["bass", "choir"]})
    tab.until("formant.here.preset === 'bass'")


def test_a_bank_of_another_version_is_refused_in_words(stage: Stage) -> None:
    relay = stage.relay()
    for name in ("bank.wasm", "bank-plain.wasm"):
        asset = relay.assets[f"/sing/{name}"]
        relay.assets[f"/sing/{name}"] = replace(asset, body=asset.body[:-16] + b"0123456789abcdef")
    tab = stage.tab(relay)
    tab.until("formant.server === 'registered'")
    tab.click("#hear-here")
    tab.until("formant.here.state === 'failed'")
    tab.click("#panel-toggle")
    tab.says("#here-note", "belongs to another version than this page")


def test_a_worklet_of_another_version_is_refused(stage: Stage) -> None:
    relay = stage.relay()
    relay.alter("/sing/worklet.js", 'sameVersion("the audio worklet", version)', "sameVersion('it', 'older')")
    tab = stage.tab(relay)
    tab.until("formant.server === 'registered'")
    tab.click("#hear-here")
    tab.until("formant.here.state === 'failed'")
    assert "another version" in str(tab.evaluate("() => formant.here.reason"))


def test_a_server_without_the_bank_says_so_and_offers_nothing(stage: Stage) -> None:
    relay = stage.relay()
    relay.alter("/", '"sings": "', '"sings": "", "x": "')
    tab = stage.tab(relay)
    tab.until("formant.server === 'registered'")
    tab.click("#panel-toggle")
    tab.says("#here-note", "cannot sing")
    tab.becomes("document.getElementById('hear-here').hidden", True)


def test_without_an_audio_thread_the_page_sings_on_its_own(stage: Stage) -> None:
    """A page from http:// in a LAN has no AudioWorklet."""
    relay = stage.relay(host=lan_address())
    tab = singing(stage, relay)
    assert tab.evaluate("isSecureContext") is False
    assert tab.evaluate("() => formant.here.kind") == "script"
    tab.fingers(Finger(1, 0.4, 0.5))
    tab.until("formant.here.counts.active === 1")
    tab.fingers()
    tab.until("formant.here.counts.active === 0")
    tab.click("#panel-toggle")
    tab.says("#here-note", "For better sound open https://")


def test_a_place_on_the_plane_reaches_the_voice_of_the_page(tab: Tab) -> None:
    body = """
    const { loadFiles } = await import("/sing/files.js");
    const { touchOf } = await import("/synth/messages.js");
    const { bytes, presets } = await loadFiles();
    const mapping = new m.Mapping(bytes, 48000);
    const read = (more) =>
      touchOf({ type: "touch", active: true, points: [{ id: 1, x: 0.5, y: 0.2, ...more }] }, bounds);
    const sung = (more) => mapping.touch(m.NOTE_ON, 1, 0, read(more).points[0], 0, 0).join();
    mapping.use(presets.child.code);
    const [close, wide] = [sung({ place: [1, 0] }), sung({ place: [0.3, 1] })];
    const seen = [close === sung({ y: 1 }), close === sung({ place: [1, 0], y: 0.9 }), wide === close];
    mapping.use(presets.tenor.code);
    seen.push(sung({}) === sung({ place: [1, 0] }));
    const wrong = [[0.5, 1.5], [0.5], "front", [null, 0], ["1", 0], {}].map((place) => read({ place }));
    return [seen, wrong];
    """
    (as_walked, whatever_y, same, no_plane), wrong = ask(tab, "sing/wasm", body)
    assert as_walked, "the walk of this preset ends at [1, 0]"
    assert whatever_y
    assert not same
    assert no_plane, "a path has no place"
    assert wrong == [None] * 6


def test_a_page_that_stood_still_strikes_its_finger_again_because_the_voice_has_ended(tab: Tab) -> None:
    """Below the lease of a voice the note goes on; then it is a new one, before the clock is looked at."""
    notes = ask(
        tab,
        "sing/here",
        """
        const sung = [];
        let now = 100, keys = 0;
        const voice = { sing: (note) => sung.push([note.do, note.key]) };
        const device = { voice, poweredOn: true, played() {}, newKey: () => (keys += 1) };
        const here = new m.Here({ timing, bounds, device, clock: () => now });
        for (const [seq, at] of [[1, 100], [2, 100.75], [3, 101.7]]) {
          now = at;
          here.touch(JSON.stringify({ type: "touch", seq, id: 1, x: 0.5, y: 0.5, active: true,
            points: [{ id: 1, x: 0.5, y: 0.5 }] }));
        }
        return sung;
        """,
    )
    assert notes == [["on", 1], ["move", 1], ["off", 1], ["on", 2]]


def test_an_audio_thread_that_fails_is_begun_anew_and_the_finger_sings_on(stage: Stage) -> None:
    """A browser silences a worklet that has thrown, for ever."""
    relay = stage.relay()
    asset = relay.assets["/sing/worklet.js"]
    throws = "if (this.bank?.active > 0) throw new Error('for a test');"
    relay.alter("/sing/worklet.js", "if (!this.bank) return false;", f"{throws} if (!this.bank) return false;")
    tab = singing(stage, relay)
    relay.assets["/sing/worklet.js"] = asset
    tab.fingers(Finger(1, 0.4, 0.5))
    tab.until("formant.here.counts.active === 1 && formant.here.audio === 'running'")


def test_what_is_switched_off_while_it_loads_stays_off(stage: Stage) -> None:
    tab = singing(stage, stage.relay())
    tab.click("#panel-toggle")
    tab.evaluate("() => { const box = document.getElementById('sing-here'); box.click(); box.click(); }")
    tab.evaluate("async () => { await import('./sing/singing.js'); await new Promise(requestAnimationFrame); }")
    assert (
        tab.evaluate("() => [document.getElementById('sing-here').checked, formant.sing?.on ?? false]") == [False] * 2
    )


def test_a_server_that_is_away_when_this_device_shall_sing_for_others_is_told_of(stage: Stage) -> None:
    relay = stage.relay()
    tab = singing(stage, relay)
    del relay.assets["/sing/singing.js"]
    tab.click("#panel-toggle")
    tab.click("#sing-here")
    tab.until("!document.getElementById('sing-note').hidden")
    tab.says("#sing-note", "does not answer")
    assert tab.evaluate("() => document.getElementById('sing-here').checked") is False
