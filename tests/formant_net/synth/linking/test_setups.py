"""Places for links that are being made: a few at a time, and nobody holds one for ever while others wait."""

from __future__ import annotations

from formant_net.synth.linking.setups import Setups


def test_so_many_at_a_time_and_the_others_in_the_order_they_came() -> None:
    setups = Setups(2, 3.0)
    assert [setups.begin(name, 0, 0.0) for name in "abcd"] == [True, True, False, False]
    assert setups.next() is None
    setups.end("a")
    assert setups.next() == "c"
    assert setups.begin("c", 0, 1.0)
    assert setups.waits("d")
    assert not setups.waits("c")


def test_who_never_failed_comes_first() -> None:
    setups = Setups(1, 3.0)
    setups.begin("a", 0, 0.0)
    for waiting, failures in (("b", 3), ("c", 0), ("d", 1)):
        setups.begin(waiting, failures, 0.0)
    order = []
    setups.end("a")
    while (name := setups.next()) is not None:
        order.append(name)
        assert setups.begin(name, 0, 0.0)
        setups.end(name)
    assert order == ["c", "d", "b"]


def test_who_waits_for_an_answer_makes_room_only_when_somebody_waits() -> None:
    setups = Setups(2, 3.0)
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


def test_who_is_forgotten_waits_no_more() -> None:
    setups = Setups(1, 3.0)
    setups.begin("a", 0, 0.0)
    setups.begin("b", 0, 0.0)
    setups.forget("b")
    setups.forget("a")
    setups.forget("never heard of")
    assert setups.next() is None
    assert setups.deadline() is None
