from __future__ import annotations

import pytest

from formant_net.hand.vowels import USUAL, mixed, place_of, y_of


@pytest.mark.parametrize(("name", "y"), [("a", 0.0), ("e", 0.25), ("u", 1.0), ("ø", None)])
def test_vowels_stand_at_equal_steps(name: str, y: float | None) -> None:
    assert place_of(name, USUAL) == y


def test_a_surface_that_spells_a_vowel_otherwise_sings_the_nearest() -> None:
    assert place_of("a", ("ɛ", "ɑ")) == 1.0
    assert place_of("o", ("a", "i")) is None
    assert place_of("a", ("a",)) is None, "a surface of one vowel has no places"


def test_a_place_is_itself_on_every_surface() -> None:
    assert y_of(0.3, ()) == 0.3


def test_the_way_between_two_names_depends_on_the_surface() -> None:
    half = mixed("a", "i", 0.5)
    assert y_of(half, USUAL) == pytest.approx(0.25)
    assert y_of(half, ("i", "o", "a")) == pytest.approx(0.5)
    assert y_of(half, ("a", "o")) is None


def test_a_glide_that_is_bent_on_its_way_goes_on_from_where_it_is() -> None:
    bent = mixed(mixed("a", "u", 0.5), "a", 0.5)
    assert y_of(bent, USUAL) == pytest.approx(0.25)
    assert bent == (("a", 0.75), ("u", 0.25)), "equal names are put together"
    assert y_of(mixed(mixed(0.2, 0.6, 0.5), "a", 0.5), USUAL) == pytest.approx(0.2)


def test_both_ends_are_reached_exactly() -> None:
    assert mixed("a", "i", 0.0) == "a"
    assert mixed("a", "i", 1.0) == "i"
    assert mixed("a", "a", 0.4) == "a"
