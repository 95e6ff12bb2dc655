"""The band above 5.5 kHz in float64: one wide lobe and its square; kernels/air_loops.pxd has the formulas."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from formant_dsp.model import formant
from formant_dsp.model.formant import Array

B1, JITTER, BREATH, TILT, AIR, AIR_HZ = 5, 23, 27, 32, 35, 36
WIDTH = 0.42424242
"""Width of the lower lobe re its centre."""


class Air(NamedTuple):
    """The high band of one voice at one end of a hop, or ramped along the last axis.

    nu, k          centre in harmonics and ModFM index of the lower lobe
    lobe, square   gains of the lobe and of its square
    noise          gain of the white floor that stands for it in a voice without jitter, and a share in one with breath
    """

    nu: Array
    k: Array
    lobe: Array
    square: Array
    noise: Array


def dimming(khz: float, tilt_db: float) -> float:
    """Gain at a frequency of a one-pole low-pass of `tilt_db` at 3 kHz. Below 0: the source's own pole of 12.4 dB there
    becomes one of 12.4 dB and `tilt_db`."""
    if tilt_db >= 0.0:
        return 1.0 / math.sqrt(1.0 + khz * khz * (10.0 ** (tilt_db / 10.0) - 1.0) / 9.0)
    neutral, bright = ((10.0 ** (db / 10.0) - 1.0) / 9.0 for db in (12.4, 12.4 + tilt_db))
    return math.sqrt((1.0 + khz * khz * neutral) / (1.0 + khz * khz * bright))


def floor_of_density(sample_rate: float) -> float:
    """Gain of the white floor re the square root of its power per Hz at 8 kHz: the noise is 16 sin cos³ of πf/f_s."""
    turn = math.pi * min(8000.0 / sample_rate, 1.0 / 3.0)
    return math.sqrt(sample_rate * 3.0 / 512.0) / (math.sin(turn) * math.cos(turn) ** 3)


def air(x: Array, first: float, f0: float, sample_rate: int, dim_db: float) -> Air:
    """The high band at the end of a hop.

    x        smoothed parameters, float64[ROWS]
    first    amplitude of the first formant's peak
    f0       Hz
    dim_db   onset tilt, dB at 3 kHz
    """
    khz, f1, b1 = 2.0 ** x[AIR_HZ], 2.0 ** x[0], 0.1 * 2.0 ** x[B1]
    wide, inv = WIDTH * khz, 1000.0 / f0
    nu = max(khz * inv, 1.0)
    k = formant.index_of_width(wide * inv)
    less = (10.0 ** (min(max(12.4 + x[TILT], 0.4), 32.4) / 10.0) - 1.0) / 9.0
    amp = x[AIR] * first * 2.0 * b1 * math.sqrt(1.0 + f1 * f1 * less)
    below, above = (amp / (hz * math.sqrt(1.0 + hz * hz * less)) * dimming(hz, dim_db) for hz in (khz, 2.0 * khz))
    per_half = 2000.0 / sample_rate
    below *= float(formant.fade(((nu + 1.0) / inv + 2.6 * wide) * per_half))
    above *= float(formant.fade(((2.0 * nu + 2.0) / inv + 2.8 * wide) * per_half))
    still = max(1.0 - x[JITTER] / 0.3, min(175.0 * x[BREATH], 0.35))
    noise = still * below * math.sqrt(0.5 / f0) * floor_of_density(sample_rate)
    return Air(np.array(nu), k, below / formant.i0e(k), above / formant.i0e(2.0 * k), np.array(noise))


def sound(phase: Array, rows: Air) -> Array:
    """The lobe and its square, float64[frames], at phases in 2^-32 turns; rows are ramped along the last axis."""
    theta = 2.0 * np.pi * phase / 2.0**32
    n = np.floor(rows.nu)
    w = rows.nu - n
    carrier = 2.0 * np.pi * ((n.astype(np.int64) * phase) % 2**32) / 2.0**32
    z = np.exp(rows.k * (np.cos(theta) - 1.0)) * ((1 - w) * np.exp(1j * carrier) + w * np.exp(1j * (carrier + theta)))
    return np.asarray(rows.lobe * z.imag + rows.square * (z * z).imag)
