"""Judge 9, golden renders: what was once right stays so, in any blocks, on any machine, and has its symmetries."""

from __future__ import annotations

import numpy as np
import pytest
from support.judges import golden
from support.judges.judge import Judge, at_most
from support.judges.signals import RATE, steady, still
from support.sound.spectrum import Array, odd_f0

from formant_dsp import ALGORITHMS, HOP, Bank, VoiceParams, Vowel, isas, sung
from formant_dsp.reference import render
from formant_dsp.score.score import Event

BLOCKS = Judge(9, "blocks of 1, 17, 64, 256, 1,024 frames against one render", "dB", at_most(-120.0), at_most(-200.0))
REFERENCE_RMS = Judge(
    9, "every voice and instruction set against the float64 reference, rms", "dB", at_most(-100.0), at_most(-110.0)
)
REFERENCE_MAX = Judge(9, "same, largest difference re full scale", "", at_most(1e-4), at_most(1e-5))
ALIVE_RMS = Judge(9, "same with every sign of life and breath, rms", "dB", at_most(-100.0))
ALIVE_MAX = Judge(9, "same, largest difference re full scale", "", at_most(1e-4))
BANDS = Judge(9, "golden scene: levels of 64 bands every 50 ms", "dB", at_most(0.1), at_most(0.1))
HARMONICS = Judge(9, "golden vowels: harmonics", "dB", at_most(0.1), at_most(0.01))
LOUDNESS = Judge(9, "golden scene: loudness and peak", "dB", at_most(0.1), at_most(0.01))
DISTANCE = Judge(9, "golden scene: distance D of excitation patterns", "", at_most(2.4), at_most(0.1))
LINEAR = Judge(9, "twice the level is twice the sound", "dB", at_most(-100.0), at_most(-120.0))
PERIODIC = Judge(9, "one period later the same, after 3 s", "dB", at_most(-100.0), at_most(-120.0))
SHIFTED = Judge(9, "begun 37 frames later, the same 37 frames later", "dB", at_most(-60.0))
CEILING = Judge(9, "peak in every corner of the parameters", "", at_most(0.8401), at_most(0.8401))


def rest_db(got: Array, want: Array) -> float:
    return float(10 * np.log10(np.sum((got - want) ** 2) / np.sum(want**2) + 1e-40))


@pytest.mark.parametrize("block", [1, 17, 64, 256, 1024])
def test_block_size_cannot_be_heard(block: int) -> None:
    whole, cut = Bank(voices=16, seed=7), Bank(voices=16, seed=7)
    golden.scene(whole)
    golden.scene(cut)
    frames = 2 * RATE
    want = whole.render(frames).astype(np.float64)
    got = np.concatenate([cut.render(min(block, frames - at)) for at in range(0, frames, block)])
    BLOCKS.hold(rest_db(got, want), block)


LIFE = {
    "vibrato_cents": 40.0, "drift_cents": 8.0, "jitter_percent": 0.5, "shimmer_db": 0.3, "flutter": 20.0, "breath": 0.3,
}  # fmt: skip


def moving(algorithm: str, alive: bool) -> list[Event]:
    """Half a second in which everything moves; three notes at most."""
    table = sung("bass")
    life = LIFE if alive else {"vibrato_cents": 40.0, "vibrato_delay_s": 0.05}

    def sing(f0_hz: float, vowel: str, level_db: float = 0.0, **fields: float) -> VoiceParams:
        fields = life | fields
        return VoiceParams(f0_hz=f0_hz, vowel=table[vowel], algorithm=algorithm, level_db=level_db, **fields)

    return [
        Event(100, 1, sing(110.0, "a")),
        Event(3000, 2, sing(333.0, "i", -4.0)),
        Event(7001, 1, sing(165.0, "u", 3.0, voiced=0.7)),
        Event(12_345, 2, None),
        Event(15_000, 3, sing(80.0, "o")),
        Event(20_000, 1, None),
    ]


