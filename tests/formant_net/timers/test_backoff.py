from __future__ import annotations

import pytest

from formant_net.protocol.timing import Timing
from formant_net.timers.backoff import Backoff


def test_steps_double_from_a_quarter_second_to_ten_seconds() -> None:
    backoff = Backoff(Timing(), lambda: 1.0)
    assert [backoff.failed(0.0) for _ in range(8)] == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


@pytest.mark.parametrize("draw", [0.0, 0.5, 1.0])
def test_jitter_is_full(draw: float) -> None:
    backoff = Backoff(Timing(), lambda: draw)
    assert [backoff.failed(0.0) for _ in range(3)] == [0.25 * draw, 0.5 * draw, 1.0 * draw]


def test_thirty_seconds_of_health_start_it_again() -> None:
    backoff = Backoff(Timing(), lambda: 1.0)
    for _ in range(5):
        backoff.failed(0.0)
    backoff.healthy(10.0)
    assert backoff.failed(40.0) == 0.25


def test_a_short_success_does_not_start_it_again() -> None:
    backoff = Backoff(Timing(), lambda: 1.0)
    backoff.failed(0.0)
    backoff.healthy(10.0)
    assert backoff.failed(39.9) == 0.5
    assert backoff.failed(80.0) == 1.0, "health that ended does not count later"


def test_news_make_the_next_delay_the_first_one_again() -> None:
    backoff = Backoff(Timing(), lambda: 1.0)
    delays = [backoff.failed(0.0) for _ in range(5)]
    assert delays[-1] > delays[0]
    backoff.reset()
    assert backoff.failed(0.0) == delays[0]
