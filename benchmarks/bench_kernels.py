"""How many formant samples a second does one core make, per instruction set and algorithm, against NumPy in one run?

The peer is the same sound as array arithmetic in NumPy float32 (the best that needs no compiler); both make one hop of
all voices at a time. extra_info carries formant samples a second, best of all rounds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from formant_dsp import ALGORITHMS, HOP, isas
from formant_dsp.bank.bench import full_bank
from formant_dsp.model.vowels import FORMANTS

VOICES = 64
HOPS = 32
RATE = 48000


@pytest.mark.benchmark(group="kernels")
@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("isa", isas())
def test_bank(benchmark: Any, isa: str, algorithm: str) -> None:
    bank = full_bank(VOICES, RATE, algorithm, isa)
    out = np.empty(HOPS * HOP, np.float32)
    bank.render(len(out), out)
    assert bank.isa == isa
    assert bank.active == VOICES
    assert np.isfinite(out).all()
    assert np.abs(out).max() > 0.01
    benchmark(bank.render, len(out), out)
    _note(benchmark, HOPS * HOP, isa)


@pytest.mark.benchmark(group="kernels")
def test_numpy_modfm(benchmark: Any) -> None:
    """Plain ModFM in NumPy, all voices and formants of a hop in one array expression."""
    rng = np.random.default_rng(1)
    i = np.arange(HOP, dtype=np.float32)
    nu = rng.uniform(3, 30, (VOICES, FORMANTS, 1)).astype(np.float32)
    n = np.floor(nu)
    w = (nu - n).astype(np.float32)
    k = rng.uniform(0.5, 5, (VOICES, FORMANTS, 1)).astype(np.float32)
    step = rng.uniform(0.002, 0.02, (VOICES, 1, 1)).astype(np.float32)
    two_pi = np.float32(2 * np.pi)

    def hop() -> np.ndarray:
        theta = two_pi * np.mod(step * i, 1)
        carrier = two_pi * np.mod(n * step * i, 1)
        pulse = np.exp(k * (np.cos(theta) - 1))
        return np.asarray((pulse * ((1 - w) * np.sin(carrier) + w * np.sin(carrier + theta))).sum(axis=(0, 1)))

    assert hop().dtype == np.float32
    assert np.isfinite(hop()).all()
    benchmark(hop)
    _note(benchmark, HOP, "numpy")


def _note(benchmark: Any, frames: int, isa: str) -> None:
    if benchmark.stats is not None:
        benchmark.extra_info["isa"] = isa
        benchmark.extra_info["formant_samples_per_s"] = round(VOICES * FORMANTS * frames / benchmark.stats.stats.min)
