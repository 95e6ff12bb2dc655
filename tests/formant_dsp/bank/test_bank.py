"""Notes in, sound out: allocation, leases, frames, errors."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from support.sound.spectrum import f0_hz

from formant_dsp import HOP, Bank, VoiceParams, sung

RATE = 48000
STILL = VoiceParams(vibrato_cents=0.0)


def loudness(y: np.ndarray) -> float:
    return float(np.sqrt(np.mean(y.astype(np.float64) ** 2)))


def test_a_note_starts_and_ends_on_its_frame() -> None:
    for frame in (0, 1, 63, 64, 1000, 4801):
        bank = Bank()
        assert bank.note_on(1, STILL, frame=frame)
        y = bank.render(9600)
        assert not y[: frame + 1].any()  # a sine starts at zero
        assert y[frame + 2] != 0.0


def test_note_off_takes_effect_on_its_frame() -> None:
    held, released = Bank(), Bank()
    for bank in (held, released):
        assert bank.note_on(1, STILL)
    assert released.note_off(1, frame=10_007)
    a, b = held.render(12_000), released.render(12_000)
    assert np.array_equal(a[: 10_007 // HOP * HOP], b[: 10_007 // HOP * HOP])
    assert np.abs(a[:10_007] - b[:10_007]).max() < 1e-6
    assert np.abs(a[10_100:] - b[10_100:]).max() > 1e-3


def test_pitch_is_right_within_a_hundredth_of_a_cent() -> None:
    for hz in (55.0, 110.0, 329.63, 880.0):
        bank = Bank()
        assert bank.note_on(1, VoiceParams(f0_hz=hz, vibrato_cents=0.0))
        y = bank.render(3 * RATE)[RATE:].astype(np.float64)
        assert abs(1200 * np.log2(f0_hz(y, RATE, hz) / hz)) < 0.01


def test_vowels_and_pitches_are_about_equally_loud() -> None:
    """Rms of one voice at level 0 dB, all vowels of all voices at f0 80 … 880 Hz: -20 dBFS within 2.5 dB without
    resonance; with the default half resonance a pitch whose harmonics miss a narrow F1 is up to 6 dB softer."""
    for voice in ("soprano", "tenor", "bass"):
        for vowel in sung(voice).values():
            for hz in (80.0, 130.0, 220.0, 440.0, 880.0):
                for resonance, low, high in ((0.0, -2.5, 2.5), (0.5, -6.0, 2.5)):
                    bank = Bank()
                    assert bank.note_on(1, VoiceParams(f0_hz=hz, vowel=vowel, vibrato_cents=0.0, resonance=resonance))
                    level = 20 * np.log10(loudness(bank.render(RATE // 2)[RATE // 4 :])) + 20.0
                    assert low < level < high, (voice, vowel.name, hz, resonance, level)


def test_release_is_audible_and_then_silent() -> None:
    bank = Bank()
    assert bank.note_on(1, STILL)
    steady = loudness(bank.render(RATE // 2)[RATE // 4 :])
    assert bank.note_off(1)
    tail = bank.render(RATE)
    assert loudness(tail[2400:7200]) > 0.05 * steady
    assert not tail[RATE // 2 :].any()
    assert bank.active == 0


def test_one_voice_too_many_steals_the_quietest_held_note() -> None:
    bank = Bank(voices=3)
    for key, level in ((1, 0.0), (2, -20.0), (3, -3.0)):
        assert bank.note_on(key, VoiceParams(f0_hz=100.0 * key, level_db=level, vibrato_cents=0.0))
    bank.render(RATE // 4)
    assert bank.note_on(4, VoiceParams(f0_hz=500.0, vibrato_cents=0.0))
    bank.render(RATE // 4)
    assert bank.active == 3
    assert bank.counters()["stolen"] == 1
    for key in (1, 3, 4):
        assert bank.note_off(key)
    bank.render(RATE)
    assert bank.active == 0  # it was key 2 that had gone


def test_a_releasing_note_is_stolen_before_a_held_one() -> None:
    bank = Bank(voices=2)
    assert bank.note_on(1, VoiceParams(level_db=6.0))
    assert bank.note_on(2, VoiceParams(level_db=-12.0))
    bank.render(RATE // 4)
    assert bank.note_off(1)
    bank.render(4 * RATE // 10 // 2)
    assert bank.note_on(3, STILL)
    bank.render(RATE // 2)
    assert bank.active == 2
    assert bank.note_off(2)
    assert bank.note_off(3)
    bank.render(RATE)
    assert bank.active == 0


def test_a_burst_of_notes_beyond_all_slots_waits_and_none_is_lost() -> None:
    bank = Bank(voices=2)
    for key in range(1, 40):
        assert bank.note_on(key, STILL)
    bank.render(2 * RATE)
    assert bank.counters()["notes"] == 39
    assert bank.active == 2
    assert bank.counters()["ring_waiting"] == 0


def test_no_number_of_voices_clips() -> None:
    bank = Bank(voices=128)
    for key in range(128):
        assert bank.note_on(key + 1, VoiceParams(f0_hz=110.0, level_db=12.0, vibrato_cents=0.0))
    y = bank.render(RATE)
    assert 0.8 < np.abs(y).max() <= 0.8401
    assert bank.counters()["limited"] > 0


def test_two_voices_are_not_touched_by_the_limiter() -> None:
    bank = Bank()
    for key, hz in enumerate((138.6, 220.0), 1):
        assert bank.note_on(key, VoiceParams(f0_hz=hz), frame=key * 1000)
    bank.render(2 * RATE)
    assert bank.counters()["limited"] == 0


def test_lease_ends_a_note_of_which_nothing_is_heard() -> None:
    bank = Bank()
    assert bank.note_on(1, VoiceParams(lease_s=0.5))
    assert bank.note_on(2, VoiceParams(lease_s=0.5))
    for _ in range(10):
        bank.render(RATE // 10)
        assert bank.update(2, VoiceParams(lease_s=0.5))
    assert bank.active == 1
    assert bank.counters()["expired"] == 1
    bank.render(2 * RATE)
    assert bank.active == 0


def test_update_of_a_key_that_does_not_sound_does_nothing() -> None:
    bank = Bank()
    assert bank.update(7, STILL)
    assert not bank.render(RATE // 10).any()


def test_note_on_of_a_sounding_key_glides_and_makes_no_second_voice() -> None:
    bank = Bank()
    assert bank.note_on(1, STILL)
    bank.render(RATE // 10)
    assert bank.note_on(1, VoiceParams(f0_hz=330.0, vibrato_cents=0.0))
    bank.render(RATE // 2)
    assert bank.active == 1
    y = bank.render(RATE).astype(np.float64)
    assert f0_hz(y, RATE, 330.0) == pytest.approx(330.0, rel=1e-5)


def test_a_key_can_be_played_again_while_it_dies_away() -> None:
    bank = Bank()
    assert bank.note_on(1, STILL)
    bank.render(RATE // 4)
    assert bank.note_off(1)
    bank.render(RATE // 20)
    assert bank.note_on(1, STILL)
    y = bank.render(RATE // 2)
    assert bank.active == 1
    assert loudness(y[RATE // 4 :]) > 0.05


def test_all_off_releases_everything() -> None:
    bank = Bank()
    for key in range(1, 10):
        assert bank.note_on(key, STILL)
    bank.render(RATE // 10)
    assert bank.all_off()
    bank.render(RATE)
    assert bank.active == 0


def test_volume_is_smoothed_and_scales() -> None:
    bank = Bank()
    assert bank.note_on(1, STILL)
    full = loudness(bank.render(RATE)[RATE // 2 :])
    assert bank.set_volume(0.5)
    moving = bank.render(RATE)
    assert np.abs(np.diff(moving[: RATE // 10])).max() < 0.2
    assert loudness(moving[RATE // 2 :]) == pytest.approx(full / 2, rel=0.01)


def test_a_full_ring_says_so_and_keeps_room_for_note_off() -> None:
    bank = Bank(ring_capacity=8)
    assert bank.note_on(1, STILL)
    results = [bank.update(1, STILL) for _ in range(10)]
    assert False in results
    assert bank.note_off(1)
    bank.render(RATE)
    assert bank.active == 0
    assert bank.counters()["ring_dropped"] == results.count(False)


def test_stamped_event_that_comes_late_is_applied_at_once_and_counted() -> None:
    bank = Bank()
    bank.render(RATE)
    assert bank.note_on(1, STILL, frame=100)
    assert bank.render(RATE // 10).any()
    assert bank.counters()["late"] == 1


def test_clock_counts_frames_that_came_out() -> None:
    bank = Bank()
    assert bank.frame == 0
    bank.render(100)
    assert bank.frame == 100
    bank.render(28)
    assert bank.frame == 128
    assert bank.note_on(1, STILL, frame=1000)
    bank.render(1000 - 128)
    assert bank.render(8).any()


def test_parameters_may_be_pushed_from_another_thread_while_it_renders() -> None:
    bank = Bank(voices=8, ring_capacity=256)
    done = threading.Event()
    pushed = [0]

    def play() -> None:
        key = 0
        while not done.is_set():
            key = key % 8 + 1
            pushed[0] += bank.note_on(key, VoiceParams(f0_hz=100.0 * key))

    thread = threading.Thread(target=play)
    thread.start()
    heard = max(float(np.abs(bank.render(4800)).max()) for _ in range(40))
    done.set()
    thread.join()
    assert pushed[0] > 8
    assert heard > 0.1
    assert bank.counters()["invalid"] == 0


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda b: b.note_on(0, STILL), "key=0"),
        (lambda b: b.note_on(-5, STILL), "key=-5"),
        (lambda b: b.set_volume(1.5), "volume=1.5"),
        (lambda b: b.set_volume(float("nan")), "volume=nan"),
        (lambda b: b.render(-1), "frames=-1"),
        (lambda b: b.render(1.5), "frames=1.5 must be a whole number"),
        (lambda b: b.render("a"), "frames='a' must be a whole number"),
        (lambda b: b.render(float("nan")), "frames=nan must be a whole number"),
        (lambda b: b.render(float("inf")), "frames=inf must be a whole number"),
        (lambda b: b.note_on(1.5, STILL), "key=1.5 must be a whole number"),
        (lambda b: b.note_off("k"), "key='k' must be a whole number"),
        (lambda b: Bank(voices=1.5), "voices=1.5 must be a whole number"),  # type: ignore[arg-type]
        (lambda b: Bank(sample_rate=44100.5), "sample_rate=44100.5 must be a whole number"),  # type: ignore[arg-type]
        (lambda b: Bank(channels=None), "channels=None must be a whole number"),  # type: ignore[arg-type]
        (lambda b: Bank(ring_capacity=64.5), "ring_capacity=64.5 must be a whole number"),  # type: ignore[arg-type]
        (lambda b: Bank(seed=0.5), "seed=0.5 must be a whole number"),  # type: ignore[arg-type]
        (lambda b: b.render(10, np.zeros(9, np.float32)), "shape"),
        (lambda b: b.render(10, np.zeros(10)), "float32"),
        (lambda b: Bank(voices=0), "voices=0"),
        (lambda b: Bank(sample_rate=1), "sample_rate=1"),
    ],
)
def test_bad_arguments_are_refused_in_words_and_change_nothing(call: object, error: str) -> None:
    bank = Bank()
    with pytest.raises(ValueError, match=error):
        call(bank)  # type: ignore[operator]
    assert not bank.render(RATE // 10).any()


def test_a_whole_number_may_come_as_any_kind_of_number() -> None:
    """0.1 * 48000 is 4800.0, and NumPy has integers of its own."""
    bank = Bank(voices=np.int64(4), sample_rate=48000.0)  # type: ignore[arg-type]
    assert bank.sample_rate == 48000
    assert bank.note_on(np.int32(7), STILL)  # type: ignore[arg-type]
    assert bank.render(0.1 * 48000).shape == bank.render(np.int64(4800)).shape == (4800,)  # type: ignore[arg-type]


def test_params_of_another_type_are_refused() -> None:
    with pytest.raises(TypeError, match="VoiceParams"):
        Bank().note_on(1, {"f0_hz": 220})  # type: ignore[arg-type]
