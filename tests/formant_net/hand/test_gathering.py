from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formant_net.hand.gathering import OFFLINE, Batch, Gathering, Pace

PACE = Pace()


def _run(gathering: Gathering, until: float) -> list[tuple[float, Batch]]:
    out, now = [], 0.0
    while (due := gathering.due_at()) is not None and due <= until:
        now = max(now, due)
        batch = gathering.take(now)
        if batch is not None:
            out.append((now, batch))
    return out


def test_a_start_goes_at_once_a_move_waits_and_a_note_has_its_length() -> None:
    gathering = Gathering(PACE)
    gathering.start(1)
    assert gathering.take(0.0) == Batch([1], [])
    gathering.move(1)
    assert gathering.take(0.005) is None
    assert gathering.take(0.006) == Batch([1], [])
    gathering.end(1)
    assert gathering.due_at() == PACE.shortest_s
    assert gathering.take(0.025) == Batch([], [1])
    assert gathering.due_at() is None
    assert len(gathering) == 0


def test_a_finger_that_ends_before_it_was_sent_is_still_sent() -> None:
    gathering = Gathering(PACE)
    gathering.start(1)
    gathering.end(1)
    assert [batch for _, batch in _run(gathering, 1.0)] == [Batch([1], []), Batch([], [1])]


def test_one_that_ends_at_once_before_it_was_sent_is_never_sent() -> None:
    gathering = Gathering(PACE)
    gathering.start(1)
    gathering.end_now(1)
    assert gathering.due_at() is None


@given(st.lists(st.tuples(st.floats(0.0, 0.004), st.sampled_from("sme")), min_size=1, max_size=300))
def test_no_more_messages_in_any_second_than_the_pace_allows_and_no_end_is_lost(
    steps: list[tuple[float, str]],
) -> None:
    gathering, now, sent, number = Gathering(PACE), 0.0, [], 0
    down: set[int] = set()

    def take() -> None:
        if (batch := gathering.take(now)) is not None:
            sent.append(now)
            down.update(batch.down)
            down.difference_update(batch.up)

    for wait_s, what in steps:
        now += wait_s
        if what == "s":
            number += 1
            gathering.start(number)
        elif what == "m":
            gathering.move(number)
        else:
            gathering.end(number)
        take()
    for each in range(1, number + 1):
        gathering.end(each)
    while (due := gathering.due_at()) is not None:
        now = max(now, due)
        take()
    assert down == set()
    for at in sent:
        assert sum(at <= other < at + 1.0 for other in sent) <= PACE.rate_per_s + PACE.burst


def test_offline_a_note_of_no_length_is_two_messages_of_one_moment() -> None:
    gathering = Gathering(OFFLINE)
    gathering.start(1)
    gathering.end(1)
    assert gathering.take(3.0) == Batch([1], [])
    assert gathering.take(3.0) == Batch([], [1])
    assert not math.isnan(gathering._tokens)


def test_another_message_makes_the_next_ones_wait() -> None:
    gathering = Gathering(Pace(rate_per_s=100.0, burst=1, gather_s=0.0))
    gathering.spend(1.0)
    gathering.start(1)
    assert gathering.take(1.005) is None
    assert gathering.due_at() == pytest.approx(1.01)
    assert gathering.take(1.01) is not None
