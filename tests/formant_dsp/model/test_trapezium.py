"""The vowel chart by formula, against measured vowels and against its own grid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formant_dsp.model.tables import table
from formant_dsp.model.trapezium import chart_vowel, trapezium

unit = st.floats(0.0, 1.0)


@pytest.mark.parametrize(
    ("backness", "openness", "f1", "f2"),
    [(1, 0, 270, 2290), (1, 0.62, 530, 1840), (1, 0.82, 660, 1720), (0, 0, 300, 870), (0, 0.92, 730, 1090)],
)
def test_edges_are_where_men_have_their_vowels(backness: float, openness: float, f1: float, f2: float) -> None:
    """Peterson & Barney's i, ɛ, æ, u, ɑ: within 10 %, as wide as one vowel of one group spreads."""
    assert trapezium("men").at(backness, openness).frequency_hz[:2] == pytest.approx((f1, f2), rel=0.10)


@given(unit, unit, st.sampled_from(["men", "women", "children"]))
def test_the_grid_has_f1_and_f2_exactly_and_the_rest_within_what_is_heard(v: float, h: float, group: str) -> None:
    got, want = trapezium(group).at(v, h), chart_vowel(v, h, group)
    assert got.frequency_hz[:2] == pytest.approx(want.frequency_hz[:2], rel=1e-9)
    assert got.frequency_hz == pytest.approx(want.frequency_hz, rel=0.005)
    assert got.bandwidth_hz == pytest.approx(want.bandwidth_hz, rel=0.03)
    assert got.level_db == pytest.approx(want.level_db, abs=0.5)


@pytest.mark.parametrize("group", ["women", "children"])
def test_every_group_is_larger_than_men_by_what_was_measured(group: str) -> None:
    """F1 and F2 of a front vowel against the mean ratio over all vowels of Hillenbrand's tokens: within 3 %."""
    men, others = table("h95_tokens", "men"), table("h95_tokens", group)
    measured = np.mean([np.log(np.divide(others[k].frequency_hz, men[k].frequency_hz)) for k in men], axis=0)
    ours = np.log(np.divide(trapezium(group).at(1, 0.6).frequency_hz, trapezium("men").at(1, 0.6).frequency_hz))
    assert ours[:2] == pytest.approx(measured[:2], abs=0.03)


def test_the_plane_has_no_holes_and_no_steps() -> None:
    plane = trapezium("women")
    line = np.linspace(0, 1, 201)
    for cut in ([plane.at(v, 0.37) for v in line], [plane.at(0.41, h) for h in line]):
        assert np.abs(np.diff(np.log2([vowel.frequency_hz for vowel in cut]), axis=0)).max() < 0.02
        assert np.abs(np.diff([vowel.level_db for vowel in cut], axis=0)).max() < 1.0


def test_points_outside_are_moved_to_the_edge() -> None:
    plane = trapezium("men")
    assert plane.at(-3, 7) == plane.at(0, 1)
    with pytest.raises(ValueError, match="men, women, children"):
        trapezium("giants")
