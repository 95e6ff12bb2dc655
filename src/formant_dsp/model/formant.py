"""The formant model in float64: from centre, width and pitch to index and gains of a lobe.

`control_loops.pxd` computes the same in float32 over rows of voices; `reference/` uses this file. f0, F, B, W are in
Hz; ν = F/f0 is the centre in harmonics, β = B/f0 the width in harmonics. Every function works element by element on
arrays of any shape and returns float64.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
_COS_LESS_1 = np.cos((np.arange(80) + 0.5) * np.pi / 80.0) - 1.0


def index_of_width(beta: ArrayLike) -> Array:
    """ModFM index k (radians) of a lobe of full -3 dB width β; at most 1000.

    error   0.95 % at most for 0.05 <= β <= 40. The exact law is I_1(k)/I_0(k) = (1 + 4/β²)^(-1/2) below β = 2: the
            first neighbour is as loud as that of a resonance. Above β = 2 it is half power at ±β/2
    """
    b = np.asarray(beta, np.float64)
    wide = b * b / (4.0 * np.log(2.0)) + 0.4427 + 0.66 / np.maximum(b, 1e-9) ** 2
    return np.minimum(np.where(b < 2.0, b + 0.0019 * b**5, wide), 1000.0)


def i0e(k: ArrayLike) -> Array:
    """e^-k I_0(k) for k >= 0: level of the centre harmonic of e^{k(cos θ - 1)}; relative error below 1e-12."""
    x = np.asarray(k, np.float64)
    # The mean of e^{k(cos θ - 1)}: at 160 places of a turn, of which 80 are enough, it is off by 2·I_160(k)/I_0(k).
    near = np.exp(np.minimum(x, 300.0)[..., None] * _COS_LESS_1).mean(axis=-1)
    z = 1.0 / (8.0 * np.maximum(x, 1.0))
    series = 1.0 + z * (1.0 + z * (9.0 / 2.0 + z * (225.0 / 6.0 + z * 11025.0 / 24.0)))
    return np.where(x < 300.0, near, series / np.sqrt(2.0 * np.pi * np.maximum(x, 1.0)))


def lobe_power(k: ArrayLike) -> Array:
    """Σ a_n² of a ModFM lobe with a_0 = 1, which is I_0(2k)/I_0(k)², for k <= 1000; error 0.01 dB at most."""
    x = np.asarray(k, np.float64)
    over = 1.0011269 + x * (0.8351591 + x * (0.12810729 + x * 1.52669944))
    under = 1.0 + x * (1.89890322 + x * (0.21243932 + x * 2.16162866))
    return np.asarray(over / under / i0e(x))


def classic_index(k: ArrayLike) -> Array:
    """Index I (radians) of the classic FM pair that is as wide (rms) as ModFM of index k; at most 1.3.

    I = sqrt(k·I_1(2k)/I_0(2k)). The ratio is approximated by x/(½ + sqrt(x² + 9/4)) with x = 2k; this makes I at most
    2.3 % too small. Beyond 1.3 the carrier fades and the lobe splits.
    """
    x = 2.0 * np.asarray(k, np.float64)
    return np.asarray(np.minimum(np.sqrt(0.5 * x * x / (0.5 + np.sqrt(x * x + 2.25))), 1.3))


def j0(index: ArrayLike) -> Array:
    """J_0 for 0 <= index <= 1.3: level of the carrier of a classic FM pair; error below 3e-6."""
    r = 0.25 * np.asarray(index, np.float64) ** 2
    return np.asarray(1.0 - r * (1.0 - r * (0.25 - r / 36.0)))


def poisson_ratio(f0_hz: ArrayLike, width_hz: ArrayLike) -> Array:
    """r of the Poisson kernel Σ r^|n| e^{inθ} that is -3 dB at half its width W: 2^(-f0/W), exact."""
    return np.asarray(2.0 ** (-np.asarray(f0_hz, np.float64) / np.asarray(width_hz, np.float64)))


def resonance_gain(nu: ArrayLike, beta: ArrayLike, share: ArrayLike) -> Array:
    """Gain of a lobe whose centre lies between harmonics, at least -24 dB.

    share   0: gain 1; 1: the gain of a resonance; below 0: its inverse, at most 24 dB
    """
    n = np.asarray(nu, np.float64)
    w = n - np.floor(n)
    d = np.minimum(w, 1.0 - w)
    log2 = -0.5 * np.log2(1.0 + (2.0 * d / np.asarray(beta, np.float64)) ** 2) - np.log2(1.0 - d)
    return np.asarray(2.0 ** np.clip(np.asarray(share, np.float64) * log2, -3.9863, 3.9863))


def fade(end: ArrayLike) -> Array:
    """Gain of a lobe near sample_rate/2: 1 up to end = 15/16, 0 from end = 1.

    end   frequency at which the lobe has fallen by 80 dB, as a share of sample_rate/2
    """
    u = np.clip(16.0 * np.asarray(end, np.float64) - 15.0, 0.0, 1.0)
    return 1.0 - u * u * (3.0 - 2.0 * u)


def reach(k: ArrayLike) -> Array:
    """Distance from its centre, in harmonics, at which a lobe of index k has fallen by 80 dB; 1 … 4 too large."""
    return np.asarray(1.7122 / i0e(k) + 3.0)


def reach_of_first(k: ArrayLike) -> Array:
    """As `reach`, but a simpler formula that is up to 15 % larger: from there on the first formant becomes narrow."""
    x = np.asarray(k, np.float64)
    return np.asarray(1.7122 * np.sqrt(1.0 + 2.0 * x + 2.0 * np.pi * x * x / (1.0 + x)) + 3.0)


_HAWKS_MILLER = (
    (165.327516, -6.73636734e-1, 1.80874446e-3, -4.52201682e-6, 7.49514000e-9, -4.70219241e-12),
    (15.8146139, 8.10159009e-2, -9.79728215e-5, 5.28725064e-8, -1.07099364e-11, 7.91528509e-16),
)


def hawks_miller_bandwidth(formant_hz: ArrayLike, f0_hz: float = 132.0) -> Array:
    """Bandwidth, Hz, of formants at frequencies up to about 5 kHz (Hawks & Miller, JASA 97, 1995)."""
    f = np.asarray(formant_hz, np.float64)
    low, high = (sum(c * f**i for i, c in enumerate(row)) for row in _HAWKS_MILLER)
    return np.asarray((1.0 + 0.25 * (f0_hz - 132.0) / 88.0) * np.where(f < 500.0, low, high))
