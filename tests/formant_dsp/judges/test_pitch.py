"""Judge 7, pitch: as it was asked for, when it is held, when it glides, and when it vibrates."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import curve_fit
from support.judges.judge import Judge, at_most, within
from support.judges.signals import RATE, held, still
from support.sound.pitch import PURE, cents, f0_error_cents
from support.sound.spectrum import Array

from formant_dsp import ALGORITHMS, HOP, Bank, VoiceParams

HELD = Judge(7, "pitch of a held note", "cents", within(0.5), within(0.01))
GLIDE = Judge(
    7, "portamento against its closed form, 5 to 12 semitones in 50 to 300 ms", "cents", at_most(3.0), at_most(1.0),
    why="an octave in 50 ms; within a hop the pitch moves straight in Hz, not in cents",
)  # fmt: skip
RAMP = Judge(
    7, "a finger's glide of an octave a second against a straight line in cents", "cents", at_most(3.0), at_most(1.0)
)
RATE_OF = Judge(7, "vibrato without spread and drift: rate", "%", within(2.0), within(0.5))
EXTENT = Judge(7, "same, extent", "%", within(2.0), within(0.5))
ALIKE = {"vibrato_spread": 0.0, "vibrato_drift_percent": 0.0}


def sung(f0_hz: float, path: list[tuple[int, float]], seconds: float, seed: int = 0, **fields: float) -> Array:
    """A pure tone; path is (frame, Hz)."""
    bank = Bank(voices=2, ring_capacity=8192, seed=seed)

    def params(hz: float) -> VoiceParams:
        return still(f0_hz=hz, vowel=PURE, algorithm="poisson", **fields)

    assert bank.note_on(1, params(f0_hz))
    for frame, hz in path:
        assert bank.update(1, params(hz), frame=frame)
    return bank.render(int(seconds * RATE)).astype(np.float64)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_held_note_is_in_tune(algorithm: str) -> None:
    for f0 in (85.0, 110.0, 150.0, 220.0, 330.0, 440.0, 880.0, 1234.5):
        HELD.hold(f0_error_cents(held(still(f0_hz=f0, algorithm=algorithm)), f0, RATE), (algorithm, f0))


@pytest.mark.parametrize("portamento_s", [0.05, 0.1, 0.3])
@pytest.mark.parametrize("ratio", [2.0, 0.5, 0.75])
def test_portamento_follows_its_law(portamento_s: float, ratio: float) -> None:
    """Critically damped in log f0: 1 − (1 + t/τ) e^(−t/τ), 10 to 90 % in 3.357 τ. Sung high: a pitch needs periods."""
    y = sung(880.0, [(RATE // 2, 880.0 * ratio)], 1.5, portamento_s=portamento_s)
    got = cents(y, 880.0, RATE)[RATE // 4 : RATE * 5 // 4]
    t = np.maximum(np.arange(RATE // 4, RATE * 5 // 4) / RATE - 0.5, 0.0) / (portamento_s / 3.357)
    want = 1200 * np.log2(ratio) * (1 - (1 + t) * np.exp(-t))
    GLIDE.hold(np.abs(got - want).max(), (portamento_s, ratio))


def test_a_glide_of_a_finger_is_straight_in_cents() -> None:
    path = [(RATE // 2 + i * HOP, 440.0 * 2.0 ** (i * HOP / RATE)) for i in range(RATE // HOP)]
    got = cents(sung(440.0, path, 1.7), 440.0, RATE)[int(0.6 * RATE) : int(1.4 * RATE)]
    t = np.arange(len(got)) / RATE
    slope, start = np.polyfit(t, got, 1)
    RAMP.hold(np.abs(got - (start + slope * t)).max())
    assert slope == pytest.approx(1200.0, abs=0.5)
    assert 0.0 < 0.1 - start / 1200.0 < 0.02  # twice the smoothing time of 6 ms behind the finger, and a hop


def test_vibrato_has_its_rate_and_its_extent() -> None:
    """Rate and extent of a sine fitted to the cents track."""
    for seed in range(8):
        hz, depth = (5.8, 50.0) if seed % 2 else (6.5, 100.0)
        y = sung(440.0, [], 4.0, seed, vibrato_cents=depth, vibrato_hz=hz, **ALIKE)
        got = cents(y, 440.0, RATE)[RATE : 4 * RATE - RATE // 8][::8]
        t = np.arange(len(got)) * 8 / RATE
        spectrum = np.abs(np.fft.rfft(got * np.hanning(len(got)), 16 * len(got)))
        near = np.fft.rfftfreq(16 * len(got), 8 / RATE)[np.argmax(spectrum)]

        def wave(t: Array, a: float, b: float, f: float, offset: float) -> Array:
            return a * np.sin(2 * np.pi * f * t) + b * np.cos(2 * np.pi * f * t) + offset

        (a, b, f, _), _ = curve_fit(wave, t, got, p0=(depth, 0.0, near, 0.0))
        RATE_OF.hold(100 * (f / hz - 1), seed)
        EXTENT.hold(100 * (np.hypot(a, b) / depth - 1), seed)


def test_a_wrong_pitch_is_found_by_these_judges() -> None:
    y = held(still(f0_hz=220.0))
    assert f0_error_cents(y, 220.0 * 2 ** (-1 / 1200), RATE) == pytest.approx(1.0, abs=0.001)
    assert cents(sung(440.0, [], 1.0), 440.0 * 2 ** (5 / 1200), RATE)[RATE // 2] == pytest.approx(-5.0, abs=0.01)
