"""Levels, widths and sizes of the tract."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formant_dsp.model import tract
from formant_dsp.model.formant import hawks_miller_bandwidth
from formant_dsp.model.vowels import rows

NEUTRAL = (500.0, 1500.0, 2500.0, 3500.0, 4500.0)
WIDTHS = (60.0, 90.0, 120.0, 150.0, 200.0)


def test_five_resonances_and_the_correction_for_the_rest_are_a_uniform_tube() -> None:
    """Odd multiples of 500 Hz, equally wide, are equally strong: the source's 6 dB an octave is left."""
    fall = [-20 * math.log10(2 * n + 1) for n in range(5)]
    tube = [tract.cascade_db(f, NEUTRAL, (80.0,) * 5) + tract.higher_poles_db(f, 4500.0) for f in NEUTRAL]
    assert [level - tube[0] for level in tube] == pytest.approx(fall, abs=0.3)


def test_levels_are_those_that_were_measured() -> None:
    """Level of F2 and F3 re F1 in the two sources that give them (men, women): mean within 3 dB, 6 dB rms."""
    for table in ("pb52_published", "pols73_tokens"):
        error = []
        for row in rows():
            if row["table"] == table and row["group"] != "children":
                f = [float(row[f"f{k}_hz"]) for k in (1, 2, 3)]
                f.append(tract.group(row["group"]).fourth_hz(f[2]))
                f.append(f[3] + tract.FIFTH_ABOVE_FOURTH_HZ)
                got = tract.tract_levels(f, [tract.bandwidth_hz(hz) for hz in f])
                a1, a2, a3 = (float(row[f"a{k}_db"]) for k in (1, 2, 3))
                error.append((got[1] - a2 + a1, got[2] - a3 + a1))
        assert len(error) >= 20
        assert np.abs(np.mean(error, axis=0)).max() < 3.0
        assert np.sqrt(np.mean(np.square(error), axis=0)).max() < 6.0


def test_formants_that_approach_each_other_gain_level() -> None:
    """Fant 1956: the nearer the second formant, the stronger the first."""
    apart = tract.cascade_db(700.0, (700.0, 1500.0, 2500.0, 3500.0, 4500.0), WIDTHS)
    near = tract.cascade_db(700.0, (700.0, 1100.0, 2500.0, 3500.0, 4500.0), WIDTHS)
    assert 2.0 < near - apart < 6.0


def test_cascade_is_the_product_of_poles() -> None:
    """Against complex arithmetic at s = i2πf."""
    f = 1234.0
    s = 2j * np.pi * f
    value = 1 / f + 0j
    for centre, width in zip(NEUTRAL, WIDTHS, strict=True):
        pole = -np.pi * width + 2j * np.pi * centre
        value *= abs(pole) ** 2 / ((s - pole) * (s - pole.conjugate()))
    assert tract.cascade_db(f, NEUTRAL, WIDTHS) == pytest.approx(20 * np.log10(abs(value)), abs=1e-9)


@pytest.mark.parametrize("second", [780.0, 900.0, 1100.0, 1500.0, 2200.0])
def test_the_sum_of_lobes_has_the_spectrum_of_the_tract_at_the_centres(second: float) -> None:
    """Formants two widths apart or more: 0.01 dB."""
    centres = (600.0, second, 2600.0, 3300.0, 4200.0)
    want = tract.tract_levels(centres, WIDTHS)

    def spectrum(levels: Sequence[float]) -> list[float]:
        lobes = list(zip(levels, centres, WIDTHS, strict=True))
        at = [sum(10 ** (a / 20) * tract.lobe(f - c, b, 0.1, 200.0) for a, c, b in lobes) for f in centres]
        return [20 * math.log10(value / at[0]) for value in at]

    assert spectrum(tract.lobe_levels(want, centres, WIDTHS)) == pytest.approx(want, abs=0.01)
    if second <= 900.0:  # farther apart there is hardly anything to take out
        assert max(abs(got - level) for got, level in zip(spectrum(want), want, strict=True)) > 0.5


def test_coinciding_formants_share_the_level() -> None:
    levels = tract.lobe_levels((0.0, 0.0, -20.0, -30.0, -40.0), (600.0, 600.0, 2500.0, 3300.0, 4200.0), (80.0,) * 5)
    assert levels[0] == levels[1] == 0.0
    assert levels[2] == pytest.approx(-14.0, abs=1.0)


@given(st.floats(90.0, 5000.0))
def test_bandwidths_are_the_published_ones_but_at_the_seam(f: float) -> None:
    want = float(hawks_miller_bandwidth(f))
    assert tract.bandwidth_hz(f) == pytest.approx(want, rel=1e-9 if not 450 < f < 550 else 0.03)


def test_bandwidth_has_no_step_and_no_end() -> None:
    widths = [tract.bandwidth_hz(10.0 * 1.001**i) for i in range(7000)]
    assert max(abs(math.log(b / a)) for a, b in itertools.pairwise(widths)) < 0.01
    assert min(widths) > 30.0


@given(st.floats(-1000, 1000), st.floats(-1000, 1000))
def test_smooth_max_is_above_both_and_by_little(a: float, b: float) -> None:
    top = tract.smooth_max(a, b, 25.0)
    assert max(a, b) <= top <= max(a, b) + 25.0 * math.log(2.0) + 1e-9


def test_women_and_children_scale_formant_by_formant() -> None:
    assert tract.resized(NEUTRAL, "men", "women") == pytest.approx((590, 1740, 2850, 4130, 5310))
    assert tract.resized(tract.resized(NEUTRAL, "men", "children"), "children", "men") == pytest.approx(NEUTRAL)
    with pytest.raises(ValueError, match="men, women, children"):
        tract.resized(NEUTRAL, "men", "elves")


def test_a_longer_tract_sounds_lower() -> None:
    assert tract.scaled(NEUTRAL, 1.25) == pytest.approx(tuple(f / 1.25 for f in NEUTRAL))


@pytest.mark.parametrize("name", tract.GROUPS)
def test_regressions_keep_the_order_of_formants(name: str) -> None:
    size = tract.group(name)
    for f1 in np.linspace(250, 1000, 12):
        for f2 in np.linspace(f1 + 200, 3000, 12):
            f3 = size.third_hz(f1, f2)
            assert f2 + 250 <= f3
            assert f3 + 350 <= size.fourth_hz(f3)
