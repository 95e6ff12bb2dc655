"""Output: Firefox is seldom asked for the latency, on Linux never; who is woken while it lies down stays awake."""

from __future__ import annotations

import pytest
from page.conftest import ask
from support.browser.chromium import Tab

from formant_dsp.browser.bundle import wasm

# Firefox asks the sound server for outputLatency and for getOutputTimestamp, while the page waits.
SCRIPT = """
const kept = [AudioContext, performance.now], now = { ms: 1000 };
let asked = 0;
class Fake {
  sampleRate = 48000; baseLatency = 0; state = "suspended"; currentTime = 7;
  get outputLatency() { asked++; return 0.03; }
  getOutputTimestamp() { asked++; return { contextTime: 6.9, performanceTime: performance.now() }; }
  async resume() {}
}
globalThis.AudioContext = Fake;
performance.now = () => now.ms;
if (FIREFOX) globalThis.mozInnerScreenX = 0;
Object.defineProperty(navigator, "userAgent", { value: "AGENT", configurable: true });
try {
  let context;
  globalThis.AudioContext = class extends Fake { constructor() { super(); context = this; } };
  const output = new m.Output();
  const read = () => [output.latencyS, output.frameAt(0), asked];
  const seen = [read()];
  context.state = "running";
  context.onstatechange();
  seen.push(read());
  for (const ms of [1900, 2100, 2100, 12000, 12200]) { now.ms = ms; seen.push(read()); }
  return seen.map(([latency, , times]) => [latency, times]);
} finally {
  [globalThis.AudioContext, performance.now] = kept;
  delete globalThis.mozInnerScreenX;
  delete navigator.userAgent;
}
"""


@pytest.mark.parametrize(
    ("firefox", "agent", "seen"),
    [
        ("true", "Windows NT 10.0", [[0, 0], [0, 0], [0, 0], [0.03, 1], [0.03, 1], [0.03, 1], [0.03, 2]]),
        ("true", "Android 14; Mobile", [[0, 0], [0, 0], [0, 0], [0.03, 1], [0.03, 1], [0.03, 1], [0.03, 2]]),
        ("true", "X11; Linux x86_64", [[0.025, 0]] * 7),
        ("false", "X11; Linux x86_64", [[0.03, 2 * n] for n in range(1, 8)]),
    ],
)
def test_firefox_is_asked_for_the_latency_when_its_sound_runs_and_then_every_ten_seconds_on_linux_never(
    tab: Tab, firefox: str, agent: str, seen: list[list[float]]
) -> None:
    assert ask(tab, "sing/output", SCRIPT.replace("FIREFOX", firefox).replace("AGENT", agent)) == seen
    assert tab.errors == []


RESTS = """
const real = AudioContext;
const asked = [];
let context;
globalThis.AudioContext = class {
  state = "running"; sampleRate = 48000; currentTime = 1;
  constructor() { context = this; }
  async resume() { asked.push("resume"); }
  async suspend() { asked.push("suspend"); }  // the state follows later: so says the standard
};
try {
  const output = new m.Output();
  await output.resume();
  const awake = asked.splice(0);
  output.suspend();
  await output.resume();
  await output.resume();
  const woken = asked.splice(0);
  output.suspend();
  context.state = "interrupted";
  context.onstatechange();
  context.state = "suspended";
  context.onstatechange();
  return [awake, woken, asked];
} finally {
  globalThis.AudioContext = real;
}
"""


def test_a_finger_wakes_a_device_that_is_lying_down(tab: Tab) -> None:
    """A context says "running" until it has stopped. Who believes it leaves it asleep under a finger."""
    awake, woken, rested = ask(tab, "sing/output", RESTS)
    assert awake == ["resume"]  # by the constructor: one that runs is not asked again
    assert woken == ["suspend", "resume"]
    assert rested == ["suspend"], "after a call, a device that rests goes on resting"


OVER_HTTP = """
const kept = { AudioContext, AudioWorkletNode };
const closed = [];
globalThis.AudioContext = class {
  state = "running"; sampleRate = 48000; currentTime = 1; destination = {};
  createScriptProcessor() { return { connect() {} }; }
  async resume() {}
  async close() { closed.push(this.state); }
};
globalThis.AudioWorkletNode = undefined;
try {
  const { loadFiles } = await import("/sing/files.js");
  const output = new m.Output();
  await output.start(await loadFiles(), 2);
  const lent = output.lend();
  await output.close();
  return [output.kind, lent, closed];
} finally {
  Object.assign(globalThis, kept);
}
"""


@pytest.mark.skipif(not wasm(), reason="this build had no compiler for WebAssembly: make wasm says more")
def test_over_http_where_there_is_no_audio_thread_it_ends_without_an_error(tab: Tab) -> None:
    """There, browsers do not even have the name AudioWorkletNode."""
    assert ask(tab, "sing/output", OVER_HTTP) == ["script", None, ["running"]]


NO_CODE = """
const kept = AudioContext;
globalThis.AudioContext = class {
  state = "running"; sampleRate = 48000; currentTime = 1; destination = {};
  audioWorklet = { addModule: async () => { throw new DOMException("The user aborted a request.", "AbortError"); } };
  async resume() {}
  async close() {}
};
try {
  const { loadFiles } = await import("/sing/files.js");
  return await new m.Output().start(await loadFiles(), 2).then(() => "", (error) => error.message);
} finally {
  globalThis.AudioContext = kept;
}
"""


@pytest.mark.skipif(not wasm(), reason="this build had no compiler for WebAssembly: make wasm says more")
def test_code_of_the_audio_thread_that_does_not_come_is_said_in_words(tab: Tab) -> None:
    said = ask(tab, "sing/output", NO_CODE)
    assert said == "the code of its audio thread could not be loaded. Try again when the server is back"
