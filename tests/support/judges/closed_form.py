"""The harmonics that the bank must produce, computed in float64 from the formulas of docs/understand/voice.md."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ive
from support.sound.spectrum import Array

from formant_dsp import Vowel
from formant_dsp.model.formant import index_of_width
from formant_dsp.model.params import RANGES

SOURCE_HZ = 50.0
"""Corner of the slope of 6 dB an octave of the residue voice."""

COMPLETE = {"voice": (RANGES["skirt"].default, RANGES["voicing"].default), "modfm": (0.0, 0.0)}
"""Algorithm to its skirt and voicing."""


def lobe(m: NDArray[np.integer[Any]], nu: float, levels: Array) -> Array:
    """Harmonics of a two-carrier lobe with sine carriers: levels[|n|] at distance n, its image at 0 Hz subtracted."""
    n = int(np.floor(nu))
    w = nu - n

    def at(centre: int) -> Array:
        return np.asarray(levels[np.abs(m - centre)] - levels[m + centre])

    return (1 - w) * at(n) + w * at(n + 1)


def voice(
    vowel: Vowel,
    f0: float,
    skirt: float = RANGES["skirt"].default,
    voicing: float = RANGES["voicing"].default,
    resonance: float = 0.5,
    rate: int = 48000,
) -> Array:
    """Amplitudes of harmonics 1, 2, 3 … below half the rate; a formant of level 0 dB peaks at 1.

    With skirt and voicing 0 it is plain ModFM.
    """
    m = np.arange(1, int(rate / 2 / f0))
    far = np.arange(4 * len(m) + 400)
    total = np.zeros(len(m))
    first = 10 ** (vowel.level_db[0] / 20)
    for hz, width, level in zip(vowel.frequency_hz, vowel.bandwidth_hz, vowel.level_db, strict=True):
        nu, beta = max(hz / f0, 1.0), width / f0
        k = float(index_of_width(beta))
        w = nu - np.floor(nu)
        d = min(w, 1 - w)
        rho = max(((1 + (2 * d / beta) ** 2) ** -0.5 / (1 - d)) ** resonance, 10 ** (-24 / 20))
        levels = (1 - skirt) * ive(far, k) / ive(0, k) + skirt * 2.0 ** (-far * f0 / RANGES["skirt_width_hz"].default)
        total += 10 ** (level / 20) * rho * lobe(m, nu, levels)
    gain = voicing * first * vowel.bandwidth_hz[0] / f0 * max(0.0, 1 - (f0 / vowel.frequency_hz[0]) ** 2)
    return np.asarray(np.abs(total + gain * 2.0 ** (-(m - 1) * f0 / RANGES["voicing_width_hz"].default)))


def tract(vowel: Vowel, hz: NDArray[np.floating[Any]]) -> Array:
    """|H(i2πf)| of five resonances in cascade, each 1 at 0 Hz, under a slope of 6 dB an octave: the residue voice."""
    s = 2j * np.pi * np.asarray(hz)
    h = 2 * np.pi * SOURCE_HZ / (s + 2 * np.pi * SOURCE_HZ)
    for centre, width in zip(vowel.frequency_hz, vowel.bandwidth_hz, strict=True):
        pole = -np.pi * width + 2j * np.pi * centre
        h = h * abs(pole) ** 2 / ((s - pole) * (s - pole.conjugate()))
    return np.asarray(np.abs(h))


def rounded(vowel: Vowel) -> Vowel:
    """The vowel as the bank gets it: logarithms in float32."""

    def log(values: tuple[float, ...], unit: float) -> tuple[float, ...]:
        return tuple(float(unit * 2.0 ** np.float64(np.float32(np.log2(v / unit)))) for v in values)

    return Vowel(log(vowel.frequency_hz, 1000.0), log(vowel.bandwidth_hz, 100.0), vowel.level_db)
