"""Kernels of every instruction set against the reference in float64."""

from __future__ import annotations

import numpy as np
import pytest

from formant_dsp import ALGORITHMS, Bank, VoiceParams, VowelPath, isa, isas
from formant_dsp import reference as ref
from formant_dsp.dispatch import load
from formant_dsp.score import Event

RATE = 48000


def scene(algorithm: str, vibrato_cents: float, jitter_cents: float) -> list[Event]:
    """Three notes that glide, change vowel and level, end and begin at odd frames."""
    path = VowelPath.sung("tenor")

    def at(f0: float, position: float, level: float = 0.0) -> VoiceParams:
        return VoiceParams(
            f0_hz=f0, vowel=path.at(position), algorithm=algorithm, level_db=level,
            vibrato_cents=vibrato_cents, jitter_cents=jitter_cents,
        )  # fmt: skip

    return [
        Event(0, 1, at(110, 0.0)),
        Event(2000, 2, at(331.7, 0.3)),
        Event(9000, 1, at(220, 0.5)),
        Event(12001, 1, at(123, 1.0)),
        Event(15017, 3, at(880, 0.8, -6)),
        Event(20000, 2, None),
        Event(20011, 3, at(870, 0.1)),
        Event(30000, 1, None),
        Event(31000, 3, None),
    ]


def play(bank: Bank, events: list[Event], frames: int) -> np.ndarray:
    for event in events:
        if event.params is None:
            assert bank.note_off(event.key, frame=event.frame)
        else:
            assert bank.note_on(event.key, event.params, frame=event.frame)
    return bank.render(frames).astype(np.float64)


@pytest.fixture(scope="module", params=[(a, v) for a in ALGORITHMS for v in (0.0, 50.0)], ids=str)
def golden(request: pytest.FixtureRequest) -> tuple[list[Event], np.ndarray]:
    algorithm, vibrato = request.param
    events = scene(algorithm, vibrato, 10.0 if vibrato else 0.0)
    return events, ref.render(events, RATE, seed=3)


@pytest.mark.parametrize("name", isas())
def test_every_instruction_set_is_within_110_db_of_the_reference(
    name: str, golden: tuple[list[Event], np.ndarray]
) -> None:
    """Pass is -100 dB rms and 1e-4 at most; -117 … -123 dB is what float32 gives here."""
    events, want = golden
    error = play(Bank(isa=name, seed=3), events, RATE) - want
    assert 10 * np.log10(np.mean(error**2) / np.mean(want**2)) < -110.0
    assert np.abs(error).max() < 5e-6


@pytest.mark.parametrize("rate", [44100, 96000])
def test_other_sample_rates_follow_the_reference_too(rate: int) -> None:
    events = scene("voice", 50.0, 10.0)
    want = ref.render(events, rate // 2, sample_rate=rate)
    error = play(Bank(sample_rate=rate), events, rate // 2) - want
    assert 10 * np.log10(np.mean(error**2) / np.mean(want**2)) < -110.0


def test_limiter_follows_the_reference() -> None:
    loud = [Event(0, i + 1, VoiceParams(f0_hz=100.0 + 7 * i, level_db=12.0, vibrato_cents=0.0)) for i in range(8)]
    want = ref.render(loud, RATE // 2)
    got = play(Bank(), loud, RATE // 2)
    assert np.abs(want).max() > 0.83
    assert np.abs(got - want).max() < 5e-5


def test_the_modules_say_what_they_were_compiled_for() -> None:
    assert [load(name).isa for name in isas()] == list(isas())


def test_forced_instruction_set_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in isas():
        monkeypatch.setenv("FORMANT_ISA", name)
        assert isa() == name == Bank().isa


def test_forced_instruction_set_that_cannot_run_says_which_can(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORMANT_ISA", "altivec")
    with pytest.raises(ValueError, match=f"choose one of .*{isas()[-1]}"):
        Bank()
    with pytest.raises(ValueError, match="cannot run here"):
        Bank(isa="mmx")
