"""MIDI in the browser: asked for in a tap, plugged and unplugged, nothing stuck, and in words where it is missing.

page/test_firefox.py runs these tests in Firefox as well.
"""

from __future__ import annotations

import pytest
from page.conftest import ONE_OPEN, Stage
from page.offerer import Heard, Offerer
from support.browser.chromium import Tab

from formant_net.aio.server.static import Asset

FAKE = """
  const ports = new Map();
  const access = Object.assign(new EventTarget(), { inputs: ports });
  window.fake = {
    asked: [], refuse: null,
    plug(name, id = name) {
      const port = { id, name, state: 'connected', onmidimessage: null };
      ports.set(id, port);
      access.dispatchEvent(new Event('statechange'));
      access.dispatchEvent(new Event('statechange')); // also when the port is opened
    },
    unplug(id) {
      const port = ports.get(id);
      port.state = 'disconnected';
      access.dispatchEvent(new Event('statechange'));
    },
    send(id, ...bytes) { ports.get(id).onmidimessage?.({ data: new Uint8Array(bytes) }); },
  };
  Navigator.prototype.requestMIDIAccess = async function (options) {
    fake.asked.push(options);
    if (fake.refuse) throw new DOMException('no', fake.refuse);
    return access;
  };
"""


def active(synth: Offerer, fingers: int) -> list[Heard]:
    return [h for h in synth.heard if h.message["type"] == "touch" and len(h.message["points"]) == fingers]


def with_midi(stage: Stage, script: str = FAKE) -> tuple[Offerer, Tab]:
    """A page that runs the script before it does anything else."""
    relay = stage.relay()
    main = relay.assets["/main.js"]
    relay.assets["/main.js"] = Asset(f"{{ {script} }}\n".encode() + main.body, main.content_type, main.etag)
    synth = stage.synth(relay)
    synth.state["takes"] = ["note", "vel"]
    tab = stage.tab(relay)
    tab.until(ONE_OPEN)
    tab.click("#strip-scale")
    return synth, tab


def test_a_keyboard_plays_after_a_tap_and_can_be_pulled_out(stage: Stage) -> None:
    synth, tab = with_midi(stage)
    tab.becomes("fake.asked", [])  # nothing is asked for before a tap
    tab.click("#midi")
    tab.until("document.getElementById('midi-note').textContent.startsWith('No MIDI keyboard is there')")
    tab.becomes("fake.asked", [{"sysex": False}])
    tab.evaluate("fake.plug('Keys 25')")
    tab.until("document.getElementById('midi-note').textContent === 'Plays: Keys 25.'")
    tab.evaluate("() => { fake.send('Keys 25', 0x90, 60, 127); fake.send('Keys 25', 0x90, 67, 64); }")
    touch = stage.until(lambda: active(synth, 2), "two keys")[0].message
    assert [(point["note"], point["vel"]) for point in touch["points"]] == [(60, 1), (67, pytest.approx(0.5039))]
    assert touch["points"][1]["z"] == pytest.approx(0.5039, abs=1e-4)
    tab.evaluate("fake.send('Keys 25', 0xE0, 0, 96)")
    stage.until(lambda: [p["note"] for p in synth.touches()[-1]["points"]] == [61, 68], "the wheel")
    tab.evaluate("() => { fake.send('Keys 25', 0xB0, 64, 127); fake.send('Keys 25', 0x80, 60, 0); }")
    tab.becomes("formant.midi.fingers", 2)  # the pedal holds it
    tab.evaluate("fake.unplug('Keys 25')")
    stage.until(lambda: synth.touches()[-1]["points"] == [], "all is lifted")
    tab.evaluate("() => { fake.plug('Keys 25'); fake.send('Keys 25', 0x90, 62, 100); }")
    tab.until("formant.midi.fingers === 1")
    tab.evaluate("dispatchEvent(new Event('blur'))")
    tab.until("formant.midi.fingers === 0 && formant.fingers.length === 0")
    tab.evaluate(
        "() => { fake.send('Keys 25', 0x90, 62, 100); fake.send('Keys 25', 0x80, 62, 0); }"
    )  # shorter than 25 ms
    stage.until(lambda: active(synth, 1), "a short note")
    tab.until("formant.midi.fingers === 0")
    assert tab.errors == []


def test_keys_play_the_scale_that_is_chosen(stage: Stage) -> None:
    synth, tab = with_midi(stage)
    tab.choose("#scale", "whole-tone")
    tab.click("#midi")
    tab.evaluate("fake.plug('Keys')")
    tab.until("formant.midi.ports.length === 1")
    tab.evaluate("fake.send('Keys', 0x90, 61, 127)")
    touch = stage.until(lambda: active(synth, 1), "a key")[0].message
    assert touch["points"][0]["note"] == 60


def test_the_volume_of_a_keyboard_is_not_remembered_by_synths(stage: Stage) -> None:
    synth, tab = with_midi(stage)
    tab.click("#midi")
    tab.evaluate("fake.plug('Keys')")
    tab.until("formant.midi.ports.length === 1")
    tab.evaluate("fake.send('Keys', 0xB0, 7, 64)")
    params = stage.until(lambda: [h.message for h in synth.heard if h.message["type"] == "param"], "a volume")
    assert (params[0]["name"], params[0]["remember"]) == ("volume", False)


@pytest.mark.parametrize(
    ("refusal", "state", "words"),
    [("NotAllowedError", "refused", "does not allow MIDI"), ("InvalidStateError", "failed", "cannot be opened")],
)
def test_a_refusal_is_said_and_can_be_tried_again(stage: Stage, refusal: str, state: str, words: str) -> None:
    _, tab = with_midi(stage)
    tab.evaluate(f"fake.refuse = '{refusal}'")
    tab.click("#midi")
    tab.until(f"formant.midi.state === '{state}'")
    tab.says("#midi-note", words)
    tab.evaluate("fake.refuse = null")
    tab.click("#midi")
    tab.until("formant.midi.state === 'on'")


def test_a_browser_without_midi_says_so(stage: Stage) -> None:
    _, tab = with_midi(stage, "delete Navigator.prototype.requestMIDIAccess;")
    tab.says("#midi-note", "This browser has no MIDI")
    tab.becomes("document.getElementById('midi').disabled", True)
