"""The ring: nothing lost, nothing invented, full is said."""

from __future__ import annotations

import threading
import time

import pytest
from support.suite.cases import ALL_CASES

from formant_dsp.bank.queue.ring import Ring

NOTE_UPDATE, NOTE_OFF = 2, 3


@pytest.mark.parametrize("capacity", [0, 1, 3, 1000, 131072])
def test_capacity_that_is_not_a_power_of_two_is_refused(capacity: int) -> None:
    with pytest.raises(ValueError, match="power of two"):
        Ring(capacity)


def test_values_come_out_as_they_went_in_and_full_is_said() -> None:
    ring = Ring(4, 0)
    assert [ring.try_push(NOTE_OFF, i, i / 8, i * 100) for i in range(1, 6)] == [True] * 4 + [False]
    assert len(ring) == 4
    assert ring.dropped == 1
    assert [ring.try_pop() for _ in range(5)] == [(NOTE_OFF, i, i / 8, i * 100) for i in range(1, 5)] + [None]


def test_indices_wrap_many_times() -> None:
    ring = Ring(2, 0)
    for i in range(1, 1000):
        assert ring.try_push(NOTE_OFF, i)
        assert ring.try_pop() == (NOTE_OFF, i, 0.0, 0)


def test_continuous_events_never_take_the_room_of_discrete_ones() -> None:
    ring = Ring(8, 3)
    pushed = 0
    while ring.try_push(NOTE_UPDATE, 1):
        pushed += 1
    assert pushed == 5
    assert [ring.try_push(NOTE_OFF, 1) for _ in range(4)] == [True, True, True, False]


def test_two_threads_on_a_tiny_ring_see_every_value_once_and_in_order() -> None:
    """The consumer runs without the interpreter lock, so both really run at once. Who waits in vain gives way: on one
    core each would else spin for a whole slice of time for every second value."""
    ring = Ring(2, 0)
    count = 1_000_000 if ALL_CASES else 50_000
    result: list[tuple[int, float, bool]] = []
    consumer = threading.Thread(target=lambda: result.append(ring.pop_many(count)))
    consumer.start()
    full = 0
    for i in range(count):
        while not ring.try_push(NOTE_OFF, i, float(i)):
            full += 1
            if full % 16 == 0:
                time.sleep(1e-6)
    consumer.join()
    assert result == [(count, count * (count - 1) / 2.0, True)]
    assert len(ring) == 0
