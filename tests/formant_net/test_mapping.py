from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formant_net.mapping import Mapping

unit = st.floats(0.0, 1.0)


@pytest.mark.parametrize(("x", "hz"), [(0.0, 110.0), (1 / 3, 220.0), (2 / 3, 440.0), (1.0, 880.0)])
def test_the_surface_spans_three_octaves_from_a2(x: float, hz: float) -> None:
    assert Mapping().f0_hz(x) == pytest.approx(hz, rel=1e-12)


@given(unit)
def test_x_of_is_the_inverse_of_f0(x: float) -> None:
    assert Mapping().x_of(Mapping().f0_hz(x)) == pytest.approx(x, abs=1e-12)


def test_equal_distances_are_equal_intervals() -> None:
    mapping = Mapping(f0_low_hz=55.0, octaves=5.0)
    assert mapping.f0_hz(0.4) / mapping.f0_hz(0.3) == pytest.approx(mapping.f0_hz(0.9) / mapping.f0_hz(0.8))


def test_vowel_is_the_height_on_the_surface() -> None:
    assert [Mapping().vowel(y) for y in (0.0, 0.25, 0.5, 0.75, 1.0)] == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_a_surface_without_pressure_sings_at_full_level() -> None:
    assert Mapping().level_db(None) == 0.0


def test_effort_spans_its_range_between_the_phonation_threshold_and_full_pressure() -> None:
    mapping = Mapping(phonation_z=0.2, dynamic_range_db=40.0)
    assert mapping.level_db(1.0) == pytest.approx(0.0)
    assert mapping.level_db(0.2) == mapping.level_db(0.0) == pytest.approx(-40.0)
    assert mapping.level_db(0.6) == pytest.approx(-40.0 + 40.0 * 0.5**1.5)


@given(unit, unit)
def test_more_pressure_is_never_softer(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert Mapping().level_db(low) <= Mapping().level_db(high) <= 0.0


def test_coordinates_outside_the_surface_are_clamped() -> None:
    mapping = Mapping()
    assert mapping.f0_hz(-1.0) == mapping.f0_hz(0.0)
    assert mapping.f0_hz(2.0) == mapping.f0_hz(1.0)
    assert mapping.vowel(1.5) == 1.0
    assert mapping.level_db(7.0) == mapping.level_db(1.0)


@pytest.mark.parametrize("wrong", [{"f0_low_hz": 0.0}, {"octaves": -1.0}, {"phonation_z": 1.0}])
def test_a_mapping_without_meaning_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Mapping(**wrong)
