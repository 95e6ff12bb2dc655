"""Places for links that are being made: a few at a time, and nobody holds one for ever while others wait."""

from __future__ import annotations

from formant_net.protocol.standing import FULL, Standing
from formant_net.synth.linking.setups import Setups
from formant_net.timers.allowance import Allowance

GUEST = Standing(guest=True, group="a.1")


def made(most: int, *, per_s: float = 10.0, burst: int = 100) -> Setups:
    return Setups(most, 3.0, Allowance(per_s, burst, 0.0))


def test_so_many_at_a_time_and_the_others_in_the_order_they_came() -> None:
    setups = made(2)
    assert [setups.begin(name, 0, 0.0) for name in "abcd"] == [True, True, False, False]
    assert setups.next(0.0) is None
    setups.end("a")
    assert setups.next(0.0) == "c"
    assert setups.begin("c", 0, 1.0)
    assert setups.waits("d")
    assert not setups.waits("c")


def test_who_never_failed_comes_first() -> None:
    setups = made(1)
    setups.begin("a", 0, 0.0)
    for waiting, failures in (("b", 3), ("c", 0), ("d", 1)):
        setups.begin(waiting, failures, 0.0)
    order = []
    setups.end("a")
    while (name := setups.next(0.0)) is not None:
        order.append(name)
        assert setups.begin(name, 0, 0.0)
        setups.end(name)
    assert order == ["c", "d", "b"]


def test_who_waits_for_an_answer_makes_room_only_when_somebody_waits() -> None:
    setups = made(2)
    setups.begin("a", 0, 0.0)
    setups.begin("b", 0, 1.0)
    assert setups.deadline() is None
    assert setups.slow(100.0) == []
    setups.begin("c", 0, 2.0)
    assert setups.deadline() == 3.0
    assert setups.slow(2.9) == []
    assert setups.slow(10.0) == ["a"], "one waits, one gives way"
    setups.begin("a", 0, 10.0)  # it has answered
    assert setups.deadline() == 4.0


def test_who_is_set_up_counts_no_more_when_somebody_has_to_make_room() -> None:
    setups = made(2)
    setups.begin("a", 0, 0.0, GUEST)
    setups.begin("b", 0, 1.0, Standing(guest=True, group="b.1"))
    setups.end("a")
    assert setups.gives_way(FULL, 2.0) == "b"
    setups.end("b")
    assert setups.gives_way(FULL, 2.0) is None
    setups.end("b")


def test_who_is_forgotten_waits_no_more() -> None:
    setups = made(1)
    setups.begin("a", 0, 0.0)
    setups.begin("b", 0, 0.0)
    setups.forget("b")
    setups.forget("a")
    setups.forget("never heard of")
    assert setups.next(0.0) is None
    assert setups.deadline() is None


def test_guests_who_come_again_and_again_begin_no_more_than_is_allowed_and_players_are_not_counted() -> None:
    setups = made(50, per_s=10.0, burst=5)
    begun = [setups.begin(f"guest-{n}", 0, 0.0, GUEST) for n in range(8)]
    assert begun == [True] * 5 + [False] * 3
    assert setups.gives_way(GUEST, 0.0) is None, "no other guest makes room for one that may not begin"
    assert all(setups.begin(f"player-{n}", 0, 0.0, FULL) for n in range(20))
    assert setups.next(0.0) is None
    assert setups.slow(100.0) == [], "there are places: nobody has to give way"
    due = setups.deadline()
    assert due is not None
    assert abs(due - 0.1) < 1e-9
    assert setups.next(0.1) == "guest-5"
    assert setups.begin("guest-5", 0, 0.1, GUEST)
    assert setups.next(0.1) is None
    setups.forget("guest-6")
    assert setups.next(0.2) == "guest-7"


def test_a_player_that_waits_comes_before_guests_without_an_allowance() -> None:
    setups = made(1, burst=1)
    assert setups.begin("guest-0", 0, 0.0, GUEST)
    assert not setups.begin("guest-1", 0, 0.0, GUEST)
    assert not setups.begin("player", 0, 0.0, FULL)
    assert setups.gives_way(FULL, 0.0) == "guest-0"
    setups.end("guest-0")
    assert setups.next(0.0) == "player"
    assert setups.next(0.0) is None


def test_a_link_that_is_made_anew_counts_as_one_that_begins() -> None:
    setups = made(50, per_s=10.0, burst=5)
    assert setups.begin("guest-0", 0, 0.0, GUEST)
    assert [setups.again(GUEST, 0.0) for _ in range(6)] == [True] * 4 + [False] * 2
    assert all(setups.again(FULL, 0.0) for _ in range(20))
    assert setups.again(GUEST, 0.1)
