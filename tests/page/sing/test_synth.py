"""The synth of a page: a note with a play-out time is on its frame, also where the loudspeaker is late."""

from __future__ import annotations

from page.conftest import ask
from support.browser.chromium import Tab

SCRIPT = """
const { Identity } = await import("/client/identity.js");
const sung = [], asked = [];
const stage = {
  voice: { presets: {}, preset: "", sing: (note, frame) => sung.push([note.key, frame]), setVolume() {} },
  output: { kind: "worklet", sampleRate: 48000, latencyS: 0.05, counts: {}, frameAt: (at) => (asked.push(at), 4711) },
  lateS: LATE, sounds: true, poweredOn: true, newKey: () => 1, played() {}, usePreset() {},
};
let now = 100;
const synth = new m.WebSynth({
  stage, name: "", identity: new Identity("synth-web", ""), timing: { ...timing, play_out_s: 0.3 }, bounds, servers: [],
  key: null, clock: () => now, changed() {}, skips: () => false, volume: 1,
});
synth.node.sound.sing({ do: "on", key: 1, point: { x: 0, y: 0 }, at: 100.3 });
const early = sung.length;
now = 100.3 - 0.05 - LATE;
synth.node.sound.sing({ do: "on", key: 2, point: { x: 0, y: 0 }, at: 100.6 });
const { latency_ms: said } = synth.node.core.state();
synth.stop();
return [early, sung, asked, said];
"""


def test_a_late_loudspeaker_gets_its_notes_earlier(tab: Tab) -> None:
    for late in (0.0, 0.12):
        early, sung, asked, said = ask(tab, "sing/synth", SCRIPT.replace("LATE", str(late)))
        assert early == 0
        assert sung == [[1, 4711]]
        assert [round(at, 6) for at in asked] == [round(100.3 - late, 6)]
        assert said == round(1000 * (0.05 + late))
