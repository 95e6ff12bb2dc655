"""NumPy: the same formula as array arithmetic in float32, all voices and formants of a hop at once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from work import HOP, RATE, Audio, Peer, timed, trajectories


def _render(voices: int, hops: int, hold_f0: float | None = None) -> Iterator[Audio]:
    rows = {name: row.astype(np.float32) for name, row in trajectories(voices, hops, hold_f0).items()}
    i = np.arange(HOP, dtype=np.float32)
    two_pi = np.float32(2 * np.pi)
    phase = np.zeros(voices, np.float32)
    for h in range(hops):

        def ramp(name: str, h: int = h) -> Audio:
            a, b = rows[name][h], rows[name][h + 1]
            return np.asarray(a[..., None] + (b - a)[..., None] * (i / np.float32(HOP)))

        increments = ramp("increment").cumsum(axis=-1, dtype=np.float32)
        turns = (phase[:, None] + increments) % np.float32(1)
        phase = turns[:, -1]
        theta = (two_pi * turns)[:, None, :]
        nu = ramp("nu")
        n = np.floor(nu)
        w = nu - n
        pulse = ramp("gain") * np.exp(ramp("k") * (np.cos(theta) - np.float32(1)))
        carrier = n * theta
        yield (pulse * ((1 - w) * np.sin(carrier) + w * np.sin(carrier + theta))).sum(axis=(0, 1))


def _seconds_for(voices: int, seconds: float) -> float:
    hops = round(seconds * RATE / HOP)
    return timed(lambda: sum(1 for _ in _render(voices, hops)))


def _listen(f0: float, seconds: float) -> Audio:
    return np.concatenate(list(_render(1, round(seconds * RATE / HOP), f0)))


def peers() -> list[Peer]:
    """One: nothing to install beyond what the bank needs."""
    return [Peer("NumPy", _seconds_for, _listen, "float32 arrays of a whole hop; sine and exp of NumPy", python=True)]
