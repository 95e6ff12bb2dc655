"""The places of a server, and who makes room. test_guests.py, above, has whole halls of clients."""

from __future__ import annotations

import pytest

from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.standing import FULL, Standing
from formant_net.server.access.limits import Limits
from formant_net.server.places import Places, group_of_address

GUEST = Standing(guest=True, group="token.")
HERE, THERE = "192.0.2.1", "198.51.100.1"


def test_newcomers_of_one_address_end_their_oldest_when_the_address_has_its_places() -> None:
    places = Places(Limits(newcomers_per_address=2))
    for conn in (1, 2):
        assert places.newcomer_to_end(group_of_address(HERE)) is None
        places.newcomer(conn, HERE)
    assert places.newcomer_to_end(group_of_address(HERE)) == 1
    assert places.newcomer_to_end(group_of_address(THERE)) is None


def test_when_all_places_of_newcomers_are_taken_the_crowd_makes_room_and_nobody_else() -> None:
    places = Places(Limits(newcomers=2, newcomers_per_address=2))
    places.newcomer(1, HERE)
    places.newcomer(2, HERE)
    assert places.newcomer_to_end(group_of_address(THERE)) == 1
    places.gone(1)
    places.newcomer(3, THERE)
    with pytest.raises(ProtocolError) as refused:
        places.newcomer_to_end(group_of_address("203.0.113.1"))
    assert (refused.value.code, refused.value.fatal) == ("server-full", True)


def test_a_newcomer_that_registers_leaves_its_first_place_and_one_sent_back_the_second() -> None:
    places = Places(Limits(clients=1))
    places.newcomer(1, HERE)
    places.member(1, FULL)
    assert places.newcomers == 0
    assert places.full
    places.newcomer(1, HERE)
    assert places.newcomers == 1
    assert not places.full


def test_a_guest_makes_room_for_the_key_and_never_the_other_way_round() -> None:
    places = Places(Limits(clients=2))
    places.member(1, FULL)
    places.member(2, GUEST)
    assert places.member_to_end(3, FULL) == 2
    assert places.member_to_end(2, GUEST) is None  # it has a place
    with pytest.raises(ProtocolError, match="has reached its limit of 2 clients: try again later") as refused:
        places.member_to_end(3, GUEST)
    assert (refused.value.code, refused.value.fatal) == ("server-full", True)