@pytest.mark.parametrize("alive", [False, True], ids=["still", "alive"])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_instruction_set_sounds_as_the_reference(algorithm: str, alive: bool) -> None:
    frames = RATE // 2
    want = render(moving(algorithm, alive), frames, seed=5)
    for isa in isas():
        bank = Bank(voices=8, seed=5, isa=isa)
        for event in moving(algorithm, alive):
            done = (
                bank.note_off(event.key, frame=event.frame)
                if event.params is None
                else bank.note_on(event.key, event.params, frame=event.frame)
            )
            assert done
        got = bank.render(frames).astype(np.float64)
        (ALIVE_RMS if alive else REFERENCE_RMS).hold(rest_db(got, want), (algorithm, isa))
        (ALIVE_MAX if alive else REFERENCE_MAX).hold(np.abs(got - want).max(), (algorithm, isa))


@pytest.mark.parametrize("isa", isas())
def test_the_golden_scene_sounds_as_it_did(isa: str) -> None:
    """After a change that is meant, run support.judges.golden --write "why", and listen if D >= 2.4."""
    found = golden.differences(golden.features(isa), golden.kept())
    DISTANCE.hold(found.get("distance", np.inf), found)
    BANDS.hold(found["bands_db"], found)
    HARMONICS.hold(found["harmonics_db"], found)
    LOUDNESS.hold(max(found["lufs"], found["peak_db"]), found)


def test_the_golden_has_a_reason() -> None:
    assert len(golden.kept()["reason"]) >= 10


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_twice_the_level_is_twice_the_sound(algorithm: str) -> None:
    soft, loud = (
        steady(still(algorithm=algorithm, level_db=db, breath=0.1)) for db in (-20.0, 20 * np.log10(2) - 20.0)
    )
    LINEAR.hold(rest_db(loud, 2 * soft), algorithm)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_one_period_later_it_is_the_same(algorithm: str) -> None:
    """f0 of K/2^16 turns a frame: K whole periods are exactly 65,536 frames."""
    y = steady(still(f0_hz=odd_f0(301), algorithm=algorithm), seconds=3.0)
    PERIODIC.hold(rest_db(y[-40_000:], y[-40_000 - 65_536 : -65_536]), algorithm)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_moment_of_a_note_does_not_change_it(algorithm: str) -> None:
    def begun(frame: int) -> Array:
        bank = Bank(voices=2)
        assert bank.note_on(1, still(algorithm=algorithm), frame=frame)
        return bank.render(frame + RATE // 2)[frame:].astype(np.float64)

    first = begun(HOP)
    assert np.array_equal(begun(5 * HOP), first)
    SHIFTED.hold(rest_db(begun(5 * HOP + 37), first), algorithm)


def test_same_seed_same_choir_other_seed_another() -> None:
    def sound(seed: int) -> Array:
        bank = Bank(voices=4, seed=seed)
        for i in range(3):
            assert bank.note_on(i + 1, VoiceParams(f0_hz=200.0 + i, drift_cents=20.0))
        return bank.render(RATE).astype(np.float64)

    assert np.array_equal(sound(1), sound(1))
    assert np.abs(sound(1) - sound(2)).max() > 0.01


def test_silence_in_silence_out() -> None:
    assert not Bank().render(RATE).any()


@pytest.mark.parametrize("isa", isas())
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_corner_of_the_parameters_is_finite_and_limited(isa: str, algorithm: str) -> None:
    """f0 20 … 4,000 Hz, F 50 … 20,000, B 5 … 2,000 (index 0.001 … 1,000), all levels."""
    bank = Bank(voices=64, isa=isa)
    key = 0
    for f0 in (20.0, 4000.0):
        for hz in (50.0, 20000.0):
            for width in (5.0, 2000.0):
                for level in (-120.0, 24.0):
                    key += 1
                    vowel = Vowel((hz,) * 5, (width,) * 5, (level,) * 5)
                    params = still(
                        f0_hz=f0, vowel=vowel, algorithm=algorithm, level_db=12.0, breath=2.0 * (key % 2),
                        jitter_percent=5.0, shimmer_db=3.0, flutter=100.0, drift_cents=100.0,
                    )  # fmt: skip
                    assert bank.note_on(key, params)
    y = bank.render(RATE)
    assert np.isfinite(y).all()
    CEILING.hold(np.abs(y).max(), (isa, algorithm))
    assert bank.counters()["invalid"] == 0
