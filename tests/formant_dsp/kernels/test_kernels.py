"""Kernels of every instruction set against the reference in float64."""

from __future__ import annotations

import numpy as np
import pytest

from formant_dsp import ALGORITHMS, HOP, Bank, VoiceParams, VowelPath, isa, isas
from formant_dsp.kernels.dispatch import load
from formant_dsp.reference import render
from formant_dsp.score.score import Event

RATE = 48000
FRAMES = 34_000
"""Of the scene and its last release."""

ALIVE = {
    "vibrato_cents": 50.0, "drift_cents": 10.0, "jitter_percent": 0.4, "shimmer_db": 0.2, "flutter": 20.0,
    "breath": 0.3,
}  # fmt: skip


def scene(algorithm: str, alive: bool) -> list[Event]:
    """Three notes that glide, change vowel and level, end and begin at odd frames."""
    path = VowelPath.sung("tenor")

    def at(f0: float, position: float, level: float = 0.0) -> VoiceParams:
        life = ALIVE if alive else {"vibrato_cents": 0.0}
        return VoiceParams(f0_hz=f0, vowel=path.at(position), algorithm=algorithm, level_db=level, **life)

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


@pytest.fixture(scope="module", params=[(a, alive) for a in ALGORITHMS for alive in (False, True)], ids=str)
def golden(request: pytest.FixtureRequest) -> tuple[list[Event], np.ndarray, bool]:
    algorithm, alive = request.param
    events = scene(algorithm, alive)
    return events, render(events, FRAMES, seed=3), alive


@pytest.mark.parametrize("name", isas())
def test_every_instruction_set_follows_the_reference(name: str, golden: tuple[list[Event], np.ndarray, bool]) -> None:
    """Pass is -100 dB rms and 1e-4 at most; float32 gives -116 … -123 dB here.

    Alive 90 dB are asked for: roundings of the pitch and of the free carriers of the breath add up in their phases.
    """
    events, want, alive = golden
    error = play(Bank(isa=name, seed=3), events, FRAMES) - want
    assert 10 * np.log10(np.mean(error**2) / np.mean(want**2)) < (-90.0 if alive else -110.0)
    assert np.abs(error).max() < (1e-4 if alive else 5e-6)


@pytest.mark.parametrize(
    "life",
    [{"breath": 0.5}, {"breath": 1.0, "voiced": 0.0}, {"jitter_percent": 0.5}, {"shimmer_db": 0.3}, {"flutter": 25.0},
     {"drift_cents": 10.0}, {"vibrato_cents": 100.0, "vibrato_delay_s": 0.0}, {"portamento_s": 0.3},
     {"vibrato_cents": 60.0, "vibrato_delay_s": 0.0, "vibrato_drift_percent": 5.0}, {"delay_s": 0.0371},
     {"delay_s": 0.3}, {"scoop_cents": 80.0}, {"breath_lead_s": 0.04, "breath": 0.3}, {"onset_tilt_db": 15.0},
     {"onset_tilt_db": 15.0, "algorithm": "natural"}, {"onset_tilt_db": 20.0, "zing": 0.4, "symmetry": 0.3},
     {"onset_tilt_db": -4.0, "air": 1.0, "breath": 0.1}, {"onset_tilt_db": -4.0, "air": 1.0, "algorithm": "natural"}],
    ids=str,
)  # fmt: skip
def test_every_sign_of_life_follows_the_reference(life: dict[str, float]) -> None:
    notes = [VoiceParams(f0_hz=hz, **{"vibrato_cents": 0.0, **life}) for hz in (110.0, 140.0)]  # type: ignore[arg-type]
    events = [Event(0, 1, notes[0]), Event(9000, 1, notes[1]), Event(20_000, 1, None)]
    want = render(events, 30_000, seed=5)
    error = play(Bank(seed=5), events, 30_000) - want
    assert 10 * np.log10(np.mean(error**2) / np.mean(want**2)) < -90.0


def test_what_has_been_turned_down_for_long_is_still_the_same_when_it_comes_back() -> None:
    """Rows at rest are left alone, and bands without breath are not made: neither may be heard afterwards."""
    calm, breathy = VoiceParams(vibrato_cents=0.0), VoiceParams(vibrato_cents=0.0, breath=0.5, voiced=0.5, skirt=0.2)
    events = [Event(0, 1, breathy), Event(4000, 1, calm), Event(80_000, 1, breathy), Event(90_000, 1, None)]
    want = render(events, RATE * 2, seed=5)
    error = play(Bank(seed=5), events, RATE * 2) - want
    assert 10 * np.log10(np.mean(error**2) / np.mean(want**2)) < -90.0
    assert np.abs(error).max() < 1e-4


@pytest.mark.parametrize("rate", [44100, 96000])
def test_other_sample_rates_follow_the_reference_too(rate: int) -> None:
    events = scene("voice", False)
    want = render(events, rate // 2, sample_rate=rate)
    error = play(Bank(sample_rate=rate), events, rate // 2) - want
    assert 10 * np.log10(np.mean(error**2) / np.mean(want**2)) < -110.0


def test_limiter_follows_the_reference() -> None:
    loud = [Event(0, i + 1, VoiceParams(f0_hz=100.0 + 7 * i, level_db=12.0, vibrato_cents=0.0)) for i in range(8)]
    want = render(loud, RATE // 2)
    got = play(Bank(), loud, RATE // 2)
    assert np.abs(want).max() > 0.83
    assert np.abs(got - want)[:-HOP].max() < 5e-5  # the reference does not know the hop after its last one


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


@pytest.mark.parametrize(
    ("rate", "more"), [(48000, {}), (48000, {"zing": 0.4, "symmetry": 0.3}), (8000, {}), (192000, {})], ids=str
)
def test_the_residue_voice_at_high_pitch_follows_the_reference(rate: int, more: dict[str, float]) -> None:
    """Up through 750 Hz, where harmonics take over from poles, to 1.6 kHz and down again, while the vowel moves."""
    path = VowelPath.sung("soprano")

    def at(f0: float, position: float) -> VoiceParams:
        return VoiceParams(f0_hz=f0, vowel=path.at(position), algorithm="natural", vibrato_cents=0.0, **more)

    notes = [(0, at(500, 0.0)), (rate // 8, at(1600, 0.6)), (rate // 4, at(700, 1.0)), (rate // 4 + 99, at(800, 0.3))]
    events = [*(Event(frame, 1, params) for frame, params in notes), Event(rate // 3, 1, None)]
    want = render(events, rate // 2, sample_rate=rate, seed=3)
    for name in isas():
        error = play(Bank(isa=name, sample_rate=rate, seed=3), events, rate // 2) - want
        assert 10 * np.log10(np.mean(error**2) / np.mean(want**2)) < -100.0
