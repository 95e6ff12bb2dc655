"""The formant model in float64: from centre, width and pitch to index and gains of a lobe.

`control_loops.pxd` computes the same in float32 over rows of voices; `reference.py` uses this file. f0, F, B, W in Hz,
ν = F/f0 (centre in harmonics), β = B/f0 (width in harmonics).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def index_of_width(beta: ArrayLike) -> Array:
    """ModFM index k (radians) of a lobe of full -3 dB width β; at most 1000.

    error   0.95 % at most for 0.05 <= β <= 40, against I_1(k)/I_0(k) = (1 + 4/β²)^(-1/2) below β = 2 (the first
            neighbour is as loud as that of a resonance) and half power at ±β/2 above
    """
    b = np.asarray(beta, np.float64)
    wide = b * b / (4.0 * np.log(2.0)) + 0.4427 + 0.66 / np.maximum(b, 1e-9) ** 2
    return np.minimum(np.where(b < 2.0, b + 0.0019 * b**5, wide), 1000.0)


def i0e(k: ArrayLike) -> Array:
    """e^-k I_0(k) for k >= 0: level of the centre harmonic of e^{k(cos θ - 1)}; relative error below 1e-12."""
    x = np.asarray(k, np.float64)
    small = np.minimum(x, 300.0)
    near = np.i0(small) * np.exp(-small)
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

    I = sqrt(k·I_1(2k)/I_0(2k)), the ratio taken as x/(½ + sqrt(x² + 9/4)) with x = 2k: 2.3 % too small in I at most.
    Beyond 1.3 the carrier fades and the lobe splits.
    """
    x = 2.0 * np.asarray(k, np.float64)
    return np.asarray(np.minimum(np.sqrt(0.5 * x * x / (0.5 + np.sqrt(x * x + 2.25))), 1.3))


def j0(index: ArrayLike) -> Array:
    """J_0 for 0 <= index <= 1.3: level of the carrier of a classic FM pair; error below 3e-6."""
    r = 0.25 * np.asarray(index, np.float64) ** 2
    return np.asarray(1.0 - r * (1.0 - r * (0.25 - r / 36.0)))


def poisson_ratio(f0_hz: ArrayLike, width_hz: ArrayLike) -> Array:
    """r of the Poisson kernel Σ r^|n| e^{inθ} that is -3 dB at half the width: 2^(-f0/W), exact."""
    return np.asarray(2.0 ** (-np.asarray(f0_hz, np.float64) / np.asarray(width_hz, np.float64)))


def resonance_gain(nu: ArrayLike, beta: ArrayLike, share: ArrayLike) -> Array:
    """Gain of a lobe whose centre lies between harmonics: 1 for share 0, that of a resonance for share 1; >= -24 dB."""
    n = np.asarray(nu, np.float64)
    w = n - np.floor(n)
    d = np.minimum(w, 1.0 - w)
    log2 = -0.5 * np.log2(1.0 + (2.0 * d / np.asarray(beta, np.float64)) ** 2) - np.log2(1.0 - d)
    return np.asarray(2.0 ** np.maximum(np.asarray(share, np.float64) * log2, -3.9863))


def fade(end: ArrayLike) -> Array:
    """Gain of a lobe whose last 80 dB end at this share of sample_rate/2: 1 up to 15/16, 0 from 1 on."""
    u = np.clip(16.0 * np.asarray(end, np.float64) - 15.0, 0.0, 1.0)
    return 1.0 - u * u * (3.0 - 2.0 * u)


def reach(k: ArrayLike) -> Array:
    """How many harmonics from its centre a lobe of index k has surely fallen by 80 dB, one to four to spare."""
    return np.asarray(1.7122 / i0e(k) + 3.0)


_HAWKS_MILLER = (
    (165.327516, -6.73636734e-1, 1.80874446e-3, -4.52201682e-6, 7.49514000e-9, -4.70219241e-12),
    (15.8146139, 8.10159009e-2, -9.79728215e-5, 5.28725064e-8, -1.07099364e-11, 7.91528509e-16),
)


def hawks_miller_bandwidth(formant_hz: ArrayLike, f0_hz: float = 132.0) -> Array:
    """Bandwidth in Hz of a formant at a frequency up to about 5 kHz (Hawks & Miller, JASA 97, 1995)."""
    f = np.asarray(formant_hz, np.float64)
    low, high = (sum(c * f**i for i, c in enumerate(row)) for row in _HAWKS_MILLER)
    return np.asarray((1.0 + 0.25 * (f0_hz - 132.0) / 88.0) * np.where(f < 500.0, low, high))
