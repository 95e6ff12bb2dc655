"""When a client moves, and whereto. tests/vectors/data/signaling.json has what both conversations do meanwhile."""

from __future__ import annotations

import pytest

from formant_net.client.effects import Check, Connect, Notice
from formant_net.client.moves import Moves
from formant_net.client.servers import CHECKS, Server, ServerList
from formant_net.protocol.timing import Timing

TIMING = Timing()
ONE, TWO = Server("ws://one/ws"), Server("ws://two/ws", address="10.0.0.2")


def moves(*servers: Server, place: int = 0, draw: float = 1.0) -> tuple[Moves, ServerList]:
    """The moves of a client that uses the server at `place`; every random number is `draw`."""
    known = ServerList(servers)
    known.use(place)
    return Moves(known, TIMING, lambda: draw), known


@pytest.mark.parametrize(("within_s", "waits_s"), [(4.0, 2.0), (1e9, TIMING.move_s / 2.0)])
def test_asked_to_leave_it_waits_half_of_the_time_given_at_most_and_has_a_bound_of_its_own(
    within_s: float, waits_s: float
) -> None:
    here, _ = moves(ONE, TWO)
    here.asked(within_s, 10.0)
    assert here.next_deadline() == 10.0 + waits_s
    assert here.place_due(10.0 + waits_s - 0.01, online=True) is None
    assert here.place_due(10.0 + waits_s, online=True) == 1
    assert here.place_due(10.0 + waits_s, online=True) is None


def test_nobody_moves_without_another_server_or_offline_or_twice_at_once() -> None:
    alone, _ = moves(ONE)
    alone.asked(1.0, 0.0)
    assert alone.place_due(1.0, online=True) is None
    offline, _ = moves(ONE, TWO)
    offline.asked(1.0, 0.0)
    assert offline.place_due(1.0, online=False) is None
    moving, _ = moves(ONE, TWO)
    moving.begin(2, 1, 0.0)
    moving.asked(1.0, 0.0)
    assert moving.place_due(1.0, online=True) is None


def test_the_end_of_the_present_conversation_cancels_what_has_not_begun() -> None:
    here, _ = moves(ONE, TWO, place=1)
    here.registered(0.0)
    here.asked(1.0, 0.0)
    moving = here.begin(2, 0, 0.0)
    assert moving == Connect("ws://one/ws", 2)
    here.lost()
    assert here.next_deadline() == TIMING.open_s
    assert here.moving is not None


def test_a_move_that_takes_too_long_is_overdue_and_one_that_fails_counts_its_checks_anew() -> None:
    here, known = moves(ONE, TWO, place=1)
    for _ in range(CHECKS - 1):
        assert not here.checked(0, ok=True)
    assert here.checked(0, ok=True)
    here.begin(2, 0, 5.0)
    assert not here.checked(0, ok=True)
    assert here.overdue(5.0 + TIMING.open_s - 0.01) is None
    assert here.overdue(5.0 + TIMING.open_s) is here.moving
    assert here.failed() == [Notice("not moved", {"server": "ws://one/ws"})]
    assert here.failed() == []
    assert not here.checked(0, ok=True)
    assert known.place == 1


def test_better_servers_are_checked_after_a_registration_and_again_at_a_random_time() -> None:
    here, _ = moves(TWO, ONE, place=1)
    here.registered(0.0)
    first = TIMING.home_s / CHECKS
    assert here.checks_due(first - 0.01) == []
    assert here.checks_due(first) == [Check("ws://two/ws", 0, address="10.0.0.2")]
    assert here.next_deadline() == first + 1.25 * first
    best, _ = moves(ONE, TWO)
    best.registered(0.0)
    assert best.next_deadline() is None


def test_a_move_that_is_done_makes_its_server_the_present_one() -> None:
    here, known = moves(ONE, TWO)
    here.begin(2, 1, 0.0)
    assert here.moving is not None
    here.done(here.moving)
    assert here.moving is None
    assert known.current is TWO
