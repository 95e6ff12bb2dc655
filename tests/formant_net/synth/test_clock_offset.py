from __future__ import annotations

import math
import random

import pytest

from formant_net.synth.clock_offset import ClockOffset


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


def test_bounds_of_one_moment_that_contradict_each_other_say_nothing() -> None:
    offset = ClockOffset()
    offset.came(7.0, 100.0)
    offset.echoed(7.0, 101.0, 0.0, 100.0)
    assert offset.ahead(100.0) is None


# --- clocks that are not like ours


def followed(
    step_s: float, *, seed: int = 1, rate: float = 1.0, start_s: float = 1234.5, seconds: int = 120, known: bool = True
) -> list[float]:
    """By how much the offset is off each second: a peer that pings each second and touches 20 times between."""
    draw, offset = random.Random(seed), ClockOffset()
    offset.step_s = step_s if known else 0.0

    def shown(true_s: float) -> float:
        peer_s = rate * true_s + start_s
        return math.floor(peer_s / step_s) * step_s if step_s else peer_s

    errors = []
    for second in range(seconds):
        pong_left = second + 0.3 * draw.random()
        pong_came = pong_left + 0.002 + draw.uniform(0.0, 0.005)
        ping_left = second + 0.9 + 0.05 * draw.random()
        ping_came = ping_left + 0.002 + draw.uniform(0.0, 0.005)
        offset.came(shown(ping_left), ping_came)
        offset.echoed(shown(ping_left), pong_left, shown(ping_left) - shown(pong_came), ping_came)
        for touch in range(20):
            left = second + 0.01 + 0.043 * touch + 0.01 * draw.random()
            offset.came(shown(left), left + 0.002 + draw.uniform(0.0, 0.005))
        now = second + 1.0
        ahead = offset.ahead(now)
        errors.append(math.inf if ahead is None else ahead - (now - (rate * now + start_s)))
    return errors


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("step_s", [0.0, 0.001, 0.05 / 3, 0.05, 0.1])
def test_a_clock_in_steps_is_followed_to_some_milliseconds(step_s: float, seed: int) -> None:
    """Two boxes that follow the same clock sound together: each is off by the quickest way at most."""
    errors = followed(step_s, seed=seed)
    assert max(abs(error) for error in errors[20:]) < 0.008


def test_without_knowing_the_step_it_would_be_taken_for_a_clock_that_is_set_again_and_again() -> None:
    errors = followed(0.1, known=False)
    assert max(abs(error) for error in errors[20:]) > 0.02


@pytest.mark.parametrize("ppm", [-500.0, 500.0])
def test_a_clock_that_drifts_five_hundred_parts_in_a_million_is_followed(ppm: float) -> None:
    errors = followed(0.0, rate=1.0 + ppm / 1e6, seconds=600)
    assert max(abs(error) for error in errors[20:]) < 0.008
