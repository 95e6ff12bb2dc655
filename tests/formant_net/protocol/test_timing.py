"""Durations: the protocol's defaults, and what cannot work is refused."""

from __future__ import annotations

import pytest

from formant_net.protocol.timing import Timing


def test_the_defaults_are_the_protocols() -> None:
    timing = Timing()
    assert (timing.heartbeat_s, timing.ttl_s, timing.ping_s) == (20.0, 60.0, 1.0)
    assert (timing.hold_s, timing.dead_s, timing.resend_s) == (0.25, 3.0, 0.02)
    assert (timing.backoff_first_s, timing.backoff_max_s, timing.backoff_healthy_s) == (0.25, 10.0, 30.0)


def test_a_lease_must_outlive_two_heartbeats() -> None:
    Timing(heartbeat_s=1.0, ttl_s=2.0)
    with pytest.raises(ValueError, match="raise ttl_s or lower heartbeat_s"):
        Timing(heartbeat_s=1.0, ttl_s=1.9)


@pytest.mark.parametrize("name", ["heartbeat_s", "ttl_s", "ping_s", "probe_s", "hold_s"])
@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_a_duration_is_finite_and_above_zero(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        Timing(**{name: value})  # type: ignore[arg-type]
