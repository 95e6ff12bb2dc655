"""When the server is told: every 15 s, at a new registration, and at once when something turns bad."""

from __future__ import annotations

from typing import Any

from formant_net.health.reporter import Reporter
from formant_net.protocol.steering import Health


def health(**fields: Any) -> Health:
    return Health(version="0.1.0", uptime_s=1.0, **fields)


def told(reporter: Reporter, figures: list[Health], every_s: float | None = 15.0, start: float = 100.0) -> list[float]:
    """The times, counted from the first, at which figures that come every 2 s are sent."""
    times = [start + 2.0 * n for n in range(len(figures))]
    return [at - start for at, each in zip(times, figures, strict=True) if reporter.report(each, 1, every_s, at)]


def test_it_is_told_at_once_and_then_every_15_s() -> None:
    assert told(Reporter(), [health()] * 20) == [0.0, 16.0, 32.0]


def test_a_server_that_wants_none_and_a_box_without_one_send_nothing() -> None:
    assert told(Reporter(), [health()] * 20, every_s=None) == []
    assert Reporter().report(health(), 0, 15.0, 1.0) is None


def test_a_new_registration_is_told_at_once() -> None:
    reporter = Reporter()
    assert reporter.report(health(), 1, 15.0, 1.0) is not None
    assert reporter.report(health(), 1, 15.0, 3.0) is None
    assert reporter.report(health(), 2, 15.0, 5.0) is not None


def test_what_turns_bad_is_told_at_once_and_only_once() -> None:
    hot = health(temperature_c=85.0)
    assert told(Reporter(), [health(), health(), hot, hot, hot]) == [0.0, 4.0]
    reporter = Reporter()
    reporter.report(health(), 1, 15.0, 1.0)
    message = reporter.report(hot, 1, 15.0, 3.0)
    assert message is not None
    assert message.troubles == ["hot"]


def test_what_turns_good_waits_for_its_turn_and_bad_again_is_told_at_once() -> None:
    hot, well = health(temperature_c=85.0), health(temperature_c=60.0)
    assert told(Reporter(), [hot, well, hot] + [well] * 6 + [hot]) == [0.0, 16.0, 18.0]


def test_breaks_count_for_a_minute() -> None:
    reporter = Reporter()
    for n in range(60):
        message = reporter.report(health(underflows=0 if n < 10 else 5), 1, 1.0, 2.0 * n)
        assert message is not None
        assert message.troubles == (["breaks"] if 10 <= n < 40 else []), n
