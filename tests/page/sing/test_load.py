"""Load: means over many blocks decide; voices end softly, room comes back, and choirs get smaller last."""

from __future__ import annotations

import pytest
from page.conftest import ask
from support.browser.chromium import Tab

from formant_dsp.browser.bundle import wasm

pytestmark = pytest.mark.skipif(not wasm(), reason="this build had no compiler for WebAssembly: make wasm says more")
BANK = """
const { loadFiles } = await import("/sing/files.js");
const { bytes, rowTauS, presets } = await loadFiles();
const setup = { sampleRate: 48000, voices: 16, channels: 2, rowTauS };
const mapping = new m.Mapping(bytes, 48000);
mapping.use(presets.plain.code);
const note = (key) => mapping.touch(m.NOTE_ON, key, 0, { x: key / 20, y: 0.3, z: 0.7 }, 0, 0.5);
const channels = () => [new Float32Array(128), new Float32Array(128)];
const heard = (bank, blocks) => {
  const sound = [];
  for (let k = 0; k < blocks; k += 1) { const out = channels(); bank.read(out); sound.push(...out[0]); }
  return sound;
};
const sharpest = (sound) => {
  let most = 0;
  for (let k = 2; k < sound.length; k += 1) most = Math.max(most, Math.abs(sound[k] - 2 * sound[k - 1] + sound[k - 2]));
  return most;
};
"""


def test_the_mean_of_many_blocks_counts_and_of_two_in_a_row_the_lesser(tab: Tab) -> None:
    """A clock of whole milliseconds: one block in three crosses one, which is 0.125 of 2.67 ms."""
    seen = ask(
        tab,
        "sing/load",
        """
        const load = new m.Load(), seen = [];
        const blocks = (count, part) => {
          let clock = 0;
          for (let k = 0; k < count; k += 1) {
            const before = Math.floor(clock);
            load.add(Math.floor(clock + part * 8 / 3) - before, 8 / 3, 6);
            clock += 8 / 3;
          }
          const mean = load.take();
          seen.push(mean && [Math.round(10 * mean.part) / 10, mean.voices]);
        };
        blocks(99, 0.9); blocks(101, 0.9); blocks(200, 0.9); blocks(200, 0.2); blocks(200, 0.9);
        return seen;
        """,
    )
    assert seen == [None, [0.0, 6], [0.9, 6], [0.2, 6], [0.2, 6]]


def test_the_work_of_others_is_not_that_of_few_voices(tab: Tab) -> None:
    """A busy machine takes the same part from one voice as from sixteen: the time in which a voice took less counts."""
    assert ask(
        tab,
        "sing/load",
        """
        const load = new m.Load(), seen = [];
        for (const voices of [16, 1, 16]) {
          for (let k = 0; k < 200; k += 1) load.add(2, 8 / 3, voices);
          const { part, voices: of } = load.take();
          seen.push([Math.round(100 * part), of]);
        }
        return seen;
        """,
    ) == [[0, 16], [75, 16], [75, 16]]


def test_voices_end_until_the_rest_has_room_without_a_click_and_come_back(tab: Tab) -> None:
    before, shed, during, steady, limits = ask(
        tab,
        "sing/wasm",
        BANK
        + """
        const bank = new m.Bank(bytes, setup);
        for (let key = 1; key <= 16; key += 1) bank.push(note(key), 0);
        heard(bank, 200);
        const steady = sharpest(heard(bank, 400));
        const before = bank.counts().active;
        bank.took(1.4, 16, 0.7);
        const during = sharpest(heard(bank, 60));
        const { active, shed, limit } = bank.counts();
        bank.took(0.1, active, 0.7);
        heard(bank, 1000);
        return [before, [active, shed, limit], during, steady, bank.counts().limit];
        """,
    )
    assert before == 16
    active, gone, limit = shed
    assert active == limit == 16 - gone
    assert 7 <= active <= 8  # half the time is half the voices, and not more than once
    assert during < 1.3 * steady  # a click is sharper than the voices are
    assert limits == 16


def test_a_device_with_time_to_spare_ends_no_voice(tab: Tab) -> None:
    assert ask(
        tab,
        "sing/wasm",
        BANK
        + """
        const bank = new m.Bank(bytes, setup);
        for (let key = 1; key <= 16; key += 1) bank.push(note(key), 0);
        bank.took(0.69, 16, 0.7);
        heard(bank, 1000);
        const { active, shed } = bank.counts();
        return [active, shed];
        """,
    ) == [16, 0]


def test_a_warmed_bank_is_as_new(tab: Tab) -> None:
    """The first note pays for no compiler, and is the same to the bit."""
    cold, warm, counts = ask(
        tab,
        "sing/wasm",
        BANK
        + """
        const sung = (warm) => {
          const bank = new m.Bank(bytes, setup);
          if (warm) bank.warmUp(note(9));
          const counts = bank.counts();
          bank.push(note(3), 0);
          return [heard(bank, 20), counts];
        };
        const [cold] = sung(false), [warm, counts] = sung(true);
        return [cold, warm, counts];
        """,
    )
    assert max(map(abs, cold)) > 1e-3
    assert cold == warm
    assert counts.pop("limit") == 16
    assert set(counts.values()) == {0}


def test_choirs_get_smaller_when_voices_had_to_end_for_long_and_grow_again(tab: Tab) -> None:
    sung = ask(
        tab,
        "sing/voice",
        """
        const { loadFiles } = await import("/sing/files.js");
        const events = [];
        const files = await loadFiles();
        const voice = new m.Voice(files, { sampleRate: 48000, push: (bytes) => events.push(bytes.length / 264) });
        voice.use("choir");
        let key = 0;
        const sing = () => {
          key += 1;
          events.length = 0;
          voice.sing({ do: "on", key, point: { x: 0.5, y: 0.5, z: 0.5 } });
          voice.sing({ do: "move", key, point: { x: 0.6, y: 0.5, z: 0.5 } });
          voice.sing({ do: "off", key });
          return [...events];
        };
        const seen = [sing()];
        voice.room(9, 16); seen.push(sing());                    // voices are given up first
        voice.room(9, 16); seen.push(sing());                    // for two reports: the choir is halved
        voice.room(9, 16); voice.room(9, 16); seen.push(sing());
        for (let k = 0; k < 8; k += 1) voice.room(16, 16);
        seen.push(sing());
        for (let k = 0; k < 80; k += 1) voice.room(16, 16);
        return [...seen, sing()];
        """,
    )
    full = sung[0][0]
    half, quarter = -(-full // 2), -(-full // 4)
    assert full > 3
    assert sung == [[n] * 3 for n in (full, full, half, quarter, 2 * quarter, full)]
