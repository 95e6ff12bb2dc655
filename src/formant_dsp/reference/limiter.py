"""The limiter in float64; bank/bounds/limiter.pxd says how it works."""

from __future__ import annotations

import math

import numpy as np

from formant_dsp.model.formant import Array
from formant_dsp.model.params import HOP

CEILING = 0.84


def between_samples(x: Array) -> Array:
    """An upper bound of each hop's peak, including the signal between samples. The bound at a hop's last frame is part
    of the next hop."""
    bend = np.abs(np.diff(np.concatenate(([0.0, 0.0], x)), 2))  # second difference at the previous frame
    level = np.abs(np.concatenate(([0.0], x[:-1]))) + (math.sqrt(2.0) - 1.0) / 2.0 * bend
    return np.asarray(np.maximum(level.reshape(-1, HOP).max(axis=1), np.abs(x).reshape(-1, HOP).max(axis=1)))


def limit(x: Array, sample_rate: int) -> Array:
    """The limiter of the bank over whole hops of sound. It looks one hop ahead and adds no delay here."""
    hops = x.reshape(-1, HOP)
    fast, down, up = (1.0 - math.exp(-HOP / (tau * sample_rate)) for tau in (0.015, 0.07, 0.24))
    need = np.minimum(1.0, CEILING / np.maximum(between_samples(x), 1e-30))
    gain, slow, out = 1.0, 1.0, np.empty_like(hops)
    for h, hop in enumerate(hops):
        both = min(need[h], need[h + 1] if h + 1 < len(hops) else 1.0)
        slow += (both - slow) * (down if both < slow else up)
        node = min(gain + (slow - gain) * fast if gain < slow else slow, both)
        out[h] = hop * (gain + (node - gain) * np.arange(HOP) / HOP)
        gain = node
    return out.reshape(-1)
