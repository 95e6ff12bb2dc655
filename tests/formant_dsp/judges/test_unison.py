"""Judge 12, unison and vibrato: two voices of one pitch are two, each has a vibrato of its own, and one is in tune."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import curve_fit
from scipy.signal import firwin, hilbert, oaconvolve
from support.judges.judge import Judge, at_least, at_most, between, within
from support.judges.signals import RATE
from support.sound.pitch import PURE, cents
from support.sound.spectrum import Array

from formant_dsp import Bank, VoiceParams
from formant_dsp.model.choir import ChoirBank
from formant_dsp.model.presets import Preset, load, names

HUMAN = (
    "alto", "bass", "breathy", "child", "choir", "falsetto", "nasal", "plain", "ring-tenor", "soprano",
    "speaker", "tenor",
)  # fmt: skip
"""A giant is none: his tract is half as long again."""
CLEAN = ("glassy",)
"""Presets without any unsteadiness of the pitch."""
NO_PITCH = ("whisper",)

EACH = Judge(
    12, "human voices that do not wander: two notes of one pitch re one, 20 pairs, each", "dB", between(2.0, 4.0)
)
PLAYED = Judge(
    12, "same, each while its level wanders as in the preset", "dB", between(0.5, 4.5), between(2.0, 4.0),
    why="over 2 s either voice may be the softer one",
)  # fmt: skip
MEAN = Judge(12, "same, mean of the pairs", "dB", between(2.7, 3.3), between(2.8, 3.2), why="20 pairs: ± 0.1")
PEAK = Judge(
    12, "same, loudest 100 ms re that of one voice", "dB", at_most(6.05), at_most(5.0), why="equal harmonics meet"
)
OTHERS = Judge(12, "other presets: two notes of one pitch re one, 20 pairs, mean", "dB", at_most(4.0))
SOLO = Judge(12, "mean pitch of a note over 2 s re what was asked", "cents", within(3.0))
SOLO_CLEAN = Judge(12, "same, presets without unsteadiness", "cents", within(0.5))
RATES = Judge(
    12, "vibrato of 24 singers: standard deviation of the rate", "%", between(3.0, 10.0), between(5.0, 7.0),
    why="24 draws of 6 %: ± 0.8",
)  # fmt: skip
EXTENTS = Judge(
    12, "same, of the extent", "%", between(10.0, 35.0), between(20.0, 30.0), why="24 draws of 25 %: ± 4"
)  # fmt: skip
PHASES = Judge(12, "same, phases after 1 s are uniform (Rayleigh p)", "", at_least(0.01))


def level_db(y: Array) -> float:
    return float(10 * np.log10(np.mean(y**2)))


def together(preset: Preset, notes: int, seed: int, f0_hz: float) -> Array:
    """Two seconds of some notes of a preset on one pitch, from 0.5 s on; the second begins 40 ms after the first."""
    real = Bank(voices=64, sample_rate=RATE, seed=seed)
    bank = ChoirBank(real)
    sung = preset.voice_params(preset.x_of(f0_hz), 0.0)
    for i in range(notes):
        assert bank.note_on(i + 1, sung, frame=1920 * i)
    return real.render(5 * RATE // 2)[RATE // 2 :].astype(np.float64)


def gains(preset: Preset) -> tuple[list[float], float]:
    """Level of two notes re one, of 20 pairs, and their loudest 100 ms re that of one, dB."""
    found, largest = [], -np.inf

    def loudest(y: Array) -> float:
        return float(10 * np.log10(np.mean(y[: len(y) // 4800 * 4800].reshape(-1, 4800) ** 2, axis=1).max()))

    for seed in range(20):
        f0_hz = preset.f0_hz(0.15 + 0.035 * seed)
        one, two = (together(preset, notes, seed, f0_hz) for notes in (1, 2))
        found.append(level_db(two) - level_db(one))
        largest = max(largest, loudest(two) - loudest(one))
    return found, largest


@pytest.mark.parametrize("name", HUMAN)
def test_two_voices_in_unison_are_two_voices(name: str) -> None:
    found, largest = gains(load(name))
    MEAN.hold(np.mean(found), name)
    for seed, gain in enumerate(found):
        PLAYED.hold(gain, (name, seed))
    PEAK.hold(largest, name)
    for seed, gain in enumerate(gains(load(name, voice={"wander": 0}))[0]):
        EACH.hold(gain, (name, seed))


@pytest.mark.parametrize("name", sorted(set(names()) - set(HUMAN)))
def test_other_presets_do_not_lock(name: str) -> None:
    OTHERS.hold(np.mean(gains(load(name))[0]), name)


def test_without_its_detuning_a_clean_unison_locks() -> None:
    """What the judges above are there to find: equal notes without life stay in one phase relation."""
    found = []
    for seed in range(8):
        bank = Bank(seed=seed)
        calm = VoiceParams(f0_hz=220.0, vibrato_cents=0.0, unison_cents=0.0)
        assert bank.note_on(1, calm)
        alone = level_db(bank.render(RATE)[RATE // 2 :].astype(np.float64))
        assert bank.note_on(2, calm)
        found.append(level_db(bank.render(RATE)[RATE // 2 :].astype(np.float64)) - alone)
    assert np.ptp(found) > 2.0


def band(y: Array, centre_hz: float, half_hz: float) -> Array:
    taps = firwin(4801, (centre_hz - half_hz, centre_hz + half_hz), pass_zero=False, fs=RATE)
    return np.asarray(oaconvolve(y, taps, "same"))


@pytest.mark.parametrize("name", sorted(set(names()) - {"choir", *NO_PITCH}))
def test_a_solo_note_is_in_tune(name: str) -> None:
    preset = load(name)
    for seed, x in enumerate((0.1, 0.4, 0.75)):
        f0_hz = preset.f0_hz(x)
        bank = Bank(seed=seed)
        (sung,) = preset.voice_params(x, 0.0)
        assert bank.note_on(1, replace(sung, breath=0.0))  # noise beside the voice has no pitch
        y = bank.render(int(3.2 * RATE)).astype(np.float64)
        part = max((band(y, m * f0_hz, 0.4 * f0_hz) for m in (1, 2, 3, 4, 5, 6)), key=lambda z: float(np.mean(z**2)))
        phase = np.unwrap(np.angle(hilbert(part)))
        hz = (phase[RATE // 2 + 2 * RATE] - phase[RATE // 2]) / (4 * np.pi)
        hz /= round(hz / f0_hz)
        (SOLO_CLEAN if name in CLEAN else SOLO).hold(1200 * np.log2(hz / f0_hz), (name, x))


def test_no_two_vibratos_are_alike_from_the_first_second_on() -> None:
    rates, extents, phases = [], [], []
    for key in range(24):
        bank = Bank(seed=key)
        assert bank.note_on(
            1, VoiceParams(f0_hz=440.0, vowel=PURE, algorithm="poisson", vibrato_cents=50.0, vibrato_drift_percent=0.0)
        )
        got = cents(bank.render(3 * RATE).astype(np.float64), 440.0, RATE)[RATE : 11 * RATE // 4][::16]
        t = np.arange(len(got)) * 16 / RATE

        def wave(t: Array, a: float, b: float, f: float, offset: float) -> Array:
            return a * np.sin(2 * np.pi * f * t) + b * np.cos(2 * np.pi * f * t) + offset

        spectrum = np.abs(np.fft.rfft(got * np.hanning(len(got)), 16 * len(got)))
        near = np.fft.rfftfreq(16 * len(got), 16 / RATE)[np.argmax(spectrum)]
        (a, b, f, _), _ = curve_fit(wave, t, got, p0=(50.0, 0.0, near, 0.0))
        rates.append(f)
        extents.append(float(np.hypot(a, b)))
        phases.append(float(np.angle(a + 1j * b)))
    RATES.hold(100 * np.std(rates) / np.mean(rates))
    EXTENTS.hold(100 * np.std(extents) / np.mean(extents))
    assert np.mean(extents) == pytest.approx(50.0, rel=0.12)
    PHASES.hold(np.exp(-24 * abs(np.mean(np.exp(1j * np.array(phases)))) ** 2))


def test_two_notes_of_a_choir_have_other_mistunings() -> None:
    preset = load("choir")
    real = Bank(voices=64, seed=3)
    bank = ChoirBank(real)
    calm = load("choir", voice={"vibrato_cents": 0, "drift_cents": 0, "jitter_percent": 0, "flutter": 0})
    assert preset.singers == calm.singers == 6
    spectra = []
    for key in (1, 2):
        assert bank.note_on(key, calm.voice_params(0.5, 0.0))
        y = real.render(3 * RATE)[RATE:].astype(np.float64)
        spectra.append(np.abs(np.fft.rfft(y * np.hanning(len(y)))))
        assert bank.note_off(key)
        real.render(2 * RATE)
    assert np.corrcoef(spectra[0], spectra[1])[0, 1] < 0.9
