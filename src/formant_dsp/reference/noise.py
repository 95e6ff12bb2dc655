"""The randomness of a voice in float64: a hash, and noise made of it. The formulas of kernels/noise.pxd."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def mix32(a: int, b: int) -> int:
    """The hash of noise.pxd."""
    h = (a * 0x9E3779B9 + b * 0x85EBCA6B + 0x27220A95) & 0xFFFFFFFF
    h ^= h >> 16
    h = h * 0x85EBCA6B & 0xFFFFFFFF
    h ^= h >> 13
    h = h * 0xC2B2AE35 & 0xFFFFFFFF
    return h ^ h >> 16


def white(seed: int, i: int) -> float:
    """A uniform value in -1 … 1."""
    return mix32(seed, i & 0xFFFFFFFF) / 2.0**31 - 1.0


def whites(seed: int, i: NDArray[np.int64]) -> NDArray[np.float64]:
    """The same at several places, float64 of the shape of `i`."""
    mask = np.uint64(0xFFFFFFFF)
    fixed = np.uint64((seed * 0x9E3779B9 + 0x27220A95) & 0xFFFFFFFF)
    h = (fixed + (i.astype(np.uint64) & mask) * np.uint64(0x85EBCA6B)) & mask
    h ^= h >> np.uint64(16)
    h = h * np.uint64(0x85EBCA6B) & mask
    h ^= h >> np.uint64(13)
    h = h * np.uint64(0xC2B2AE35) & mask
    return np.asarray((h ^ h >> np.uint64(16)) / 2.0**31 - 1.0)


def spline_noise(seed: int, t: float) -> float:
    """Cubic B-spline over white values at whole t, rms 1."""
    i = math.floor(t)
    u = t - i
    weights = ((1 - u) ** 3, 3 * u**3 - 6 * u**2 + 4, -3 * u**3 + 3 * u**2 + 3 * u + 1, u**3)
    return sum(w * white(seed, i - 1 + k) for k, w in enumerate(weights)) * 2.5026087 / 6.0


def spline_slope(seed: int, t: float) -> float:
    """Derivative of spline_noise by t."""
    i = math.floor(t)
    u = t - i
    weights = (-((1 - u) ** 2), 3 * u**2 - 4 * u, 1 + 2 * u - 3 * u**2, u**2)
    return sum(w * white(seed, i - 1 + k) for k, w in enumerate(weights)) * 2.5026087 / 2.0


def bell(seed: int, i: int) -> float:
    """An approximately normal value: a sum of three uniform ones."""
    return white(seed, 3 * i) + white(seed, 3 * i + 1) + white(seed, 3 * i + 2)
