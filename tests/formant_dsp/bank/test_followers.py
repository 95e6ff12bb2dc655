"""What follows its targets never leaves them, whatever its time constants become on the way; and any notes end."""

from __future__ import annotations

import random

import numpy as np
import pytest
from support.judges.signals import RATE, still

from formant_dsp import ALGORITHMS, Bank, VoiceParams, sung
from formant_dsp.model.params import RANGES

KEPT = {"f0_hz", "level_db", "lease_s", "release_s", "delay_s", "pan"}


@pytest.mark.parametrize("release_s", [0.02, 0.25, 10.0])
@pytest.mark.parametrize("frames", [10, 60, 150, 400, 2000])
def test_a_note_that_is_let_go_while_it_begins_is_never_louder_than_a_held_one(frames: int, release_s: float) -> None:
    params = still(f0_hz=200.0, level_db=-40.0, attack_s=0.01, release_s=release_s)
    peaks = []
    for ends in (frames, 3 * RATE):
        bank = Bank(voices=2)
        assert bank.note_on(1, params)
        assert bank.note_off(1, frame=ends)
        peaks.append(np.abs(bank.render(2 * RATE)).max())
    assert peaks[0] < 1.05 * peaks[1]


def test_a_glide_that_becomes_slow_stays_between_its_ends() -> None:
    bank = Bank(voices=2)
    assert bank.note_on(1, still(f0_hz=800.0, portamento_s=0.01))
    bank.render(RATE // 5)
    for slow in (0.01, 10.0):
        assert bank.update(1, still(f0_hz=400.0, portamento_s=slow))
        bank.render(128)
    y = bank.render(RATE)
    power = np.abs(np.fft.rfft(y * np.hanning(RATE))) ** 2
    assert power[:395].sum() < 1e-4 * power.sum()


def anything(draw: random.Random) -> VoiceParams:
    """Parameters at any place and any end of their ranges."""
    chosen = {}
    for name, bounds in RANGES.items():
        if name not in KEPT and draw.random() < 0.12:
            chosen[name] = draw.choice([bounds.low, bounds.high, bounds.default, draw.uniform(bounds.low, bounds.high)])
    return VoiceParams(
        f0_hz=draw.choice([20.0, 55.0, 110.0, 440.0, 1200.0, 4000.0, draw.uniform(30.0, 2000.0)]),
        vowel=sung(draw.choice(["bass", "tenor", "alto", "soprano"]))[draw.choice("aeiou")],
        algorithm=draw.choice(ALGORITHMS),
        level_db=draw.choice([-60.0, -20.0, 0.0, 6.0]),
        lease_s=draw.choice([0.02, 1.0, 10.0]),
        release_s=draw.choice([0.02, 0.1, 0.25]),
        delay_s=draw.choice([0.0, 0.0, 0.001, 0.1]),
        **chosen,
    )


@pytest.mark.parametrize("seed", range(40))
def test_any_story_of_notes_is_finite_below_the_ceiling_and_ends_in_silence(seed: int) -> None:
    draw = random.Random(seed)
    voices = draw.choice([1, 2, 3, 5, 8, 17, 64])
    bank = Bank(
        voices=voices,
        channels=draw.choice([1, 2, 4]),
        ring_capacity=1024,
        sample_rate=draw.choice([44100, 48000, 96000]),
    )
    held: set[int] = set()
    for key in range(1, draw.randint(20, 250)):
        frame = None if draw.random() < 0.5 else bank.frame + draw.randint(0, 400)
        deed = draw.random()
        if deed < 0.35:
            if bank.note_on(key, anything(draw), frame=frame):
                held.add(key)
        elif deed < 0.5 and held:
            bank.update(draw.choice(sorted(held)), anything(draw), frame=frame)
        elif deed < 0.75 and held:
            released = draw.choice(sorted(held))
            if bank.note_off(released, frame=frame):
                held.discard(released)
        elif deed < 0.78:
            bank.note_off(draw.randint(1, key))
        else:
            y = bank.render(draw.choice([1, 17, 64, 100, 512, 1024]))
            assert np.isfinite(y).all()
            assert np.abs(y).max(initial=0.0) < 0.851
            assert 0 <= bank.active <= 2 * voices
    bank.render(1024)
    assert bank.all_off()
    bank.render(3 * bank.sample_rate)  # a bank of one voice makes room for one note after the other
    assert bank.active == 0
    assert not bank.render(4096).any()
