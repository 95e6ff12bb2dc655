"""Judge 15, onsets: effort, or how hard a key was struck, chooses how a note begins; and a note wanders little."""

from __future__ import annotations

import numpy as np
import pytest
from support.judges.judge import Judge, at_most, between, within
from support.judges.signals import RATE
from support.sound.pitch import PURE, cents
from support.sound.spectrum import Array

from formant_dsp import Bank, VoiceParams
from formant_dsp.model.presets import load

GLOTTAL = Judge(15, "glottal onset: 10 to 90 % of the voiced level", "ms", between(3.0, 12.0), between(5.0, 10.0))
SIMULTANEOUS = Judge(15, "simultaneous onset", "ms", between(12.0, 45.0), between(15.0, 35.0))
BREATHY = Judge(15, "breathy onset", "ms", between(50.0, 140.0), between(60.0, 120.0))
WANDER_CENTS = Judge(15, "slow wander of the pitch, rms over a minute", "cents", between(2.0, 6.0))
WANDER_MEAN = Judge(15, "same, largest mean over 2 s", "cents", within(3.0))
WANDER_DB = Judge(15, "slow wander of the level, rms", "dB", at_most(1.0))


def rise_ms(vel: float) -> float:
    """10 to 90 % of the final level of the voice alone, mean of four notes."""
    rises = []
    for seed in range(4):
        preset = load("plain", voice={"breath": 0, "vibrato_cents": 0, "shimmer_db": 0, "wander": 0})
        (sung,) = preset.voice_params(0.5, 0.0, 0.5, vel=vel)
        bank = Bank(seed=seed)
        assert bank.note_on(1, sung)
        y = bank.render(RATE).astype(np.float64)
        period = round(RATE / sung.f0_hz)
        level = np.sqrt(np.convolve(y**2, np.ones(period) / period, "same"))
        steady = np.median(level[RATE // 2 : 3 * RATE // 4])
        rises.append((np.argmax(level > 0.9 * steady) - np.argmax(level > 0.1 * steady)) / RATE * 1e3)
    return float(np.mean(rises))


def test_velocity_chooses_the_onset() -> None:
    GLOTTAL.hold(rise_ms(1.0))
    SIMULTANEOUS.hold(rise_ms(0.5))
    BREATHY.hold(rise_ms(0.0))


def test_effort_chooses_it_where_no_velocity_is_known_and_a_preset_may_decide() -> None:
    plain = load("plain")
    soft, loud = (plain.voice_params(0.5, 0.0, z)[0] for z in (0.0, 1.0))
    assert soft.attack_s > loud.attack_s
    assert soft.scoop_cents > loud.scoop_cents
    assert load("plain", voice={"onset_tilt_db": -5}).voice_params(0.5, 0.0, 0.0)[0].onset_tilt_db == -5.0
    assert plain.voice_params(0.5, 0.0, 0.5, vel=1.0)[0].onset_tilt_db == -2.0
    assert load("plain", voice={"attack_s": 0.2}).voice_params(0.5, 0.0, 1.0, vel=1.0)[0].attack_s == 0.2
    assert load("vintage").voice_params(0.5, 0.0, 1.0, vel=0.0) == load("vintage").voice_params(0.5, 0.0, 1.0)


def test_velocity_is_the_effort_where_there_is_no_pressure() -> None:
    plain = load("plain")
    levels = [plain.voice_params(0.5, 0.0, None, vel=vel)[0].level_db for vel in (0.1, 0.5, 0.9)]
    assert levels == sorted(levels)
    assert levels[2] - levels[0] > 6.0
    pressed = [plain.voice_params(0.5, 0.0, 0.5, vel=vel)[0].level_db for vel in (0.1, 0.9)]
    assert pressed[0] == pytest.approx(pressed[1])


def slow(y: Array) -> Array:
    return np.asarray(y[: len(y) // 480 * 480].reshape(-1, 480).mean(axis=1))


def test_wander_stays_below_what_is_noticed() -> None:
    bank = Bank(seed=4)
    assert bank.note_on(
        1, VoiceParams(f0_hz=440.0, vowel=PURE, algorithm="poisson", vibrato_cents=0.0, wander=1.0, attack_s=0.01)
    )
    y = bank.render(61 * RATE).astype(np.float64)
    pitch = slow(cents(y, 440.0, RATE)[RATE // 2 : -RATE // 2])
    WANDER_CENTS.hold(np.std(pitch))
    means = np.convolve(pitch, np.ones(200) / 200, "valid")
    WANDER_MEAN.hold(np.abs(means).max())
    level = 10.0 * np.log10(slow(y[RATE // 2 : -RATE // 2] ** 2))
    WANDER_DB.hold(np.std(level))
