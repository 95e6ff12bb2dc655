from __future__ import annotations

import pytest

from formant_net.ensemble.arguments import change_of, changed, length, tone_of, unit
from formant_net.ensemble.performance import Change, Tone


def test_a_value_beyond_its_range_is_named_with_the_range() -> None:
    assert unit("effort", None) is None
    assert unit("effort", 1.0) == 1.0
    for wrong in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match=r"effort=.* must be within 0 … 1"):
            unit("effort", wrong)


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf")])
def test_a_length_is_above_zero(seconds: float) -> None:
    with pytest.raises(ValueError, match="must be above 0"):
        length(seconds)


def test_without_a_vowel_the_first_one_of_the_surface_is_sung() -> None:
    assert tone_of(60.0, None, None) == Tone(60.0, 0.0, None)
    assert tone_of(60.0, "ø", 0.5).vowel == "ø"
    with pytest.raises(ValueError, match="vowel=2"):
        tone_of(60.0, 2, None)


def test_a_change_says_something() -> None:
    assert change_of("A3", None, "i", 0.5) == Change(57.0, "i", 0.5)
    assert change_of(None, 440.0, None, None) == Change(69.0)
    assert change_of(None, None, None, None, some=False) == Change()
    with pytest.raises(ValueError, match="give a pitch, hz, vowel or effort"):
        change_of(None, None, None, None)


def test_what_a_change_does_not_say_stays() -> None:
    assert changed(Tone(57.0, "a", 0.3), Change(note=60.0)) == Tone(60.0, "a", 0.3)
    assert changed(Tone(57.0, "a", 0.3), Change(vowel="i", effort=0.0)) == Tone(57.0, "i", 0.0)
