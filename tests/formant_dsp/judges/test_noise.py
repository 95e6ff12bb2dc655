"""Judge 7, noise: none where none is asked for, a living voice's where a preset asks for it, and bands of breath that
have their width and level. Jitter, shimmer and harmonics re noise are Praat's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.signal import welch
from scipy.stats import chi2
from support.judges.judge import Judge, at_least, at_most, between, within
from support.judges.signals import RATE, held, still
from support.sound.praat import Unsteadiness, unsteadiness

from formant_dsp import Vowel
from formant_dsp.model.presets import load
from formant_dsp.reference.noise import mix32, white

JITTER_0 = Judge(7, "jitter of a voice without any", "%", at_most(0.01), at_most(0.001))
SHIMMER_0 = Judge(7, "shimmer of a voice without any", "dB", at_most(0.005), at_most(0.001))
CLEAN = Judge(7, "harmonics re noise: clean (default voice, `glassy`)", "dB", at_least(55.0))
JITTER = Judge(7, "jitter of the natural presets", "%", between(0.2, 1.0))
SHIMMER = Judge(7, "shimmer of the natural presets", "dB", between(0.02, 0.5))
MODAL = Judge(7, "harmonics re noise: natural presets", "dB", between(15.0, 35.0))
BREATHY = Judge(7, "harmonics re noise: `breathy`", "dB", between(5.0, 15.0))
BAND_WIDTH = Judge(7, "width of a noise band, from the sinc⁴ law that fits it", "%", within(5.0), within(2.0))
BAND_SHAPE = Judge(7, "its shape against that law, down to -8 dB", "dB", within(1.0), within(0.4))
BAND_LEVEL = Judge(7, "its mean square", "dB", within(0.2), within(0.1))
CHI2 = Judge(7, "p of the noise's hash being uniform (chi², 2^20 values)", "", between(0.001, 0.999))
CORRELATION = Judge(7, "its autocorrelation, lags 1 to 32", "", at_most(0.004))

NATURAL = ("soprano", "alto", "tenor", "bass", "ring-tenor", "falsetto", "child", "speaker")


@pytest.mark.parametrize("algorithm", ["voice", "modfm", "chowning", "poisson", "natural"])
def test_a_voice_without_life_is_perfectly_steady(algorithm: str) -> None:
    for f0 in (110.0, 220.0):
        found = unsteadiness(held(still(f0_hz=f0, algorithm=algorithm)), RATE, f0)
        JITTER_0.hold(found.jitter_percent, (algorithm, f0))
        SHIMMER_0.hold(found.shimmer_db, (algorithm, f0))
        CLEAN.hold(found.harmonicity_db, (algorithm, f0))


def of_preset(name: str) -> Unsteadiness:
    """A held vowel; what moves slowly is taken off, for Praat would count it."""
    (params,) = load(name).voice_params(0.45, 0.0)
    steady = replace(params, vibrato_cents=0.0, drift_cents=0.0, flutter=0.0)
    return unsteadiness(held(steady, 2.5, seed=3), RATE, params.f0_hz)


@pytest.mark.parametrize("name", NATURAL)
def test_natural_singers_are_as_unsteady_as_healthy_ones(name: str) -> None:
    found = of_preset(name)
    JITTER.hold(found.jitter_percent, name)
    SHIMMER.hold(found.shimmer_db, name)
    MODAL.hold(found.harmonicity_db, name)


def test_the_breathy_one_is_breathy_and_the_glassy_one_is_clean() -> None:
    BREATHY.hold(of_preset("breathy").harmonicity_db)
    CLEAN.hold(of_preset("glassy").harmonicity_db, "glassy")


@pytest.mark.parametrize("width", [60.0, 100.0, 200.0, 300.0])
def test_breath_band_has_its_width_and_its_level(width: float) -> None:
    """Power of a cubic B-spline on a carrier is sinc⁸((f − F)/R), -3 dB at ± B/2 with R = 2.198 B; 160 s of it."""
    centre = 3000.0
    vowel = Vowel((centre,) * 5, (width,) * 5, (0.0, -120.0, -120.0, -120.0, -120.0))
    power, square = [], []
    for seed in range(8):
        y = held(still(vowel=vowel, voiced=0.0, breath=1.0), 20.0, seed)
        square.append(np.mean(y**2))
        f, p = welch(y, RATE, nperseg=16384)
        power.append(p)
    BAND_LEVEL.hold(10 * np.log10(np.mean(square) / 0.01), width)
    p = np.mean(power, axis=0)
    near = np.abs(f - centre) < 1.2 * width

    def fitted(knots: float) -> np.ndarray:
        shape = np.sinc((f[near] - centre) / knots) ** 8
        return np.asarray(shape * (p[near] @ shape) / (shape @ shape))

    best = minimize_scalar(
        lambda r: float(np.sum((p[near] - fitted(r)) ** 2)), bounds=(width, 4 * width), method="bounded"
    ).x
    BAND_WIDTH.hold(100 * (best / (2.198 * width) - 1), width)
    want = fitted(2.198 * width)
    loud = want > want.max() * 10**-0.8
    # Bins of 3 Hz wander by chance: seven of them together are judged.
    got, law = (np.convolve(x[loud], np.ones(7), "valid") for x in (p[near], want))
    BAND_SHAPE.hold(np.max(np.abs(10 * np.log10(got / law))), width)


def hashed(seed: int, count: int) -> np.ndarray:
    """`reference.white` of 0 … count − 1, all at once."""
    h = (np.arange(count, dtype=np.uint64) * 0x85EBCA6B + np.uint64(seed * 0x9E3779B9 + 0x27220A95)) & np.uint64(
        0xFFFFFFFF
    )
    h = h.astype(np.uint32)
    h ^= h >> 16
    h *= np.uint32(0x85EBCA6B)
    h ^= h >> 13
    h *= np.uint32(0xC2B2AE35)
    h ^= h >> 16
    return np.asarray(h / 2.0**31 - 1.0)


@pytest.mark.parametrize("seed", [0, 1, 5, 12345])
def test_noise_is_uniform_and_uncorrelated(seed: int) -> None:
    values = hashed(seed, 1 << 20)
    assert [white(seed, i) for i in (0, 1, 77, 65_537)] == list(values[[0, 1, 77, 65_537]])
    counts, _ = np.histogram(values, 1024, (-1, 1))
    CHI2.hold(chi2.sf(np.sum((counts - 1024.0) ** 2 / 1024.0), 1023), seed)
    for lag in range(1, 33):
        CORRELATION.hold(abs(np.corrcoef(values[:-lag], values[lag:])[0, 1]), (seed, lag))


def test_neighbouring_seeds_have_nothing_in_common() -> None:
    a, b = hashed(mix32(0, 1), 1 << 16), hashed(mix32(0, 2), 1 << 16)
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.02


def test_roughness_is_found_by_praat() -> None:
    """The judge itself: what is asked for is what it sees, about."""
    found = unsteadiness(held(still(f0_hz=110.0, jitter_percent=0.6, shimmer_db=0.3), 3.0), RATE, 110.0)
    assert 0.3 < found.jitter_percent < 0.9
    assert 0.15 < found.shimmer_db < 0.6
    assert found.harmonicity_db < 45.0
