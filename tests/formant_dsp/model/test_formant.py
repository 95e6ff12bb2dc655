"""Closed forms of the formant model against exact Bessel functions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import i0e as exact_i0e
from scipy.special import i1e, iv, ive, jv

from formant_dsp.model import formant


def exact_index(beta: float) -> float:
    """k whose first neighbour is that of a resonance (β < 2) or whose lobe is half power at ±β/2."""
    if beta < 2.0:
        ratio = (1 + 4 / beta**2) ** -0.5
        return float(np.exp(brentq(lambda x: i1e(np.exp(x)) / exact_i0e(np.exp(x)) - ratio, -20, 9)))
    return float(np.exp(brentq(lambda x: ive(beta / 2, np.exp(x)) / exact_i0e(np.exp(x)) - 2**-0.5, -20, 9)))


@pytest.mark.parametrize("beta", np.geomspace(0.05, 40, 60))
def test_index_of_width_is_within_one_percent(beta: float) -> None:
    assert float(formant.index_of_width(beta)) == pytest.approx(exact_index(beta), rel=0.0096)


def test_i0e_is_exact_to_1e_12() -> None:
    k = np.concatenate(([0.0], np.geomspace(1e-6, 3000, 400)))
    assert formant.i0e(k) == pytest.approx(exact_i0e(k), rel=1e-12)


def test_power_of_a_lobe_is_within_a_hundredth_of_a_decibel() -> None:
    k = np.geomspace(1e-4, 1000, 500)
    assert np.abs(10 * np.log10(formant.lobe_power(k) * exact_i0e(k) ** 2 / exact_i0e(2 * k))).max() < 0.01


@pytest.mark.parametrize("k", np.geomspace(1e-3, 1000, 30))
def test_reach_of_a_lobe_is_beyond_its_last_80_db_but_not_far(k: float) -> None:
    n = np.arange(200)
    level_db = 20 * np.log10(np.maximum(ive(n, k) / exact_i0e(k), 1e-30))
    ends = np.interp(80.0, -level_db, n)
    assert ends + 1.0 < formant.reach(k) < ends + 4.0


def test_classic_index_has_the_rms_width_of_modfm() -> None:
    k = np.geomspace(0.01, 1.5, 50)
    want = np.sqrt(k * iv(1, 2 * k) / iv(0, 2 * k))
    assert formant.classic_index(k) == pytest.approx(np.minimum(want, 1.3), rel=0.025)


def test_j0_holds_up_to_the_largest_index() -> None:
    x = np.linspace(0, 1.3, 50)
    assert formant.j0(x) == pytest.approx(jv(0, x), abs=6e-5)


def test_poisson_kernel_is_half_power_at_half_the_width() -> None:
    r = formant.poisson_ratio(1.0, 200.0)
    assert r**100.0 == pytest.approx(2**-0.5)


def test_resonance_gain_is_that_of_a_resonance_and_bounded() -> None:
    assert formant.resonance_gain(7.0, 0.5, 1.0) == pytest.approx(1.0)
    assert formant.resonance_gain(7.5, 0.5, 0.0) == pytest.approx(1.0)
    assert formant.resonance_gain(7.5, 2.0, 1.0) == pytest.approx(2 / np.sqrt(1.25))
    assert 20 * np.log10(formant.resonance_gain(7.5, 1e-6, 1.0)) == pytest.approx(-24.0, abs=0.01)


def test_hawks_miller_gives_the_published_magnitudes() -> None:
    """40 Hz about F1, 50 about F2, 90 about F3, 150 and more above; wider for a higher voice."""
    width = formant.hawks_miller_bandwidth([500.0, 1500.0, 2500.0, 3500.0])
    assert np.all((width > [35, 45, 80, 120]) & (width < [50, 95, 125, 220]))
    assert np.all(formant.hawks_miller_bandwidth([500.0, 1500.0], 220.0) > width[:2])
