from __future__ import annotations

import pytest

from formant_net.tuning.scales import SCALES, degrees_of, root_of
from formant_net.tuning.scl import TuningError
from formant_net.tuning.shipped import shipped

EQUAL = shipped("equal")


@pytest.mark.parametrize(
    ("text", "pitch"),
    [("C", 60), ("d", 62), ("F#", 66), ("Bb", 70), ("B♭3", 58), ("C-1", 0), ("A4", 69), ("62.5", 62.5), (" 0 ", 0)],
)
def test_a_root_is_a_note_or_a_number(text: str, pitch: float) -> None:
    assert root_of(text) == pitch


@pytest.mark.parametrize("text", ["", "H", "C##", "G9a", "G#9", "Cb-1", "-1", "128", "nan", "inf"])
def test_another_root_is_refused(text: str) -> None:
    with pytest.raises(TuningError, match="is no root"):
        root_of(text)


def test_a_named_scale_in_twelve_notes_takes_them_by_number() -> None:
    assert degrees_of("major", EQUAL) == SCALES["major"]
    assert degrees_of("dorian", shipped("pythagorean")) == SCALES["dorian"]
    assert degrees_of("all", EQUAL) == tuple(range(12))


def test_a_named_scale_in_many_notes_takes_the_nearest() -> None:
    assert degrees_of("major", shipped("equal-19")) == (0, 3, 6, 8, 11, 14, 17)
    assert degrees_of("major", shipped("equal-31")) == (0, 5, 10, 13, 18, 23, 28)
    assert degrees_of("major", shipped("equal-53")) == (0, 9, 18, 22, 31, 40, 49)


@pytest.mark.parametrize("name", ["pelog", "slendro", "bohlen-pierce"])
def test_a_named_scale_needs_twelve_notes_to_the_octave(name: str) -> None:
    with pytest.raises(TuningError, match="12 notes or more"):
        degrees_of("minor", shipped(name))
    assert len(degrees_of("all", shipped(name))) == len(shipped(name).cents)


def test_degrees_are_sorted_and_within_the_tuning() -> None:
    assert degrees_of("4,0,2,2", shipped("slendro")) == (0, 2, 4)
    with pytest.raises(TuningError, match="degree 5 of"):
        degrees_of("0,5", shipped("slendro"))


@pytest.mark.parametrize("text", ["", "majeur", "0,", "0;2", "-1,2"])
def test_another_scale_is_refused(text: str) -> None:
    with pytest.raises(TuningError, match="is no scale"):
        degrees_of(text, EQUAL)
