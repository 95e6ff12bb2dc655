"""One hop of the residue voice in plain float64 (laws: residue.pxd, harmonics.pxd)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from formant_dsp.formant import Array

Harmonics = NDArray[np.complex128]


class Tract:
    """As the sum of its poles, or at high pitch, where both ends of the hop have them, of its harmonics.

    past, following   rows (ν, decay, gain, phase in turns) of five pole pairs, (decay, mean, gain) of the real ones
    """

    def __init__(self, past: tuple[Array, ...], following: tuple[Array, ...], start: Harmonics, end: Harmonics) -> None:
        self.start, self.end = start, end
        self.high = start.size > 0 and end.size > 0
        nu, k, gain, turns, decay, _, real = (0.5 * (p + q) for p, q in zip(past, following, strict=True))
        closed = gain * (np.exp(k) * np.cos(2 * np.pi * (nu + turns)) - np.cos(2 * np.pi * turns))
        self.gap = float(closed.sum() + np.sum(real * np.expm1(decay)))

    @property
    def begun(self) -> Tract:
        """The same at the beginning of the hop."""
        still = Tract.__new__(Tract)
        still.start = still.end = self.start
        still.high, still.gap = self.high, 0.0
        return still

    def sound(self, period: Array, rows: tuple[Array, ...]) -> Array:
        """At phases in turns, 0 … 1; rows ramped along the last axis."""
        at = np.arange(len(period)) / len(period)
        if self.high:
            m = np.arange(1, len(self.start) + 1)[:, None]
            lines = self.start[:, None] + (self.end - self.start)[:, None] * at
            return np.asarray(np.sum(lines * np.exp(2j * np.pi * m * period), axis=0).real)
        nu, k, gain, turns, decay, mean, real = rows
        pairs = gain * np.exp(k * period) * np.cos(2 * np.pi * (nu * period + turns))
        sound = pairs.sum(axis=0) + np.sum(real * np.exp(decay * period), axis=0) - mean
        return np.asarray(sound - self.gap * 4.0 * at * (1.0 - at) * (period - 0.5))
