"""Figures of a pair: loudness, true peak, how far apart to the ear, what is above the voice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyloudnorm
from numpy.typing import NDArray
from support.sound.excitation import distance, pattern_db
from support.sound.loudness import true_peak_db
from support.sound.spectrum import high_band_db

Array = NDArray[np.float64]
RATE = 48000
TARGET_LUFS = -23.0
"""Where both sounds of a pair are brought: EBU R 128."""
HIGH_HZ = 9000.0


@dataclass(frozen=True)
class Figures:
    """Of one sound. lufs as rendered; peak after it was brought to TARGET_LUFS."""

    lufs: float
    peak_dbtp: float
    high_db: float


def mono(y: Array) -> Array:
    return y if y.ndim == 1 else np.asarray(y.mean(axis=1))


def lufs(y: Array) -> float:
    return float(pyloudnorm.Meter(RATE).integrated_loudness(y))


def matched(y: Array) -> tuple[Array, Figures]:
    """The sound at TARGET_LUFS, or softer where its true peak would pass -1 dBTP; and its figures."""
    loud = lufs(y)
    out = y * 10 ** ((TARGET_LUFS - loud) / 20)
    peak = max(true_peak_db(channel) for channel in np.atleast_2d(out.T))
    if peak > -1.0:
        raise ValueError(
            f"a peak of {peak:.1f} dBTP at {TARGET_LUFS} LUFS: lower TARGET_LUFS, or the pair is not equally loud"
        )
    return out, Figures(loud, peak, high_band_db(mono(y), RATE, HIGH_HZ))


def apart(a: Array, b: Array) -> float:
    """D of two sounds that are equally loud: 2.4 is one JND of trained ears, 4.3 of others."""
    return distance(pattern_db(mono(a), RATE), pattern_db(mono(b), RATE))
