"""Places: how they are written, and how far apart they are."""

from __future__ import annotations

import math

import pytest

from formant_net.protocol.location import check, distance_km

BERLIN, MUNICH, TOKYO = "52.52,13.405", "48.137,11.575", "35.68,139.69"


def test_degrees_lose_their_spaces_and_names_stay() -> None:
    assert check(" 52.520 , 13.40 ") == "52.52,13.4"
    assert check("-33.9,+151") == "-33.9,151"
    assert check("North wall") == "North wall"


@pytest.mark.parametrize("text", ["", "   ", "x" * 65, "a\nb", "91,0", "0,181", "52.52, 13.4, 7"])
def test_what_is_neither_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"52\.52,13\.40"):
        check(text)


def test_distances_are_those_of_the_map() -> None:
    assert distance_km(BERLIN, MUNICH) == pytest.approx(504, abs=2)
    assert distance_km(BERLIN, TOKYO) == pytest.approx(8920, abs=20)
    assert distance_km(TOKYO, BERLIN) == distance_km(BERLIN, TOKYO)
    assert distance_km(BERLIN, BERLIN) == 0.0
    assert distance_km("0,0", "0,180") == pytest.approx(math.pi * 6371, rel=1e-6)


def test_equal_names_are_at_one_place_and_all_else_is_far_away() -> None:
    assert distance_km("attic", "attic") == 0.0
    for one, other in (("attic", "barn"), ("attic", BERLIN), ("", ""), ("", BERLIN)):
        assert distance_km(one, other) == math.inf


def test_the_poles_and_the_date_line_are_places() -> None:
    assert check("90, 180") == "90,180"
    assert check("-90,-180") == "-90,-180"
    assert distance_km("90,0", "-90,0") == pytest.approx(math.pi * 6371.0)
    assert distance_km("0,180", "0,-180") == pytest.approx(0.0, abs=1e-6)
