"""Deadlines: over strictly after their moment, moved for free, and never piling up."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from formant_net.timers.deadlines import Deadlines


def test_a_deadline_is_over_strictly_after_its_moment() -> None:
    deadlines: Deadlines[str] = Deadlines()
    deadlines.set("a", 60.0)
    assert deadlines.due(60.0) == []
    first = deadlines.next()
    assert first is not None
    assert first > 60.0
    assert deadlines.due(first) == ["a"]
    assert deadlines.next() is None


def test_the_earliest_comes_first_and_equals_in_the_order_they_were_set() -> None:
    deadlines: Deadlines[str] = Deadlines()
    for key, when in [("c", 3.0), ("b1", 2.0), ("b2", 2.0), ("a", 1.0)]:
        deadlines.set(key, when)
    assert deadlines.due(10.0) == ["a", "b1", "b2", "c"]


def test_keys_that_cannot_be_compared_may_have_one_moment() -> None:
    """The order among equals is that of their numbers: a heap must never look at the keys."""
    deadlines: Deadlines[object] = Deadlines()
    keys = [object() for _ in range(50)]
    for key in keys:
        deadlines.set(key, 1.0)
    assert deadlines.due(2.0) == keys


def test_a_deadline_moves_both_ways() -> None:
    deadlines: Deadlines[str] = Deadlines()
    deadlines.set("a", 10.0)
    deadlines.set("a", 20.0)
    assert deadlines.due(15.0) == []
    deadlines.set("a", 5.0)
    assert deadlines.due(15.0) == ["a"]


def test_a_discarded_deadline_never_comes_and_a_new_one_counts() -> None:
    deadlines: Deadlines[str] = Deadlines()
    deadlines.set("a", 10.0)
    deadlines.discard("a")
    deadlines.discard("never there")
    assert deadlines.next() is None
    deadlines.set("a", 30.0)
    assert deadlines.due(20.0) == []
    assert deadlines.due(31.0) == ["a"]


def test_a_hundred_thousand_signs_of_life_do_not_grow_the_heap() -> None:
    deadlines: Deadlines[int] = Deadlines()
    for beat in range(10_000):
        for key in range(10):
            deadlines.set(key, 60.0 + beat)
    assert len(deadlines._heap) == 10


def test_ever_new_keys_and_ever_earlier_moments_do_not_grow_the_heap() -> None:
    deadlines: Deadlines[int] = Deadlines()
    for key in range(10_000):
        deadlines.set(key, 60.0)
        deadlines.discard(key)
        deadlines.set(-1, 1e6 - key)
    assert len(deadlines._heap) < 40
    assert deadlines.due(2e6) == [-1]


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("set"), st.integers(0, 4), st.integers(0, 50)),
            st.tuples(st.just("discard"), st.integers(0, 4), st.just(0)),
            st.tuples(st.just("due"), st.just(0), st.integers(0, 60)),
            st.tuples(st.just("next"), st.just(0), st.just(0)),
        ),
        max_size=60,
    )
)
def test_it_does_what_a_plain_dict_would_do(steps: list[tuple[str, int, int]]) -> None:
    deadlines: Deadlines[int] = Deadlines()
    plain: dict[int, float] = {}
    for what, key, when in steps:
        if what == "set":
            deadlines.set(key, when)
            plain[key] = when
        elif what == "discard":
            deadlines.discard(key)
            plain.pop(key, None)
        elif what == "due":
            over = {k for k, moment in plain.items() if moment < when}
            assert sorted(deadlines.due(when)) == sorted(over)
            plain = {k: moment for k, moment in plain.items() if k not in over}
        else:
            first = deadlines.next()
            assert (first is None) == (not plain)
            assert first is None or min(plain.values()) < first < min(plain.values()) + 1e-9
        assert len(deadlines) == len(plain)
        assert all(key in deadlines for key in plain)
