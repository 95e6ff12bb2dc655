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


ON_THE_PAGE = """
const { Identity } = await import("/client/identity.js");
const sung = [], used = [];
const stage = {
  voice: {
    presets: { bass: 1, choir: 1 }, preset: "bass", sing: (note) => sung.push([note.do, note.key]), setVolume() {},
  },
  output: { kind: "worklet", sampleRate: 48000, latencyS: 0, counts: {}, frameAt: () => 0 },
  lateS: 0, sounds: true, poweredOn: true, newKey: () => 1, played() {}, usePreset: (name) => used.push(name),
};
const synth = new m.WebSynth({
  stage, name: "", identity: new Identity("synth-web", ""), timing: { ...timing, play_out_s: PLAY_OUT }, bounds,
  servers: [], key: null, clock: () => 100, changed() {}, skips: () => false, volume: 1,
});
"""


def test_a_preset_that_a_player_had_before_is_taken_after_one_of_this_page(tab: Tab) -> None:
    """What was chosen on the page counts at once, and not only when the next state is told."""
    script = ON_THE_PAGE.replace("PLAY_OUT", "0") + (
        "synth.preset('choir');"
        "const changes = synth.node.core.remote.take('preset', 'bass');"
        "synth.stop(); return [changes, synth.node.core.state().preset];"
    )
    assert ask(tab, "sing/synth", script) == [[{"set": "preset", "name": "bass"}], "bass"]


def test_who_is_switched_off_ends_its_notes_at_once_in_spite_of_a_play_out_time(tab: Tab) -> None:
    script = ON_THE_PAGE.replace("PLAY_OUT", "0.1") + (
        "for (const [act, key] of [['on', 7], ['off', 5], ['off', 6]])"
        " synth.node.sound.sing({ do: act, key, point: { x: 0, y: 0 }, at: 100.1 });"
        "const before = sung.length; synth.stop(); return [before, sung];"
    )
    assert ask(tab, "sing/synth", script) == [0, [["off", 5], ["off", 6]]]
