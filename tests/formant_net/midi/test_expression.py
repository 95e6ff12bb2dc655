from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formant_net.midi.devices import Slide
from formant_net.midi.expression import FADE_S, effort, vowel

UNIT = st.floats(0.0, 1.0)
MIDDLE = 64 / 127


@given(UNIT, st.none() | UNIT, st.none() | UNIT, st.sampled_from(Slide))
def test_a_vowel_is_within_0_and_1(base: float, slide: float | None, master: float | None, how: Slide) -> None:
    assert 0.0 <= vowel(base, slide, master, how) <= 1.0


@given(UNIT)
def test_the_middle_and_zero_are_the_wheels_vowel(base: float) -> None:
    assert vowel(base, MIDDLE, None, Slide.RELATIVE) == base
    assert vowel(base, 0.0, MIDDLE, Slide.FROM_ZERO) == base
    assert vowel(base, None, None, Slide.ABSOLUTE) == base


def test_a_relative_slide_is_half_of_the_way_to_either_side() -> None:
    assert vowel(0.5, 1.0, None, Slide.RELATIVE) == pytest.approx(0.996, abs=0.001)
    assert vowel(0.5, 0.0, None, Slide.RELATIVE) == 0.0


@given(UNIT, st.floats(0.0, 2.0), st.none() | st.floats(0.0, 10.0), UNIT)
def test_effort_is_within_0_and_1(struck: float, pressure: float, pressed_s: float | None, factor: float) -> None:
    assert 0.0 <= effort(struck, pressure, pressed_s, factor) <= 1.0


def test_effort_goes_over_from_velocity_to_pressure() -> None:
    assert effort(0.8, 0.2, None, 1.0) == 0.8
    assert effort(0.8, 0.2, 0.0, 1.0) == 0.8
    assert effort(0.8, 0.2, FADE_S / 2, 1.0) == pytest.approx(0.5)
    assert effort(0.8, 0.2, FADE_S, 0.5) == pytest.approx(0.1)
