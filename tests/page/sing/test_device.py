"""The device: a clock that stands still is noticed, and a new context takes its place."""

from __future__ import annotations

import pytest
from page.conftest import ask
from support.browser.chromium import Tab

from formant_dsp.browser.bundle import wasm

pytestmark = pytest.mark.skipif(not wasm(), reason="this build had no compiler for WebAssembly: make wasm says more")
STOOD = """
const real = AudioContext;
const made = [];
globalThis.AudioContext = class {
  state = "running"; sampleRate = 48000; baseLatency = 0; outputLatency = 0; currentTime = 1; destination = {};
  constructor() { made.push(this); }
  createScriptProcessor() { return { connect() {} }; }
  async resume() {}
  async suspend() {}
  async close() { this.state = "closed"; }
};
try {
  let now = 100;
  const device = new m.Device({ clock: () => now, changed() {} });
  const ended = [];
  const singer = { release: () => ended.push(made.length) };
  await device.start(singer);
  device.usePreset("choir");
  ended.length = 0;
  const looks = (count, apartS, moves) => {
    for (let k = 0; k < count; k += 1) {
      now += apartS;
      if (moves) made.at(-1).currentTime += apartS;
      device.tick(now, true);
    }
    return made.length;
  };
  const seen = [looks(30, 0.5, true), looks(9, 0.5, false), looks(1, 0.5, true), looks(40, 0.01, false)];
  made.at(-1).state = "suspended";
  seen.push(looks(30, 0.5, false));
  made.at(-1).state = "running";
  seen.push(looks(1, 0.5, true), looks(10, 0.5, false));
  while (device.voice?.preset !== "choir" || device.output?.kind !== "script" || ended.length < 2)
    await new Promise((resolve) => setTimeout(resolve, 5));
  const { state } = device;
  looks(1, 0.5, true);
  looks(10, 0.5, false);
  return [seen, state, ended[0], device.state, device.reason];
} finally {
  globalThis.AudioContext = real;
}
"""


def test_a_clock_that_stands_still_in_a_context_that_runs_gets_a_new_context(tab: Tab) -> None:
    """iOS after a call. A burst of late ticks is one look, and a context that was stopped may stand still."""
    seen, state, ended, *again = ask(tab, "sing/device", STOOD)
    assert seen == [1, 1, 1, 1, 1, 1, 2]
    assert state == "on"
    assert ended == 1, "its notes were let go before"
    assert again == ["failed", "the audio thread of this browser failed"], "a second time at once is not mended"
