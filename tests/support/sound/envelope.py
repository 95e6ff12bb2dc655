"""Spectral envelopes at any pitch, measured at several pitches, so that the harmonics reach every frequency.

One pitch shows the envelope at f0, 2 f0, 3 f0 … only. Every method that estimates the rest (linear prediction, true
envelope) snaps to harmonics when they are far apart. Twenty pitches around the wanted one show all of it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from support.sound.spectrum import Array, harmonics, odd_f0


def swept(sing: Callable[[float], Array], k: int, spread: float = 0.25, steps: int = 21) -> tuple[Array, Array]:
    """(frequencies, levels in dB), sorted, of the harmonics of a voice sung at pitches within ± spread of bin k.

    sing   f0 in Hz -> 65,536 frames or more of a steady voice
    """
    frequencies, levels = [], []
    for odd in sorted({int(k * (1 + x)) // 2 * 2 + 1 for x in np.linspace(-spread, spread, steps)}):
        amplitude = harmonics(sing(odd_f0(odd)), odd)
        frequencies.append(odd_f0(odd) * np.arange(1, len(amplitude) + 1))
        levels.append(20 * np.log10(amplitude + 1e-12))
    hz, level = np.concatenate(frequencies), np.concatenate(levels)
    order = np.argsort(hz)
    return hz[order], level[order]


def peak_near(hz: Array, level_db: Array, target_hz: float, reach_hz: float) -> float:
    """Vertex of the parabola through all points within ± reach of a target; an end of that reach where it has none."""
    near = np.abs(hz - target_hz) < reach_hz
    a, b, _ = np.polyfit(hz[near] - target_hz, level_db[near], 2)
    offset = np.clip(-b / (2 * a), -reach_hz, reach_hz) if a < 0 else np.sign(b) * reach_hz
    return float(target_hz + offset)


def width_met(y: Array, rate: int, centre_hz: float, reach_hz: float) -> float:
    """Full -3 dB width, Hz, of what one harmonic meets as it slowly passes a formant, from 50 ms windows.

    y   a voice whose pitch moves by more than the width, to both sides
    """
    n, bins = rate // 20, 1 << 14
    hz = np.fft.rfftfreq(bins, 1 / rate)
    near = np.abs(hz - centre_hz) < reach_hz
    met = []
    for begin in range(0, len(y) - n, n // 5):
        level = np.log(np.abs(np.fft.rfft(y[begin : begin + n] * np.hanning(n), bins)) + 1e-12)
        k = int(np.argmax(np.where(near, level, -np.inf)))
        a, b, c = level[k - 1 : k + 2]
        if b > max(a, c):  # a peak, and no slope of a harmonic outside
            place = 0.5 * (a - c) / (a - 2 * b + c)
            met.append(((k + place) * rate / bins, 20 / np.log(10) * (b - 0.25 * (a - c) * place)))
    points = np.array(sorted(met))
    grid = np.linspace(points[0, 0], points[-1, 0], 2000)
    smooth = np.convolve(np.pad(np.interp(grid, *points.T), 10, mode="edge"), np.ones(21) / 21, "valid")
    top = int(smooth.argmax())
    low, high = np.flatnonzero(smooth[:top] < smooth[top] - 3.01), np.flatnonzero(smooth[top:] < smooth[top] - 3.01)
    return float(grid[top + high[0]] - grid[low[-1]])
