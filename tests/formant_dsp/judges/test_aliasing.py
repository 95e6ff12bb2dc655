"""Judge 5, aliasing: what is beside the harmonics, and in a sweep, what a render at four times the rate has not.

f0 is K·rate/65536 with K odd, so an aliased partial never lands on a harmonic.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import fftconvolve, firwin
from support.judges.judge import Judge, at_most
from support.judges.signals import RATE, every_vowel, steady, still
from support.sound.spectrum import Array, N, alias_db, odd_f0, worst_alias_dba

from formant_dsp import HOP, Bank, VoiceParams, Vowel, isas, sung
from formant_dsp.model.params import trusted
from formant_dsp.model.presets import load
from formant_dsp.reference import bank as mono
from formant_dsp.reference import breath, limiter, render, voice
from formant_dsp.score.score import Event, render_score

UP_TO_1200 = (115, 301, 451, 1201, 1637)
"""84, 220, 330, 880, 1,199 Hz."""
BY_LOBES = ("voice", "modfm", "chowning", "poisson")

SUNG = Judge(5, "vowels of all tables, 84 … 1,199 Hz", "dB", at_most(-110.0), at_most(-130.0))
FLOAT64 = Judge(5, "same, float64 reference", "dB", at_most(-120.0), at_most(-200.0))
BELOW = Judge(5, "strongest alias below f0, A-weighted", "dB", at_most(-110.0), at_most(-130.0))
RESIDUE = Judge(
    5, "residue voice, vowels of all tables, up to 330 Hz", "dB", at_most(-110.0), at_most(-130.0),
    why="its terms are larger than their sum, and are rounded to 24 bits of mantissa",
)  # fmt: skip
RESIDUE_HIGH = Judge(
    5, "residue voice, up to 1,199 Hz", "dB", at_most(-110.0), at_most(-130.0), why="rounding, as above",
)  # fmt: skip
COLOURS = Judge(5, "zing, shear, chime, and symmetry at its ends", "dB", at_most(-110.0), at_most(-110.0))
WIDE = Judge(5, "formants 800 Hz wide at 8 kHz", "dB", at_most(-90.0), at_most(-110.0))
TOP = Judge(5, "formants 200 and 800 Hz wide at 12, 16 and 20 kHz", "dB", at_most(-80.0), at_most(-100.0))
TOP_POISSON = Judge(
    5, "same, Poisson kernel", "dB", at_most(-80.0), at_most(-100.0), why="its skirts are straight, 6 dB a bandwidth",
)  # fmt: skip
TOP_RESIDUE = Judge(
    5, "same, residue voice", "dB", at_most(-80.0), at_most(-100.0),
)  # fmt: skip
SWEPT = Judge(5, "vowel u to i in 50 ms against a render at 192 kHz", "dB", at_most(-90.0), at_most(-110.0))
SWEPT_RESIDUE = Judge(
    5, "same, residue voice", "dB", at_most(-90.0), at_most(-110.0),
    why="while its poles move, a period closes but for a bend",
)  # fmt: skip


@pytest.mark.parametrize("algorithm", BY_LOBES)
def test_vowels_do_not_alias(algorithm: str) -> None:
    for name, vowel in every_vowel()[:: 3 if algorithm == "voice" else 11]:
        for k in UP_TO_1200:
            y = steady(still(f0_hz=odd_f0(k), vowel=vowel, algorithm=algorithm))
            SUNG.hold(alias_db(y, k), (algorithm, name, k))
            BELOW.hold(worst_alias_dba(y, k), (algorithm, name, k))


@pytest.mark.parametrize("isa", isas())
def test_vowels_do_not_alias_on_any_instruction_set(isa: str) -> None:
    for group in ("soprano", "tenor"):
        for name, vowel in sung(group).items():
            for k in (115, 301, 1201, 1637):
                SUNG.hold(alias_db(steady(still(f0_hz=odd_f0(k), vowel=vowel), isa), k), (isa, group, name, k))


@pytest.mark.parametrize("algorithm", BY_LOBES)
def test_the_formula_does_not_alias(algorithm: str) -> None:
    k = 1637
    params = still(f0_hz=odd_f0(k), vowel=sung("soprano")["a"], algorithm=algorithm)
    FLOAT64.hold(alias_db(render([Event(0, 1, params)], 90_000), k), algorithm)


def test_residue_voice_aliases_little() -> None:
    for name, vowel in every_vowel()[::4]:
        for k in UP_TO_1200:
            judge = RESIDUE if k <= 451 else RESIDUE_HIGH
            judge.hold(alias_db(steady(still(f0_hz=odd_f0(k), vowel=vowel, algorithm="natural")), k), (name, k))


@pytest.mark.parametrize("name", ["zing", "shear", "chime"])
def test_coloured_presets_do_not_alias(name: str) -> None:
    for rate in (44100, 48000, 96000):
        for k, y in ((201, 0.0), (201, 1.0), (1101, 0.5)):
            preset = load(name)
            params = preset.voice_params(None, y, 0.5, note=60.0)[0]
            quiet = {"f0_hz": odd_f0(k, rate), "vibrato_cents": 0.0, "drift_cents": 0.0, "level_db": -3.0}
            COLOURS.hold(alias_db(settled(trusted(params, quiet), rate), k), (name, rate, k, y))


@pytest.mark.parametrize("algorithm", [*BY_LOBES, "natural"])
def test_symmetry_at_its_ends_does_not_alias(algorithm: str) -> None:
    for k, symmetry in ((201, 0.01), (601, 0.99), (1101, 0.9)):
        params = still(f0_hz=odd_f0(k, 44100), algorithm=algorithm, symmetry=symmetry)
        COLOURS.hold(alias_db(settled(params, 44100), k), (algorithm, k, symmetry))


def settled(params: VoiceParams, rate: int) -> Array:
    """A held note whose direct current has been found: from 1.5 s on it is gone to -120 dB."""
    bank = Bank(voices=2, sample_rate=rate)
    assert bank.note_on(1, params)
    return bank.render(int(1.5 * rate) + N).astype(np.float64)


@pytest.mark.parametrize("algorithm", [*BY_LOBES, "natural"])
def test_wide_and_high_formants_fade_before_they_alias(algorithm: str) -> None:
    """With a first formant in the clear, so that there is a total to compare with.

    -20 dB: four equal formants in phase would wake the limiter, and its gain ramps are not harmonic.
    """
    k = 301
    for hz, width in [(8000, 800), *((hz, width) for hz in (12000, 16000, 20000) for width in (200, 800))]:
        vowel = Vowel((600.0, hz, hz, hz, hz), (80.0, width, width, width, width), (0.0,) * 5)
        level = alias_db(steady(still(f0_hz=odd_f0(k), vowel=vowel, algorithm=algorithm, level_db=-20)), k)
        if algorithm == "natural":
            TOP_RESIDUE.hold(level, (hz, width))
        elif hz == 8000:
            WIDE.hold(level, (algorithm, width))
        else:
            (TOP_POISSON if algorithm == "poisson" else TOP).hold(level, (algorithm, hz, width))


def vowel_change(algorithm: str, factor: int) -> list[Event]:
    """u to i within 50 ms; frames of `factor` times the rate. f0 has the same increment, exactly, at both rates."""
    table, events = sung("tenor"), []
    for at in range(0, int(0.4 * RATE), 4 * HOP):
        share = min(max((at / RATE - 0.1) / 0.05, 0.0), 1.0)
        params = still(f0_hz=odd_f0(301), vowel=table["u"].toward(table["i"], share), algorithm=algorithm)
        events.append(Event(factor * at, 1, params))
    return events


def below(y: Array, hz: float) -> Array:
    """float64[4 n] low-passed at four times the rate -> float64[n]."""
    taps = firwin(2047, hz, window=("kaiser", 14.0), fs=4 * RATE)
    return np.asarray(fftconvolve(y, taps, "same")[::4])


@pytest.mark.parametrize("algorithm", [*BY_LOBES, "natural"])
def test_a_sweep_does_not_alias(algorithm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against the reference with hops of four times the frames at four times the rate: the same hops in time."""
    frames = int(0.4 * RATE)
    for module in (mono, breath, limiter, voice):
        monkeypatch.setattr(module, "HOP", 4 * HOP)
    fine = below(render(vowel_change(algorithm, 4), 4 * frames, 4 * RATE), 18_500.0)
    stuffed = np.zeros(4 * frames)
    bank = Bank(voices=2, ring_capacity=4096)
    stuffed[::4] = 4 * np.concatenate(list(render_score(bank, vowel_change(algorithm, 1), frames)))
    inner = slice(2000, -2000)
    rest, whole = (below(stuffed, 18_500.0) - fine)[inner], fine[inner]
    judge = SWEPT_RESIDUE if algorithm == "natural" else SWEPT
    judge.hold(10 * np.log10(np.sum(rest**2) / np.sum(whole**2)), algorithm)


def test_an_alias_is_found_by_this_judge() -> None:
    """The judge itself: every eighth frame of a voice, without a filter, aliases."""
    k = 301
    y = steady(still(f0_hz=odd_f0(k), vowel=sung("soprano")["a"]), seconds=12.0)
    assert alias_db(y, k) < -130.0 < -60.0 < alias_db(y[::8], 8 * k)
    line = 1e-4 * np.abs(y).max() * np.sin(2 * np.pi * odd_f0(201) * np.arange(len(y)) / RATE)
    assert worst_alias_dba(y, k) < -130.0 < -100.0 < worst_alias_dba(y + line, k)
