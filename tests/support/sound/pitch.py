"""The pitch at every frame, from the analytic signal of a voice that has only its fundamental."""

from __future__ import annotations

import numpy as np
from scipy.signal import hilbert
from support.sound.spectrum import Array

from formant_dsp import Vowel

PURE = Vowel((50.0,) * 5, (5.0,) * 5, (0.0, -120.0, -120.0, -120.0, -120.0))
"""One formant at f0 (the least there is), so narrow that with the Poisson kernel harmonic 2 is 2^(-f0/5 Hz)."""


def cents(y: Array, reference_hz: float, rate: int) -> Array:
    """Instantaneous pitch of a pure tone, cents re a reference; float64[len(y)]. Near both ends it is not one."""
    phase = np.unwrap(np.angle(hilbert(y)))
    hz = np.maximum(np.gradient(phase) * rate / (2 * np.pi), 1.0)
    return np.asarray(1200 * np.log2(hz / reference_hz))


def f0_error_cents(y: Array, f0_hz: float, rate: int) -> float:
    """How far a steady voice is from a pitch: phase of its strongest harmonic in two halves of the sound."""
    half = len(y) // 2
    n = np.arange(2 * half)

    def turned(m: int) -> Array:
        return np.asarray(y[: 2 * half] * np.exp(-2j * np.pi * m * f0_hz * n / rate))

    m = max(range(1, 11), key=lambda m: abs(np.sum(turned(m))))
    a, b = (np.sum(part * np.blackman(half)) for part in (turned(m)[:half], turned(m)[half:]))
    return float(1200 * np.log2(1 + np.angle(b * np.conj(a)) / (2 * np.pi * half / rate) / (m * f0_hz)))
