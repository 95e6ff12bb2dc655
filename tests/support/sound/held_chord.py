"""A check of steady sound: a chord that repeats exactly shows every frame that is lost, doubled, moved or distorted.

All pitches are multiples of one frequency, so the sound repeats after `PERIOD` frames to the last bit of a float. A
frame is broken exactly if it differs from the one a period before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RATE = 48000
PERIOD = 960
"""Frames; every pitch is a multiple of 50 Hz."""
CHORD_HZ = (150.0, 200.0, 250.0, 300.0)
WINDOW = 48
"""1 ms."""
BROKEN_DB = -60.0
"""Differences above that, re the rms of the sound, are broken sound; what is right differs by less than -90 dB."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was heard of a chord that was held all the time.

    seconds      of sound that was looked at
    silent_ms    of these without any sound
    breaks       how often it broke: an interruption, a click, a jump
    phase_jumps  how often it went on at another place of its period
    moved_frames sum of the jumps, each modulo the period
    where_s      when it broke
    worst_db     largest difference of what was not called broken, re the rms
    """

    seconds: float
    silent_ms: float
    breaks: int
    phase_jumps: int
    moved_frames: int
    where_s: tuple[float, ...]
    worst_db: float


def judge(sound: Array, start_s: float = 0.0, end_s: float | None = None) -> Verdict:
    """From `start_s` to `end_s` after the first frame that can be heard; ValueError when that is not there."""
    heard = np.flatnonzero(np.abs(sound) > 1e-4)
    if not len(heard):
        raise ValueError("nothing was heard")
    first = int(heard[0]) + round(start_s * RATE)
    last = len(sound) if end_s is None else int(heard[0]) + round(end_s * RATE)
    part = sound[first:last]
    if len(part) < (last - first) or len(part) < 4 * PERIOD:
        raise ValueError(f"only {len(part) / RATE:.2f} s of sound after {start_s} s")
    blocks = part[: len(part) // WINDOW * WINDOW].reshape(-1, WINDOW)
    level = np.sqrt(np.mean(blocks**2, axis=1))
    rms = float(np.median(_rms_of_periods(sound[int(heard[0]) :])))
    silent = level < rms * 10 ** (BROKEN_DB / 20)
    difference = np.abs(part[PERIOD:] - part[:-PERIOD])
    broken = difference > rms * 10 ** (BROKEN_DB / 20)
    mute = np.zeros(len(part), bool)
    mute[: len(silent) * WINDOW] = np.repeat(silent, WINDOW)
    broken |= mute[PERIOD:]
    # A break is seen twice, as it comes and a period later as it goes: breaks closer than that are one.
    at = np.flatnonzero(broken) + PERIOD
    begins = at[np.flatnonzero(np.diff(at, prepend=-(10**9)) > PERIOD + WINDOW)]
    jumps, lost = _jumps(part, broken)
    quiet = difference[~broken & ~mute[:-PERIOD]]
    return Verdict(
        seconds=len(part) / RATE,
        silent_ms=1000.0 * WINDOW * int(silent.sum()) / RATE,
        breaks=len(begins),
        phase_jumps=jumps,
        moved_frames=lost,
        where_s=tuple(round(start_s + float(frame) / RATE, 3) for frame in begins),
        worst_db=float(20 * np.log10(quiet.max() / rms + 1e-20)) if len(quiet) else -400.0,
    )


def _rms_of_periods(part: Array) -> Array:
    periods = part[: len(part) // PERIOD * PERIOD].reshape(-1, PERIOD)
    rms = np.sqrt(np.mean(periods**2, axis=1))
    return np.asarray(rms[rms > 1e-4])


def _jumps(part: Array, broken: NDArray[np.bool_]) -> tuple[int, int]:
    """How often the place in the period changes between periods that are whole, and by how many frames altogether."""
    template, place, jumps, lost = None, 0, 0, 0
    for start in range(0, len(part) - 2 * PERIOD + 1, PERIOD):
        window = part[start : start + PERIOD]
        if broken[start : start + PERIOD].any() or np.abs(window).max() < 1e-4:
            continue
        spectrum = np.fft.rfft(window)
        if template is None:
            template = np.conj(spectrum)
            continue
        now = int(np.argmax(np.fft.irfft(spectrum * template)))
        if now != place:
            jumps += 1
            lost += (place - now) % PERIOD
            place = now
    return jumps, lost
