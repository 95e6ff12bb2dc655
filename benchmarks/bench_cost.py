"""What does a block cost: per voice, idle, when everything happens at once, when sound decays to nothing?

Times are least times of each block over several turns of the same piece (blocks.py), so that other work on the machine
falls out. Each question is measured until its figures are within budget.toml, at most 12 times (patience.py): code that
is too slow stays so in every turn. Ratios are measured with the baseline kernels, which every processor of an
architecture has. Wider vectors make voices cheaper and leave what a note's start costs, so with them a ratio would say
more of the vectors than of the code.
Results are in extra_info; `budget.py` holds those that budget.toml names.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from formant_dsp import HOP, Bank, VoiceParams, VowelPath, isas
from formant_dsp.bank.bench import full_bank

sys.path.insert(0, str(Path(__file__).parent))  # importlib mode leaves it out

from blocks import best_us
from patience import LIMITS, PATIENCE, Figures, patiently

RATE = 48000
PERIOD_US = 1e6 * HOP / RATE
PATH = VowelPath.sung("tenor")
VOICES = 128
BASELINE = isas()[-1]
"""Instruction set of the ratios."""


def measured(benchmark: Any, measure: Callable[[], Figures]) -> Figures:
    """What `measure` says, with patience when it is timed and once when it is only run through."""
    return patiently(measure, LIMITS[benchmark.name], PATIENCE if benchmark.enabled else 1)


def turns(benchmark: Any) -> int:
    """As often as it takes when it is timed, once when it is only run through."""
    return 12 if benchmark.enabled else 1


def note(v: int, vowel: float, **more: float) -> VoiceParams:
    return VoiceParams(f0_hz=110.0 * 8.0 ** (v / VOICES), vowel=PATH.at(vowel), level_db=-20.0, **more)  # type: ignore[arg-type]


def singing(voices: int = VOICES, isa: str | None = BASELINE, **more: float) -> Bank:
    """All voices hold a note; they began half a second ago."""
    bank = Bank(voices=voices, sample_rate=RATE, ring_capacity=4096, isa=isa)
    for v in range(voices):
        assert bank.note_on(v + 1, note(v % VOICES, v / voices, **more))
    bank.render(RATE // 2)
    assert bank.active == voices
    return bank


@pytest.mark.benchmark(group="cost of a block")
def test_cost_is_linear_in_the_number_of_voices(benchmark: Any) -> None:
    """slope: µs a voice; offset: µs of a block without any; off: largest difference to that line, % of the block."""
    counts = np.array([1, 8, 32, 128, 512])
    best = np.full((len(counts), 32), np.inf)

    def measure() -> Figures:
        for _ in range(turns(benchmark)):
            for i, voices in enumerate(counts):
                best[i] = np.minimum(best[i], best_us(lambda n=int(voices): full_bank(n, RATE, "voice", None), 32, 1))
        cost = np.median(best, axis=1)
        # Every point weighs the same relative to its size; 1 voice is the offset and little else.
        slope, offset = np.polyfit(counts, cost, 1, w=1.0 / cost)
        off = np.abs(np.polyval((slope, offset), counts) / cost - 1.0).max()
        return {"slope_us": round(slope, 3), "offset_us": round(offset, 2), "off_percent": round(100 * off, 1)}

    figures = benchmark.pedantic(lambda: measured(benchmark, measure), rounds=1)
    cost = np.median(best, axis=1)
    assert (cost > 0.0).all()
    benchmark.extra_info.update(
        figures, period_us=PERIOD_US, block_us={str(n): round(float(c), 2) for n, c in zip(counts, cost, strict=True)}
    )


@pytest.mark.benchmark(group="cost of a block")
def test_slots_without_a_voice_cost_next_to_nothing(benchmark: Any) -> None:
    """A bank for 512 voices: never used; all used and released; only the voice in the last slot left. In voices."""

    def released(keep: bool) -> Bank:
        bank = Bank(voices=512, ring_capacity=4096, isa=BASELINE)
        for v in range(512):
            assert bank.note_on(v + 1, note(v % VOICES, 0.5, release_s=0.02))
        bank.render(RATE // 10)
        for v in range(511 if keep else 512):
            assert bank.note_off(v + 1)
        bank.render(RATE)
        assert bank.active == int(keep)
        return bank

    kinds: dict[str, Callable[[], Bank]] = {
        "64": lambda: singing(64), "32": lambda: singing(32), "unused": lambda: Bank(voices=512, isa=BASELINE),
        "silent": lambda: released(False), "last": lambda: released(True), "alone": lambda: singing(1),
    }  # fmt: skip
    best = {kind: np.full(50, np.inf) for kind in kinds}

    def measure() -> Figures:
        for kind, make in kinds.items():
            best[kind] = np.minimum(best[kind], best_us(make, 50, turns(benchmark), hops=32))
        us = {kind: float(np.median(times)) for kind, times in best.items()}
        voice = (us["64"] - us["32"]) / 32
        return {
            "unused_us": round(us["unused"], 2), "silent_us": round(us["silent"], 2), "alone_us": round(us["alone"], 2),
            "last_slot_us": round(us["last"], 2), "voice_us": round(voice, 3),
            "idle_in_voices": round(us["silent"] / voice, 2),
            "scattered_in_voices": round((us["last"] - us["alone"]) / voice, 2),
        }  # fmt: skip

    benchmark.extra_info.update(measured(benchmark, measure))
    bank = released(False)
    benchmark(bank.render, HOP, np.empty(HOP, np.float32))


@pytest.mark.benchmark(group="cost of a block")
@pytest.mark.parametrize("happening", ["vowels", "notes"])
def test_worst_block_when_all_voices_do_something_at_once(benchmark: Any, happening: str) -> None:
    """128 voices hold; then all change their vowel, or all are replaced by new notes, in one block of 200.

    The events are pushed 30 blocks earlier, stamped with their frame: pushing is Python, on this core, and would leave
    the bank with cold caches, as no other core that pushes does.
    """

    def push(bank: Bank, i: int) -> None:
        if i == 20:
            frame = bank.frame + 30 * HOP
            for v in range(VOICES):
                done = (
                    bank.update(v + 1, note(v, (v / VOICES + 0.5) % 1.0), frame=frame)
                    if happening == "vowels"
                    else bank.note_on(v + 1 + VOICES, note(v, 0.5), frame=frame)
                )
                assert done

    best = np.full((2, 200), np.inf)

    def measure() -> Figures:
        for i, isa in enumerate((BASELINE, None)):
            best[i] = np.minimum(best[i], best_us(lambda isa=isa: singing(isa=isa), 200, turns(benchmark), push))
        median, worst = np.median(best[:, :20], axis=1), best[:, 25:].max(axis=1)
        return {
            "median_us": round(median[0], 2), "worst_us": round(worst[0], 2),
            "worst_to_median": round(worst[0] / median[0], 3), "worst_percent": round(100.0 * worst[1] / PERIOD_US, 2),
            "median_us_here": round(median[1], 2), "worst_us_here": round(worst[1], 2),
        }  # fmt: skip

    figures = measured(benchmark, measure)
    bank = singing()
    push(bank, 20)
    assert bank.counters()["ring_waiting"] == VOICES
    benchmark.pedantic(bank.render, args=(100 * HOP, np.empty(100 * HOP, np.float32)), rounds=1)
    assert bank.counters()["ring_waiting"] == 0
    benchmark.extra_info.update(
        figures, worst_block=25 + int(best[0, 25:].argmax()), period_us=PERIOD_US, isa=BASELINE, isa_here=Bank().isa
    )


@pytest.mark.benchmark(group="cost of a block")
def test_decaying_and_tiny_sound_costs_what_any_sound_costs(benchmark: Any) -> None:
    """Blocks of voices that decay for 10 s, of voices at -80 dB, and of voices whose breath and colour have been turned
    down to zero a while ago (parameters that would fall for ever), to blocks of voices at rest, in one run."""
    blocks = 1000 if benchmark.enabled else 50

    def normal() -> Bank:
        return singing()

    def decaying() -> Bank:
        bank = singing(release_s=10.0)
        assert bank.all_off()
        bank.render(RATE * 12)
        assert bank.active == VOICES
        return bank

    def tiny() -> Bank:
        bank = singing()
        for v in range(VOICES):
            assert bank.update(v + 1, VoiceParams(f0_hz=110.0 + v, level_db=-80.0))
        bank.render(RATE)
        return bank

    def turned_down() -> Bank:
        bank = singing(jitter_percent=1.0, shimmer_db=0.2, flutter=20.0, drift_cents=5.0, breath=0.5, zing=0.5)
        for v in range(VOICES):
            assert bank.update(v + 1, note(v, 0.5))
        bank.render(3 * RATE // 2)
        return bank

    kinds = {"normal": normal, "decaying": decaying, "tiny": tiny, "turned_down": turned_down}
    best = {name: np.full(blocks, np.inf) for name in kinds}

    def measure() -> Figures:
        for _ in range(turns(benchmark)):  # in turn: what else the machine does for a while meets all of them
            for name, make in kinds.items():
                best[name] = np.minimum(best[name], best_us(make, blocks, 1))
        us = {name: float(np.median(times)) for name, times in best.items()}
        ratios = {
            f"{name}_to_normal": round(us[name] / us["normal"], 3) for name in ("decaying", "tiny", "turned_down")
        }
        return {"normal_us": round(us["normal"], 2), **ratios}

    benchmark.extra_info.update(measured(benchmark, measure))
    benchmark(normal().render, HOP, np.empty(HOP, np.float32))
