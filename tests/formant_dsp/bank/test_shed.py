"""Load shedding: fewer voices instead of broken sound, the quietest first, and only when it is really too much."""

from __future__ import annotations

import numpy as np
from support.sound.spectrum import third_difference_db

from formant_dsp import HOP, Bank, VoiceParams
from formant_dsp.output.callback import StreamState

VOICES = 32


def chord(bank: Bank) -> None:
    """Key n is louder than key n - 1 by half a decibel."""
    for key in range(1, VOICES + 1):
        assert bank.note_on(key, VoiceParams(f0_hz=100.0 + key, vibrato_cents=0.0, level_db=-30.0 + 0.5 * key))


def play(state: StreamState, hops: int) -> np.ndarray:
    out = np.zeros((hops * HOP, 1), np.float32)
    state.render_into(out)
    return out[:, 0].astype(np.float64)


def test_offline_and_without_a_budget_nothing_is_shed() -> None:
    bank = Bank(voices=VOICES)
    chord(bank)
    bank.render(HOP * 100)
    state = StreamState(bank, budget=0.0)
    play(state, 100)
    assert bank.counters()["shed"] == 0
    assert bank.active == VOICES
    state.release()


def test_the_quietest_go_first_and_the_last_one_stays() -> None:
    """A budget that no machine can keep: voices go until the loudest is alone, and it sounds on."""
    bank, alone = Bank(voices=VOICES), Bank(voices=VOICES)
    chord(bank)
    state = StreamState(bank, budget=1e-9)
    y = play(state, 400)
    counters = bank.counters()
    assert bank.active == 1
    assert counters["shed"] == VOICES - 1
    assert counters["voices_limit"] == 1
    assert counters["stolen"] == 0
    state.release()
    assert alone.note_on(VOICES, VoiceParams(f0_hz=100.0 + VOICES, vibrato_cents=0.0, level_db=-30.0 + 0.5 * VOICES))
    want = alone.render(400 * HOP).astype(np.float64)
    rms = [float(np.sqrt(np.mean(s[-20 * HOP :] ** 2))) for s in (y, want)]
    assert abs(20 * np.log10(rms[0] / rms[1])) < 1.0
    assert third_difference_db(y[200 * HOP :]) < -20.0


def test_half_the_time_keeps_about_half_of_the_voices() -> None:
    """Calibrated in the same run, so that it says the same on any machine: half of what the chord took. What is kept is
    what is loudest, whatever their number."""
    bank = Bank(voices=256)
    for key in range(1, 257):
        assert bank.note_on(key, VoiceParams(f0_hz=100.0 + key, vibrato_cents=0.0, level_db=-60.0 + 0.2 * key))
    free = StreamState(bank, budget=0.0)
    spent = []
    for _ in range(60):
        before = free.counters()
        play(free, 1)
        after = free.counters()
        spent.append(after["render_us_mean"] * after["blocks"] - before["render_us_mean"] * before["blocks"])
    free.release()
    hop_us = 1e6 * HOP / bank.sample_rate
    state = StreamState(bank, budget=min(1.0, 0.5 * float(np.median(spent)) / hop_us))
    play(state, 12)
    counters = bank.counters()
    state.release()
    assert 0 < counters["shed"] < 256
    kept = [key for key in range(1, 257) if _sounds(bank, key)]
    assert kept == list(range(257 - len(kept), 257))


def _sounds(bank: Bank, key: int) -> bool:
    """A released key makes the bank quieter by one voice after its release; a shed one changes nothing."""
    before = bank.active
    assert bank.note_off(key)
    bank.render(48000 // 2)
    return bank.active < before


def test_new_notes_take_the_place_of_quieter_ones_until_there_is_room_again() -> None:
    bank = Bank(voices=VOICES)
    chord(bank)
    tight = StreamState(bank, budget=1e-9)
    play(tight, 400)
    assert bank.counters()["voices_limit"] == 1
    assert bank.note_on(100, VoiceParams(level_db=6.0))
    play(tight, 60)
    assert bank.active == 1
    assert bank.counters()["stolen"] == 1
    tight.release()
    assert bank.counters()["voices_limit"] == VOICES
    chord(bank)
    bank.render(HOP * 10)
    assert bank.active == VOICES


def test_the_limit_rises_again_when_there_is_time() -> None:
    """The stream itself gives voices back: tried with a budget that is broken first, then kept easily."""
    bank = Bank(voices=VOICES)
    chord(bank)
    state = StreamState(bank, budget=1e-9)
    play(state, 400)
    state.budget = 1.0
    limits = []
    for _ in range(40):
        play(state, 80)
        limits.append(bank.counters()["voices_limit"])
    state.release()
    assert limits[-1] > limits[0] >= 1
    assert limits == sorted(limits)


def test_without_a_budget_any_more_all_voices_may_sound_again() -> None:
    bank = Bank(voices=VOICES)
    chord(bank)
    state = StreamState(bank, budget=1e-9)
    play(state, 400)
    assert bank.counters()["voices_limit"] == 1
    state.budget = 0.0
    play(state, 1)
    assert bank.counters()["voices_limit"] == VOICES
    chord(bank)
    play(state, 10)
    assert bank.active == VOICES
    state.release()
