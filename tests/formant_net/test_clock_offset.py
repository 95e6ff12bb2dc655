from __future__ import annotations

import random

import pytest

from formant_net.clock_offset import ClockOffset


@pytest.mark.parametrize("seed", range(10))
def test_the_middle_of_the_bounds_finds_a_clock_that_drifts(seed: int) -> None:
    """Ten minutes; ways of 2 ms and up to 10 ms more; a ping each second, touches between; 5 % lost."""
    draw = random.Random(seed)
    rate, start_s = 1.0 + draw.uniform(-1e-4, 1e-4), draw.uniform(-1e6, 1e6)
    offset = ClockOffset()
    errors = []
    for second in range(600):
        pong_left = second + 0.1 * draw.random()
        pong_came = pong_left + 0.002 + draw.uniform(0.0, 0.01)
        ping_left = second + 0.9
        if draw.random() < 0.95:
            ping_came = ping_left + 0.002 + draw.uniform(0.0, 0.01)
            offset.echoed(rate * ping_left + start_s, pong_left, rate * (ping_left - pong_came), ping_came)
        for touch in range(20):
            left = second + 0.92 + touch / 300
            offset.came(rate * left + start_s, left + 0.002 + draw.uniform(0.0, 0.01))
        now = second + 1.0
        ahead = offset.ahead(now)
        assert ahead is not None
        errors.append(abs(ahead - (now - (rate * now + start_s))))
    assert max(errors[20:]) < 0.004
    assert sorted(errors[20:])[len(errors) // 2] < 0.001


def test_nothing_is_known_before_the_first_message_and_little_without_an_echo() -> None:
    offset = ClockOffset()
    assert offset.ahead(1.0) is None
    offset.came(7.0, 100.02)
    offset.came(8.0, 101.01)
    assert offset.ahead(101.01) == pytest.approx(93.01)


@pytest.mark.parametrize("jump_s", [-30.0, 30.0])
def test_a_clock_that_was_set_is_found_again(jump_s: float) -> None:
    offset = ClockOffset()
    for now in range(100, 110):
        offset.came(now - 93.0, now + 0.001)
        offset.echoed(now - 93.0, now - 0.001, 0.0, now + 0.001)
    for now in range(110, 130):
        offset.came(now - 93.0 + jump_s, now + 0.001)
        offset.echoed(now - 93.0 + jump_s, now - 0.001, 0.0, now + 0.001)
    assert offset.ahead(130.0) == pytest.approx(93.0 - jump_s, abs=0.02)
