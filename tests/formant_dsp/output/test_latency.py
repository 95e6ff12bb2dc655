"""What is looked for is found on its sample, and nothing where there is nothing."""

from __future__ import annotations

import numpy as np
import pytest

from formant_dsp import Bank
from formant_dsp.output.latency import NOTE, Clock, find, spread, stretches, template

RATE = 48000


def test_a_note_is_found_on_its_sample_in_noise_upside_down_and_quiet() -> None:
    note = template(RATE)
    noise = np.random.default_rng(1).normal(0.0, 1e-4, RATE)
    for at in (100, 1000, 20_001):
        for gain in (1.0, -0.1):
            sound = noise.copy()
            sound[at : at + len(note)] += gain * note
            found = find(sound, note, 0, RATE)
            assert found is not None
            assert found.frame == at
            assert found.sure > 0.99


def test_nothing_is_found_in_noise_in_silence_and_beyond_the_end() -> None:
    note = template(RATE)
    noise = np.random.default_rng(1).normal(0.0, 0.1, RATE)
    assert find(noise, note, 0, RATE) is None
    assert find(np.zeros(RATE), note, 0, RATE) is None
    assert find(noise, note, RATE - 10, RATE) is None


def test_stamped_notes_of_the_bank_are_found_exactly_where_they_were_asked_for() -> None:
    bank, note = Bank(voices=4), template(RATE)
    stamps = [10_000, 17_777, 25_003]
    for key, stamp in enumerate(stamps, 1):
        assert bank.note_on(key, NOTE, frame=stamp)
        assert bank.note_off(key, frame=stamp + 1440)
    sound = bank.render(RATE).astype(np.float64)
    for stamp in stamps:
        found = find(sound, note, stamp - 500, stamp + 500)
        assert found is not None
        assert found.frame == stamp


def test_spread_is_the_largest_less_the_smallest() -> None:
    assert spread([3.0, 1.0, 2.5]) == pytest.approx(2.0)
    assert spread([]) == 0.0


def test_a_clock_that_drifts_or_was_interrupted_is_read_right_everywhere() -> None:
    """Blocks of 256 in bursts of three, 0.1 % fast, with a gap of 30 ms in the middle of 20 s."""
    samples = np.arange(0, 20 * RATE, 256, dtype=np.float64)
    true = 5.0 + samples / (1.001 * RATE) + 0.03 * (samples > 10 * RATE)
    times = true[np.arange(len(true)) // 3 * 3] + np.random.default_rng(1).normal(0.0, 0.001, len(true))
    clock = Clock(samples, times, RATE)
    early = (256 / RATE + 0.001) / 1.0  # of the middle one of three; the same everywhere
    for at in (2.0, 5.0, 8.9, 11.1, 14.0, 18.0):
        wanted = 5.0 + at / 1.001 + 0.03 * (at > 10)
        assert abs(clock.time_of(at * RATE) - wanted) < early
        assert abs(clock.sample_at(wanted) / RATE - at) < early
    slope = (clock.time_of(9 * RATE) - clock.time_of(2 * RATE)) / 7.0
    assert abs(slope - 1 / 1.001) < 2e-4
    assert clock.time_of(0) < clock.time_of(100) < clock.time_of(20 * RATE + 1000)


def test_offsets_are_parted_where_sound_was_lost_and_not_where_notes_are_off() -> None:
    assert stretches([]) == []
    assert stretches([0, 0, 1, 309, 309, -20]) == [[0, 0, 1], [309, 309], [-20]]
    assert stretches([0, 63, 0, 40]) == [[0, 63, 0, 40]]
