"""One hop of the residue voice in float64; residue.pxd and harmonics.pxd have the formulas."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from formant_dsp.model.formant import Array

Harmonics = NDArray[np.complex128]
JUMP_GAP, JUMP_NU = 1e-3, 0.01
"""From this step at the end of a period, or this relative change of a centre, on a hop fades from its first sound into
its last one (crossing.pxd)."""


class Tract:
    """The residue voice over a hop: a sum of poles, or of harmonics where both ends of the hop have them.

    past, following   rows at both ends: (ν, decay, gain, phase in turns) of five pole pairs, (decay, mean, gain) of the
                      real ones
    start, end        harmonics at both ends; empty below HARMONICS_HZ
    """

    def __init__(self, past: tuple[Array, ...], following: tuple[Array, ...], start: Harmonics, end: Harmonics) -> None:
        self.start, self.end = start, end
        self.high = start.size > 0 and end.size > 0
        self.ends = past, following
        nu, k, gain, turns, decay, _, real = (0.5 * (p + q) for p, q in zip(past, following, strict=True))
        closed = gain * (np.exp(k) * np.cos(2 * np.pi * (nu + turns)) - np.cos(2 * np.pi * turns))
        self.gap = float(closed.sum() + np.sum(real * np.expm1(decay)))
        moved = np.abs(following[0] - past[0]) > JUMP_NU * past[0]
        self.jumps = not self.high and (abs(self.gap) > JUMP_GAP or bool(np.any(moved)))

    def stands(self, end: int) -> Tract:
        """The voice as it is at the start (0) or the end (1) of the hop, without change."""
        still = Tract.__new__(Tract)
        still.start = still.end = self.end if end else self.start
        still.ends = self.ends[end], self.ends[end]
        still.high, still.gap, still.jumps = self.high, 0.0, False
        return still

    @property
    def begun(self) -> Tract:
        """The voice as it is at the start of the hop, without change."""
        return self.stands(0)

    def sound(self, period: Array, rows: tuple[Array, ...]) -> Array:
        """The sound, float64[frames], at phases `period` in turns, 0 … 1; rows are ramped along the last axis."""
        at = np.arange(len(period)) / len(period)
        if self.high:
            m = np.arange(1, len(self.start) + 1)[:, None]
            lines = self.start[:, None] + (self.end - self.start)[:, None] * at
            return np.asarray(np.sum(lines * np.exp(2j * np.pi * m * period), axis=0).real)
        if self.jumps:
            first, last = (_poles(period, tuple(row[..., None] for row in end)) for end in self.ends)
            return np.asarray(first + (last - first) * at)
        return np.asarray(_poles(period, rows) - self.gap * 4.0 * at * (1.0 - at) * (period - 0.5))


def _poles(period: Array, rows: tuple[Array, ...]) -> Array:
    nu, k, gain, turns, decay, mean, real = rows
    pairs = gain * np.exp(k * period) * np.cos(2 * np.pi * (nu * period + turns))
    return np.asarray(pairs.sum(axis=0) + np.sum(real * np.exp(decay * period), axis=0) - mean)
