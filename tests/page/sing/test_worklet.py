"""The audio thread's side: who has left is told nothing more, and what blocks take is counted while voices sing."""

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
const singer = new Singer({ processorOptions: { bytes, version: VERSION, setup, note } });
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
return [...before, seconds(3), singer.bank.active, silent, sung];
"""


def test_a_thread_that_has_left_is_told_nothing_more_and_silence_blames_no_voice(tab: Tab) -> None:
    both, sounding, one, still, silent, sung = ask(tab, "sing/wasm", TOLD)
    assert both == [3, 3]
    assert one == [3, 6]
    assert sounding == still == 1
    assert silent == 0, "what is measured while nobody sings is the work of others"
    assert sung > 0
