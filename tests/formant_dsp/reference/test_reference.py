"""The reference itself, against closed forms and against definitions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ive, jv
from support.sound.spectrum import harmonics, odd_f0

from formant_dsp import VoiceParams, Vowel
from formant_dsp.model.formant import classic_index, index_of_width
from formant_dsp.reference import render
from formant_dsp.reference.noise import mix32, spline_noise, white, whites
from formant_dsp.score.score import Event

K = 301


def one_lobe(algorithm: str, nu: float, beta: float) -> np.ndarray:
    f0 = odd_f0(K)
    vowel = Vowel((nu * f0,) * 5, (beta * f0,) * 5, (0.0, -120, -120, -120, -120))
    params = VoiceParams(f0_hz=f0, vowel=vowel, algorithm=algorithm, vibrato_cents=0.0, resonance=0.0)
    return harmonics(render([Event(0, 1, params)], 90_000), K)


@pytest.mark.parametrize("beta", [0.5, 1.0, 3.0])
def test_modfm_lobe_has_bessel_amplitudes(beta: float) -> None:
    """Lobe a_n = I_n(k)/I_0(k), judge 1 for a float64 core: 0.01 dB (the four lobes at -120 dB are left in)."""
    got = one_lobe("modfm", 12.0, beta)
    n = np.arange(-4, 5)
    want = ive(abs(n), float(index_of_width(beta)))
    got_db, want_db = (20 * np.log10(a / a[4]) for a in (got[11 + n], want))
    assert np.abs(got_db - want_db)[want_db > -60].max() < 0.01


@pytest.mark.parametrize("beta", [0.5, 1.0])
def test_classic_lobe_has_bessel_amplitudes(beta: float) -> None:
    got = one_lobe("chowning", 12.0, beta)
    n = np.arange(-3, 4)
    want = np.abs(jv(n, float(classic_index(index_of_width(beta)))))
    got_db, want_db = (20 * np.log10(a / a[3]) for a in (got[11 + n], want))
    assert np.abs(got_db - want_db)[want_db > -60].max() < 0.01


def test_centre_between_two_harmonics_is_shared_by_weight() -> None:
    """So narrow a lobe (a_1 = k/2 = 0.0125) is its two carriers; each leaks a_1 of itself into the other."""
    got = one_lobe("modfm", 12.25, 0.025)
    assert got[12] / got[11] == pytest.approx((0.25 + 0.0125 * 0.75) / (0.75 + 0.0125 * 0.25), rel=0.002)


def test_hash_is_uniform_and_uncorrelated() -> None:
    """Judge 7: chi² over 64 bins within its 0.1 % bounds, autocorrelation of neighbours below 0.02."""
    values = np.array([white(5, i) for i in range(1 << 15)])
    counts, _ = np.histogram(values, 64, (-1, 1))
    chi2 = np.sum((counts - 512.0) ** 2 / 512.0)
    assert 33.0 < chi2 < 104.0
    assert abs(np.corrcoef(values[:-1], values[1:])[0, 1]) < 0.02
    assert mix32(1, 2) != mix32(2, 1)


def test_noise_at_many_places_is_that_at_each() -> None:
    places = np.array([-3, -1, 0, 1, 77, 1 << 31, (1 << 32) - 1, 1 << 32])
    for seed in (0, 5, (1 << 32) - 9):
        assert list(whites(seed, places)) == [white(seed, int(i)) for i in places]


def test_spline_noise_has_unit_rms_and_no_steps() -> None:
    t = np.arange(0, 2000, 0.05)
    values = np.array([spline_noise(9, x) for x in t])
    assert np.sqrt(np.mean(values**2)) == pytest.approx(1.0, abs=0.05)
    assert np.abs(np.diff(values)).max() < 0.25
