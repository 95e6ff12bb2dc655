"""Where a pitch lies on the surface that a synth describes, whatever it says."""

from __future__ import annotations

from typing import Any

import pytest

from formant_net.controller.surface import note_at, takes_notes, vowels_of, x_of

PLAIN = {"surface": {"low_hz": 110.0, "octaves": 3.0, "vowels": ["a", "u"]}}


@pytest.mark.parametrize(("note", "x"), [(45.0, 0.0), (81.0, 1.0), (57.0, 1 / 3), (57.5, 12.5 / 36), (33.0, -1 / 3)])
def test_equal_intervals_are_equal_distances_from_the_lowest_pitch(note: float, x: float) -> None:
    assert x_of(note, PLAIN) == pytest.approx(x)
    assert note_at(x, PLAIN) == pytest.approx(note)


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"surface": None},
        {"surface": [110.0, 3.0]},
        {"surface": {"low_hz": 110.0}},
        {"surface": {"low_hz": 0.0, "octaves": 3.0}},
        {"surface": {"low_hz": 110.0, "octaves": -1}},
        {"surface": {"low_hz": "110", "octaves": 3.0}},
        {"surface": {"low_hz": True, "octaves": 3.0}},
        {"surface": {"low_hz": float("nan"), "octaves": 3.0}},
        {"surface": {"low_hz": 1e300, "octaves": 3.0}},
    ],
)
def test_a_surface_that_is_not_described_or_makes_no_sense_is_not_known(state: dict[str, Any]) -> None:
    assert x_of(60.0, state) is None
    assert note_at(0.5, state) is None


@pytest.mark.parametrize(
    ("state", "takes"),
    [
        ({"takes": ["note", "vel"]}, True),
        ({"takes": ("note",)}, True),
        ({"takes": ["vel"]}, False),
        ({"takes": "note"}, False),
        ({}, False),
    ],
)
def test_a_synth_says_that_it_takes_notes(state: dict[str, Any], takes: bool) -> None:
    assert takes_notes(state) is takes


@pytest.mark.parametrize("vowels", [None, 3, "aeiou", ["a", 1], {"a": 1}])
def test_a_surface_that_names_no_vowels_has_none(vowels: Any) -> None:
    assert vowels_of({"surface": {"vowels": vowels}}) == []


def test_vowels_come_in_their_order() -> None:
    assert vowels_of(PLAIN) == ["a", "u"]
