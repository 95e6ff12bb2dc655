"""The work that every peer is given: so many voices of five formants, f0 and vowel moving, mono at 48 kHz, one core."""

from __future__ import annotations

import resource
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RATE, HOP, FORMANTS = 48000, 64, 5
VOICES = 32
VIBRATO_CENTS, VIBRATO_HZ = 30.0, 5.5
VOWEL_HZ = 0.5
"""The vowel swings between the two rows of CENTRE_HZ this often a second."""
CENTRE_HZ = ((650.0, 1080.0, 2650.0, 2900.0, 3250.0), (290.0, 1870.0, 2800.0, 3250.0, 3540.0))
WIDTH_HZ = (60.0, 80.0, 110.0, 130.0, 150.0)
LEVEL_DB = (0.0, -8.0, -12.0, -16.0, -22.0)
GAIN = tuple(10.0 ** (level / 20.0) for level in LEVEL_DB)

Audio = NDArray[np.float32]


class NotInstalled(Exception):
    """One word or two on what is missing."""


@dataclass(frozen=True)
class Peer:
    """One way of making the voices.

    seconds_for  processor time that `seconds` of sound of `voices` voices take
    listen       one voice of constant f0 and vowel, for the check that there is a voice at all
    differs      from the bank: what is more, less or other
    python       it is driven from Python, sample loops included
    """

    name: str
    seconds_for: Callable[[int, float], float]
    listen: Callable[[float, float], Audio]
    differs: str
    python: bool = False


def base_f0(voice: int, voices: int) -> float:
    """110 … 440 Hz over the voices."""
    return float(110.0 * 4.0 ** (voice / max(voices - 1, 1)))


def harmonic_share(y: NDArray[np.floating], f0: float) -> float:
    """Share of the power within 8 Hz of harmonics of f0: 1 for a steady voice, 0.1 for noise."""
    y = y[len(y) // 4 :].astype(np.float64)
    power = np.abs(np.fft.rfft((y - y.mean()) * np.hanning(len(y)))) ** 2
    f = np.fft.rfftfreq(len(y), 1 / RATE)
    near = np.abs(f - f0 * np.maximum(np.round(f / f0), 1)) < 8.0
    return float(power[near].sum() / max(power.sum(), 1e-30))


def check(peer: Peer) -> None:
    """RuntimeError unless the peer sings 220 Hz, that is: neither 110 nor 440, and with formants."""
    y = peer.listen(220.0, 1.0)
    if not np.isfinite(y).all() or np.abs(y).max() < 1e-4:
        raise RuntimeError(f"{peer.name} is silent")
    if harmonic_share(y, 220.0) < 0.9 or harmonic_share(y, 440.0) > 0.97:
        raise RuntimeError(f"{peer.name} does not sing 220 Hz")


def _spent() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def timed(call: Callable[[], object]) -> float:
    """Processor time of a call and of the programs it runs, s: what else the machine does is not in it."""
    began = _spent()
    call()
    return _spent() - began


def trajectories(voices: int, hops: int, hold_f0: float | None = None) -> dict[str, NDArray[np.float64]]:
    """ModFM parameters at the borders of hops: increment (turns) [hops+1, voices]; nu, k, gain [hops+1, voices, 5]."""
    t = np.arange(hops + 1)[:, None] * HOP / RATE
    if hold_f0 is not None:
        f0, share = np.full((hops + 1, voices), hold_f0), np.zeros((hops + 1, voices))
    else:
        base = np.array([base_f0(v, voices) for v in range(voices)])
        start = np.arange(voices) / voices
        f0 = base * 2.0 ** (VIBRATO_CENTS / 1200.0 * np.sin(2 * np.pi * (VIBRATO_HZ * t + start)))
        share = 0.5 - 0.5 * np.cos(2 * np.pi * (VOWEL_HZ * t + start))
    centre = np.exp2(np.log2(CENTRE_HZ[0]) + share[..., None] * (np.log2(CENTRE_HZ[1]) - np.log2(CENTRE_HZ[0])))
    beta = np.array(WIDTH_HZ) / f0[..., None]
    k = np.where(beta < 2.0, beta, beta**2 / (4 * np.log(2)) + 0.4427)
    gain = np.broadcast_to(np.array(GAIN) * 0.1, k.shape)
    return {"increment": f0 / RATE, "nu": np.maximum(centre / f0[..., None], 1.0), "k": k, "gain": gain}
