from __future__ import annotations

import pytest

from formant_net.client.pingpong import PingPong
from formant_net.protocol.timing import Timing


def answered(pings: PingPong, at: float, rtt_s: float) -> None:
    assert pings.pong(pings.ping(at), at + rtt_s)


def test_the_first_answer_is_the_round_trip_and_later_ones_are_smoothed() -> None:
    pings = PingPong(Timing(), 0.0)
    answered(pings, 1.0, 0.008)
    assert pings.rtt_s == pytest.approx(0.008)
    answered(pings, 2.0, 0.016)
    assert pings.rtt_s == pytest.approx(0.009)


def test_the_variation_follows_how_far_each_round_trip_is_from_the_smoothed_one() -> None:  # RFC 6298, section 2
    pings = PingPong(Timing(), 0.0)
    answered(pings, 1.0, 0.008)
    assert pings.variation_s == pytest.approx(0.004)
    answered(pings, 2.0, 0.016)
    assert pings.variation_s == pytest.approx(0.004 + (0.008 - 0.004) / 4)


def test_a_pong_nobody_asked_for_is_no_latency() -> None:
    pings = PingPong(Timing(), 0.0)
    sent = pings.ping(1.0)
    for foreign in (1.7e12, None, "hello", sent + 1):
        assert not pings.pong(foreign, 1.5)
    assert pings.rtt_s is None
    assert pings.answered_at == 0.0
    assert pings.ignored == 4


def test_an_answer_counts_once() -> None:
    pings = PingPong(Timing(), 0.0)
    sent = pings.ping(1.0)
    assert pings.pong(sent, 1.01)
    assert not pings.pong(sent, 1.5)
    assert pings.rtt_s == pytest.approx(0.01)


def test_pings_of_one_moment_are_told_apart() -> None:
    pings = PingPong(Timing(), 0.0)
    assert pings.ping(1.0) != pings.ping(1.0)


def test_unanswered_pings_count_as_lost_after_three_seconds() -> None:
    pings = PingPong(Timing(), 0.0)
    answered(pings, 0.0, 0.01)
    pings.ping(1.0)
    assert pings.loss(3.9) == 0.0
    assert pings.loss(4.0) == 0.5


def test_a_state_older_than_two_seconds_is_stale() -> None:
    pings = PingPong(Timing(), 0.0)
    answered(pings, 1.0, 0.0)
    assert not pings.stale(3.0)
    assert pings.stale(3.1)
