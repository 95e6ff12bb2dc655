"""The device: a clock that stands still gets a new context; a browser without sound is told apart, in words."""

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


WITHOUT = """
const kept = { AudioContext, WebAssembly };
const said = [], alone = { release() {} };
const device = new m.Device({ clock: () => 0, changed: () => said.push(device.state) });
try {
  globalThis[NAME] = VALUE;
  const able = await device.start(alone);
  return [able, device.state, device.reason, said.join()];
} finally {
  Object.assign(globalThis, kept);
}
"""
TOO_MANY = """class { constructor() { throw new Error("The number of hardware contexts is at its maximum"); } }"""


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("AudioContext", "undefined", "this browser has no Web Audio, as an iPhone in lockdown mode"),
        ("AudioContext", TOO_MANY, "The number of hardware contexts is at its maximum"),
        ("WebAssembly", "undefined", "this browser has no WebAssembly, as an iPhone in lockdown mode"),
    ],
)
def test_a_browser_that_makes_no_sound_says_so_and_does_not_start_for_ever(
    tab: Tab, name: str, value: str, reason: str
) -> None:
    """Lockdown mode of iOS takes Web Audio and WebAssembly away; Safari makes a few contexts only."""
    tab.reload()  # what another test has loaded would do without
    script = WITHOUT.replace("NAME", f"'{name}'").replace("VALUE", value)
    assert ask(tab, "sing/device", script) == [False, "failed", reason, "starting,failed"]


ONE_MORE = """
const real = AudioContext;
let made = 0;
globalThis.AudioContext = class {
  state = "running"; sampleRate = 48000; baseLatency = 0; outputLatency = 0; currentTime = 1; destination = {};
  constructor() { made += 1; if (made > MOST) throw new Error("no more contexts"); }
  createScriptProcessor() { return { connect() {} }; }
  async resume() {}
  async suspend() {}
  async close() { this.state = "closed"; }
};
try {
  let now = 100;
  const device = new m.Device({ clock: () => now, changed() {} });
  await device.start({ release() {} });
  await device.renew();
  const renewed = device.state;
  for (let k = 0; k < 12; k += 1) device.tick((now += 0.5), true);  // its clock stands still
  return [renewed, device.state, device.reason];
} finally {
  globalThis.AudioContext = real;
}
"""


def test_a_browser_that_makes_no_second_context_sings_on_with_the_first(tab: Tab) -> None:
    renewed, *after = ask(tab, "sing/device", ONE_MORE.replace("MOST", "1"))
    assert renewed == "on", "whether the sound device has another rate cannot be seen then"
    assert after == ["failed", "no more contexts"], "one whose clock stands still is of no use"


HUSHED = """
const pushed = [], released = [];
const device = new m.Device({ clock: () => 0, changed() {} });
device.voice = { allOff: () => pushed.push("all off") };
const singer = { release: () => released.push(1) };
device.state = "on";
await device.start(singer);
device.hush();
return [pushed, released.length, device.state];
"""


def test_a_page_that_goes_away_and_may_come_back_leaves_no_note_behind(tab: Tab) -> None:
    """Browsers keep a page that was left, with its audio context, and show it again with "back"."""
    assert ask(tab, "sing/device", HUSHED) == [["all off"], 1, "on"]
