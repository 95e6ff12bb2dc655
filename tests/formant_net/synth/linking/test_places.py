"""Who has a place for a link, and who makes room for another."""

from __future__ import annotations

from formant_net.protocol.standing import FULL, Standing
from formant_net.synth.linking.places import Places
from formant_net.synth.linking.ranking import Ranking

GUEST = Standing(guest=True, group="token.one")
OTHER = Standing(guest=True, group="other.two")


def places(most: int, *held: str, playing: tuple[str, ...] = (), **standings: Standing) -> Places:
    """Places with their holders; one named `far…` is at another edge."""
    ranking = Ranking()
    ranking.here("attic", "")
    for name in {*held, *standings, "near"}:
        ranking.placed(name, "barn" if name.startswith("far") else "attic", "", standings.get(name, FULL))
    made = Places(most, ranking, playing.__contains__)
    for name in held:
        made.add(name)
    return made


def test_it_is_full_until_a_place_is_free() -> None:
    two = places(2, "a", "b")
    assert two.full
    two.remove("a")
    assert not two.full


def test_free_places_go_to_the_preferred_without_one() -> None:
    assert places(2, "a").best(["far", "a", "near"]) == ["near"]
    assert places(1, "a").best(["near"]) == []


def test_one_that_was_not_reached_makes_room_first_and_no_reason_is_told() -> None:
    assert places(2, "far", "mute").makes_room("near", ["mute"]) == ("mute", "")


def test_a_player_makes_no_room_for_a_guest_even_if_it_was_not_reached() -> None:
    assert places(1, "mute", guest=GUEST).makes_room("guest", ["mute"]) is None


def test_a_guest_makes_room_for_a_player_one_without_a_finger_down_first() -> None:
    one = places(2, "g1", "g2", playing=("g2",), g1=GUEST, g2=GUEST)
    assert one.makes_room("near", []) == ("g1", "others come first")
    both = places(2, "g1", "g2", playing=("g1", "g2"), g1=GUEST, g2=GUEST).makes_room("near", [])
    assert both is not None, "rights count more than a finger that is down"


def test_a_token_with_two_places_more_makes_room_for_another() -> None:
    assert places(2, "g1", "g2", g1=GUEST, g2=GUEST, other=OTHER).makes_room("other", []) is not None
    assert places(1, "g1", g1=GUEST, other=OTHER).makes_room("other", []) is None


def test_new_standing_counts_at_once_and_only_for_a_holder() -> None:
    one = places(1, "a")
    one.standing("a", GUEST)
    one.standing("near", GUEST)
    assert one.makes_room("near", []) == ("a", "others come first")


def test_the_farthest_without_a_finger_down_makes_room_for_a_nearer_one() -> None:
    assert places(2, "a", "far").makes_room("near", []) == ("far", "nearer")
    assert places(2, "a", "far", playing=("far",)).makes_room("near", []) is None
    assert places(1, "a").makes_room("near", []) is None, "equally near"
