"""How long a visitor waits: for all that the server has, for those that are named, or until it is quiet."""

from __future__ import annotations

from formant_net.controller.rollcall import MISSING_S, QUIET_S, Rollcall


def some(count: int) -> list[str]:
    return [f"synth-{n}" for n in range(count)]


def test_all_that_the_server_has_are_waited_for_and_nothing_after() -> None:
    call = Rollcall(expected=20)
    assert not call.complete(some(9), [], 0.5)
    assert not call.complete(some(19), [], 0.9)
    assert call.complete(some(20), [], 1.0)


def test_those_that_stay_silent_are_given_up_when_no_other_has_come_for_a_while() -> None:
    call = Rollcall(expected=20)
    call.complete(some(9), [], 0.0)
    assert not call.complete(some(18), [], 4.0)
    assert not call.complete(some(18), [], 4.0 + MISSING_S - 0.1)
    assert call.complete(some(18), [], 4.0 + MISSING_S)


def test_one_that_has_offered_is_waited_for() -> None:
    call = Rollcall(expected=1)
    assert not call.complete(some(1), ["synth-late"], 0.0)
    assert call.complete([*some(1), "synth-late"], [], 1.0)


def test_where_nobody_knows_the_number_it_ends_when_it_is_quiet() -> None:
    call = Rollcall()
    for n in range(1, 30):
        assert not call.complete(some(n), [], 1.9 * n)
    assert not call.complete(some(29), [], 1.9 * 29 + QUIET_S - 0.1)
    assert call.complete(some(29), [], 1.9 * 29 + QUIET_S)


def test_there_is_no_end_before_the_least_have_come() -> None:
    call = Rollcall(least=2, expected=0)
    assert not call.complete([], [], 0.0)
    assert not call.complete(some(1), [], 1000.0)
    assert call.complete(some(2), [], 1000.1)


def test_named_ones_are_all_that_matter() -> None:
    call = Rollcall(named=["Attic", "synth-1"], expected=20)
    assert not call.complete(["synth-0"], ["synth-1"], 1000.0, names=["Attic"])
    assert call.complete(["synth-0", "synth-1"], ["synth-2"], 1000.1, names=["Attic", "Barn"])


def test_those_named_may_be_all_that_there_are() -> None:
    call = Rollcall(named=["synth-0", "synth-1"])
    assert not call.complete(["synth-0"], [], 0.0)
    assert call.complete(["synth-0", "synth-1"], [], 0.1)
