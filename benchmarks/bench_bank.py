"""How long does one block of 64 frames take, for 1 … 128 voices of five formants, against its period of 1,333 µs?

`benchmarks/budget.toml` holds the medians; `budget.py` compares. Percentiles of many blocks: `formant-node bench`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from formant_dsp import HOP, Bank, VoiceParams, VowelPath
from formant_dsp.bank.bench import full_bank

RATE = 48000
PERIOD_US = 1e6 * HOP / RATE


@pytest.mark.benchmark(group="bank: one block of 64 frames", min_rounds=2000, max_time=1.0)
@pytest.mark.parametrize("voices", [1, 8, 32, 128])
def test_block(benchmark: Any, voices: int) -> None:
    bank = full_bank(voices, RATE, "voice", None)
    out = np.empty(HOP, np.float32)
    assert np.abs(bank.render(HOP, out)).max() > 0.0
    benchmark(bank.render, HOP, out)
    assert bank.active == voices
    benchmark.extra_info.update(period_us=PERIOD_US, voices=voices, isa=bank.isa)


@pytest.mark.benchmark(group="bank: one block of 64 frames", min_rounds=2000, max_time=1.0)
def test_block_of_an_idle_bank(benchmark: Any) -> None:
    bank = Bank(voices=128)
    out = np.empty(HOP, np.float32)
    assert not bank.render(HOP, out).any()
    benchmark(bank.render, HOP, out)
    benchmark.extra_info.update(period_us=PERIOD_US, voices=0, isa=bank.isa)


@pytest.mark.benchmark(group="bank: one block of 64 frames", min_rounds=500, max_time=2.0)
def test_block_in_which_128_voices_change_vowel(benchmark: Any) -> None:
    """The block drains 128 updates and starts 128 sweeps; pushing them is Python and not timed."""
    bank = full_bank(128, RATE, "voice", None)
    out = np.empty(HOP, np.float32)
    path = VowelPath.sung("tenor")
    params = [VoiceParams(f0_hz=110.0 + v, vowel=path.at(p), level_db=-20.0) for v in range(128) for p in (0.1, 0.9)]
    turn = [0]

    def push() -> None:
        turn[0] ^= 1
        for v in range(128):
            assert bank.update(v + 1, params[2 * v + turn[0]])

    benchmark.pedantic(lambda: bank.render(HOP, out), setup=push, rounds=500)
    assert bank.active == 128
    assert bank.counters()["ring_waiting"] == 0
    benchmark.extra_info.update(period_us=PERIOD_US, voices=128, isa=bank.isa)
