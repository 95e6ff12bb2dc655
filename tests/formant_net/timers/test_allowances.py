"""Allowances by name: each its own, and forgotten when full."""

from __future__ import annotations

from formant_net.timers.allowances import Allowances


def test_each_name_has_its_own() -> None:
    by_name = Allowances(1.0, 2)
    assert [by_name.take("a", 0.0) for _ in range(3)] == [True, True, False]
    assert not by_name.some("a", 0.5)
    assert by_name.take("b", 0.0)
    assert by_name.some("never seen", 0.0)
    assert by_name.take("a", 1.0)


def test_what_is_given_back_may_be_taken_again_and_never_more_than_the_burst() -> None:
    by_name = Allowances(1.0, 2)
    assert not by_name.give_back("a")
    by_name.take("a", 0.0)
    for _ in range(10):
        assert by_name.give_back("a")
    assert [by_name.take("a", 0.0) for _ in range(3)] == [True, True, False]


def test_a_million_names_take_no_memory_once_they_are_full_again() -> None:
    by_name = Allowances(1.0, 2)
    most = 0
    for n in range(20_000):
        by_name.take(f"name-{n}", n * 0.1)
        most = max(most, len(by_name))
    assert most <= 64
    assert not all(by_name.take("name-19999", 1999.9) for _ in range(2)), "who took one a moment ago is remembered"
