from __future__ import annotations

import pytest

from formant_net.osc.clock import AHEAD_S, MOST_WAITING, SenderClock, Waiting
from formant_net.osc.codec import Message

WALL = 4.0e9
DAY_S = 86_400.0


def test_a_clock_that_is_right_is_kept_to() -> None:
    clock = SenderClock()
    assert clock.wait_s(WALL + 0.5, WALL, 0.0) == pytest.approx(0.5)
    assert clock.wait_s(WALL - 0.1, WALL, 0.0) == 0.0
    assert clock.wait_s(WALL + AHEAD_S, WALL, 0.0) == pytest.approx(AHEAD_S)


@pytest.mark.parametrize("wrong_s", [DAY_S, -DAY_S, 10.0, -10.0, 1e9])
def test_of_a_clock_that_is_wrong_the_distances_between_tags_count(wrong_s: float) -> None:
    clock = SenderClock()
    tag = WALL + wrong_s
    waits = [clock.wait_s(tag + ahead, WALL, 0.0) for ahead in (0.0, 0.25, 0.5)]
    assert waits == pytest.approx([0.0, 0.25, 0.5], abs=1e-5)
    assert clock.wait_s(tag + 1.0 - 0.03, WALL + 1.0, 1.0) == pytest.approx(0.0), "30 ms late: at once"
    assert clock.wait_s(tag + 2.0, WALL + 2.0, 2.0) == pytest.approx(0.03, abs=1e-5), "and the others keep the distance"


def test_a_delay_is_forgotten_after_a_minute_or_two() -> None:
    clock = SenderClock()
    clock.wait_s(WALL + DAY_S, WALL + 1.0, 0.0)  # 1 s late
    assert clock.wait_s(WALL + DAY_S + 1.0, WALL + 1.0, 1.0) == pytest.approx(1.0)
    waits = [clock.wait_s(WALL + DAY_S + n, WALL + n, float(n)) for n in range(2, 130)]
    assert waits[:55] == pytest.approx([1.0] * 55)
    assert waits[-1] == pytest.approx(0.0)


@pytest.mark.parametrize("ahead_s", [(0.5, 0.25, 0.0), (0.0, 0.5, 0.25)])
def test_a_phrase_that_is_sent_in_any_order_keeps_its_distances(ahead_s: tuple[float, ...]) -> None:
    clock = SenderClock()
    tags = [WALL + DAY_S + ahead for ahead in (0.0, *ahead_s)]
    assert [clock.wait_s(tag, WALL, 0.0) for tag in tags] == pytest.approx([0.0, *ahead_s], abs=1e-5)


def test_a_clock_that_was_set_right_is_kept_to_again() -> None:
    clock = SenderClock()
    clock.wait_s(WALL + DAY_S, WALL, 0.0)
    assert clock.wait_s(WALL + 1.0 + 0.5, WALL + 1.0, 1.0) != pytest.approx(0.5)
    for n in range(2, 70):
        wait_s = clock.wait_s(WALL + n + 0.5, WALL + n, float(n))
    assert wait_s == pytest.approx(0.5)


def test_what_is_too_far_ahead_is_played_at_once() -> None:
    clock = SenderClock()
    assert clock.wait_s(WALL + DAY_S, WALL, 0.0) == 0.0
    assert clock.wait_s(WALL + DAY_S + AHEAD_S + 0.1, WALL, 0.0) == 0.0


def test_messages_wait_in_the_order_of_their_times_and_of_their_arrival() -> None:
    waiting: Waiting[str] = Waiting()
    for at, name in ((2.0, "/c"), (1.0, "/a"), (1.0, "/b")):
        waiting.put(at, "me", Message(name), 0.0)
    assert waiting.due_at() == 1.0
    assert [message.address for _, message in waiting.take(1.5)] == ["/a", "/b"]
    assert waiting.take(1.5) == []
    assert [message.address for _, message in waiting.take(2.0)] == ["/c"]
    assert waiting.due_at() is None


def test_too_many_are_played_at_once_in_their_order() -> None:
    waiting: Waiting[int] = Waiting()
    for n in range(MOST_WAITING):
        waiting.put(2.0 - n / MOST_WAITING, n, Message("/a"), 0.0)
    waiting.put(1.5, -1, Message("/last"), 0.5)
    owners = [owner for owner, _ in waiting.take(0.5)]
    assert owners == [*reversed(range(MOST_WAITING)), -1]
    assert waiting.counters["hurried"] == MOST_WAITING
    assert len(waiting) == 0
