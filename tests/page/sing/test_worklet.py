"""The audio thread's side: who has left is told nothing more; what waits in a call is bounded; load is counted."""

from __future__ import annotations

import pytest
from page.conftest import ask
from support.browser.chromium import Tab

from formant_dsp.browser.bundle import wasm

pytestmark = pytest.mark.skipif(not wasm(), reason="this build had no compiler for WebAssembly: make wasm says more")
TOLD = """
const { loadFiles } = await import("/sing/files.js");
const { VERSION } = await import("/sing/version.js");
const kept = { ...globalThis };
let Singer;
Object.assign(globalThis, {
  AudioWorkletProcessor: class { port = Object.assign(new MessageChannel().port1, { postMessage() {} }); },
  registerProcessor: (_, it) => (Singer = it),
  sampleRate: 48000, currentFrame: 0, currentTime: 0,
});
await import("/sing/worklet.js");
const { bytes, rowTauS, presets } = await loadFiles();
const mapping = new m.Mapping(bytes, 48000);
mapping.use(presets.plain.code);
const note = mapping.touch(m.NOTE_ON, 1, 0, { x: 0.5, y: 0.3, z: 0.7 }, 1, 0.5);
const setup = { voices: 4, channels: 2, rowTauS };
let singer = new Singer({ processorOptions: { bytes, version: VERSION, setup, note } });
const told = [0, 0];
const lent = told.map((_, k) => Object.assign(new MessageChannel().port1, { postMessage: () => (told[k] += 1) }));
for (const port of lent) singer.port.onmessage({ data: port });
const seconds = (count) => {
  for (let k = 0; k < count; k += 1) {
    globalThis.currentTime += 1;
    singer.process([], [[new Float32Array(128), new Float32Array(128)]]);
  }
  return [...told];
};
let took = 0;
singer.bank.took = () => (took += 1);
const blocks = () => {
  for (let k = 0; k < 500; k += 1) {
    globalThis.currentTime += 128 / 48000;
    singer.process([], [[new Float32Array(128), new Float32Array(128)]]);
  }
  return took;
};
const silent = blocks();
lent[0].onmessage({ data: mapping.touch(m.NOTE_ON, 2, 0, { x: 0.5, y: 0.3, z: 0.7 }, 1, 0.5).buffer });
const sung = blocks();
lent[0].onmessage({ data: mapping.off(2, 1, 0).buffer });
blocks();
told.fill(0);
lent[0].onmessage({ data: note.slice().buffer });
const before = [seconds(3), singer.bank.active];
lent[0].onmessage({ data: "leave" });
const after = [seconds(3), singer.bank.active];
const options = { bytes, version: VERSION, setup, note };
singer = new Singer({ processorOptions: { ...options, events: note.slice().buffer } });
singer.bank.took = () => (took += 1);
took = 0;
const offline = blocks();
return [...before, ...after, silent, sung, offline];
"""


def test_a_thread_that_has_left_is_told_nothing_more_and_silence_blames_no_voice(tab: Tab) -> None:
    both, sounding, one, still, silent, sung, offline = ask(tab, "sing/wasm", TOLD)
    assert both == [3, 3]
    assert one == [3, 6]
    assert sounding == still == 1
    assert silent == 0, "what is measured while nobody sings is the work of others"
    assert sung > 0
    assert offline == 0, "sound that is rendered offline may take its time"


WAITS = """
const { loadFiles } = await import("/sing/files.js");
const { bytes, presets } = await loadFiles();
const mapping = new m.Mapping(bytes, 48000);
mapping.use(presets.plain.code);
const size = mapping.allOff().length;
const point = { x: 0.5, y: 0.3, z: 0.7 };
const on = (key) => mapping.touch(m.NOTE_ON, key, 0, point, 1, 0.5);
const move = (key) => mapping.touch(m.NOTE_UPDATE, key, 0, point, 1, 0.5);
const off = (key) => mapping.off(key, 1, 0);
const left = (...events) => {
  const all = new Uint8Array(events.length * size + 8);
  events.forEach((event, k) => all.set(event, 8 + k * size));
  const kept = m.newest(all.subarray(8), size);
  const view = new DataView(kept.buffer);
  return Array.from({ length: kept.length / size }, (_, k) =>
    [view.getInt32(k * size + 24, true), Number(view.getBigInt64(k * size + 8, true) / 64n)].join(":"));
};
return [
  left(move(1), move(1), off(1)),
  left(on(2), move(2), off(2), on(3), move(3)),
  left(mapping.volume(0.2), off(1), on(4), mapping.allOff(), on(5), mapping.volume(0.5)),
  left(),
];
"""


def test_of_what_waited_in_a_call_only_what_still_counts_is_left(tab: Tab) -> None:
    """Moves, and notes that have begun and ended meanwhile, would fill the memory, and sound all at once."""
    ended, begun, cleared, nothing = ask(tab, "sing/wasm", WAITS)
    assert ended == ["3:1"]
    assert begun == ["1:3"]
    assert cleared == ["4:0", "1:5", "5:0"]
    assert nothing == []


CALL = """
const { loadFiles } = await import("/sing/files.js");
const { VERSION } = await import("/sing/version.js");
let Singer;
Object.assign(globalThis, {
  AudioWorkletProcessor: class { port = Object.assign(new MessageChannel().port1, { postMessage() {} }); },
  registerProcessor: (_, it) => (Singer = it),
  sampleRate: 48000, currentFrame: 0, currentTime: 0,
});
await import("/sing/worklet.js?call");
const { bytes, rowTauS, presets } = await loadFiles();
const mapping = new m.Mapping(bytes, 48000);
mapping.use(presets.plain.code);
const point = { x: 0.5, y: 0.3, z: 0.7 };
const on = (key) => mapping.touch(m.NOTE_ON, key, 0, point, 1, 0.5).buffer;
const setup = { voices: 4, channels: 2, rowTauS };
const singer = new Singer({ processorOptions: { bytes, version: VERSION, setup, note: new Uint8Array(on(1)) } });
const say = (data) => singer.port.onmessage({ data });
for (let key = 10; key < 2000; key += 1) {  // nobody makes sound meanwhile
  say(on(key));
  say(mapping.touch(m.NOTE_UPDATE, key, 0, point, 1, 0.5).buffer);
  say(mapping.off(key, 1, 0).buffer);
}
say(on(5000));
for (let k = 0; k < 100; k += 1) singer.process([], [[new Float32Array(128), new Float32Array(128)]]);
const { notes, stolen } = singer.bank.counts();
return [notes < 700, stolen < 700, singer.bank.active >= 1];
"""


def test_two_thousand_notes_of_a_call_are_not_sung_after_it(tab: Tab) -> None:
    assert ask(tab, "sing/wasm", CALL) == [True, True, True]
