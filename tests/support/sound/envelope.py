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
