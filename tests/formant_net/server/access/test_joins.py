"""New ids: how many one address and one token bring, however many ids and addresses there are."""

from __future__ import annotations

from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.standing import FULL, Standing
from formant_net.server.access.joins import Joins
from formant_net.server.access.limits import Limits

LIMITS = Limits(joins_per_min=60.0, joins_burst=20, token_joins_per_min=120.0, token_joins_burst=50)


def taken(joins: Joins, standing: Standing, count: int, now: float = 0.0) -> int:
    """How many of so many new ids get in."""
    got = 0
    for _ in range(count):
        try:
            joins.take(standing, now)
        except ProtocolError as error:
            if (error.code, error.fatal) != ("too-many-joins", True):
                raise
        else:
            got += 1
    return got


def test_one_address_brings_so_many_at_once_and_then_so_many_a_minute() -> None:
    joins, hall = Joins(LIMITS), Standing(group="key.hall")
    assert taken(joins, hall, 100) == 20
    assert taken(joins, hall, 100, now=10.0) == 10
    assert taken(joins, Standing(group="key.home"), 1, now=10.0) == 1


def test_a_token_gets_no_further_with_many_addresses() -> None:
    joins = Joins(LIMITS)
    got = sum(taken(joins, Standing(True, f"t.address{n}"), 10) for n in range(100))
    assert got == 50
    assert taken(joins, Standing(True, "t.another"), 100, now=10.0) == 20
    assert taken(joins, Standing(True, "u.address1"), 10) == 10, "another token is not concerned"
    assert taken(joins, Standing(False, "key.address1"), 10) == 10, "nor is a player with the key at the same address"


def test_who_is_refused_for_its_address_uses_up_nothing_of_its_token() -> None:
    joins = Joins(LIMITS)
    assert taken(joins, Standing(True, "t.greedy"), 10_000) == 20
    assert taken(joins, Standing(True, "t.honest"), 20) == 20


def test_where_nobody_is_told_apart_nobody_is_counted() -> None:
    assert taken(Joins(LIMITS), FULL, 1000) == 1000
