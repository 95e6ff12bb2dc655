"""Speed of the bank on this processor: throughput, and the time of a block against its period."""

from __future__ import annotations

import platform
import time
from typing import Any

import numpy as np

from formant_dsp.bank.bank import Bank
from formant_dsp.model.params import HOP, VoiceParams
from formant_dsp.model.vowels import FORMANTS, VowelPath

BUDGET = 0.5
"""Share of a block's period that the bank may use. The rest is for the device, the system and interruptions."""


SINGER = {"air": 1.0, "wander": 1.0, "jitter_percent": 0.4, "shimmer_db": 0.15, "flutter": 20.0, "drift_cents": 6.0}
"""What a natural preset has besides a voice: all of it that goes on while a note is held, except breath."""


def full_bank(voices: int, sample_rate: int, algorithm: str, isa: str | None, **sung: float) -> Bank:
    """A bank in which all voices sound, have vibrato, and differ in pitch and vowel.

    sung    more fields of VoiceParams, as `breath`
    error   RuntimeError when not all voices sound
    """
    bank = Bank(voices=voices, sample_rate=sample_rate, isa=isa, ring_capacity=4096)
    path = VowelPath.sung("tenor")
    for i in range(voices):
        share = i / max(voices - 1, 1)
        params = VoiceParams(
            f0_hz=110.0 * 8.0**share, vowel=path.at(share), algorithm=algorithm, level_db=-20.0, vibrato_cents=30.0,
            **sung,
        )  # fmt: skip
        if not bank.note_on(i + 1, params):
            raise RuntimeError("the ring is too small for so many voices")
    bank.render(sample_rate)
    if bank.active != voices:
        raise RuntimeError(f"{bank.active} of {voices} voices sound")
    return bank


def formant_samples_per_s(
    voices: int, sample_rate: int, algorithm: str, isa: str | None, seconds: float = 1.0, **sung: float
) -> float:
    """Best throughput of one core, samples of formants per second, over `seconds` of wall time.

    It includes the control pass and mixing. `sung`: more fields of VoiceParams.
    """
    bank = full_bank(voices, sample_rate, algorithm, isa, **sung)
    frames = 16 * HOP  # about a millisecond of work: on a busy machine some passes are not interrupted
    out = np.empty(frames, np.float32)
    best, until = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < until:
        began = time.perf_counter()
        bank.render(frames, out)
        best = min(best, time.perf_counter() - began)
    return voices * FORMANTS * frames / best


def block_times_us(
    voices: int, sample_rate: int, algorithm: str, isa: str | None, block_frames: int, blocks: int
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Time of each block, µs: float64[blocks]."""
    bank = full_bank(voices, sample_rate, algorithm, isa)
    out = np.empty(block_frames, np.float32)
    times = np.empty(blocks)
    for i in range(blocks):
        began = time.perf_counter_ns()
        bank.render(block_frames, out)
        times[i] = time.perf_counter_ns() - began
    return times / 1e3


def percentiles(times_us: np.ndarray[Any, np.dtype[np.float64]]) -> dict[str, float]:
    """p50, p99, p99.9 and max."""
    p50, p99, p999 = np.percentile(times_us, [50, 99, 99.9])
    return {
        "p50": round(float(p50), 2),
        "p99": round(float(p99), 2),
        "p99.9": round(float(p999), 2),
        "max": round(float(times_us.max()), 2),
    }


def measure(
    *,
    algorithm: str = "voice",
    isa: str | None = None,
    voices: int = 32,
    block_frames: int = HOP,
    sample_rate: int = 48000,
    seconds: float = 1.0,
) -> dict[str, Any]:
    """One measurement of one core, as `formant-node bench --json` prints it.

    algorithm   of params.ALGORITHMS
    isa         as for a Bank
    voices      voices that sound while blocks are timed
    seconds     wall time of the measurement of throughput, and length of the sound for the percentiles
    """
    throughput = formant_samples_per_s(max(voices, 16), sample_rate, algorithm, isa, seconds)
    blocks = max(1000, int(seconds * sample_rate / block_frames))
    times = block_times_us(voices, sample_rate, algorithm, isa, block_frames, blocks)
    period_us = 1e6 * block_frames / sample_rate
    return {
        "isa": Bank(voices=1, isa=isa).isa,
        "algorithm": algorithm,
        "sample_rate": sample_rate,
        "block_frames": block_frames,
        "formants": FORMANTS,
        "voices": voices,
        "formant_samples_per_s": round(throughput),
        "voices_per_core": int(BUDGET * throughput / (FORMANTS * sample_rate)),
        "budget": BUDGET,
        "block_period_us": round(period_us, 2),
        "block_us": percentiles(times),
        "machine": platform.machine(),
    }
