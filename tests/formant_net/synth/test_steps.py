"""The step of a clock is found by watching its stamps; a fine one is not taken for a coarse one."""

from __future__ import annotations

import math
import random

import pytest

from formant_net.synth.steps import ENOUGH, MOST_S, Steps


def shown(true_ms: float, step_ms: float, digits: int = 1) -> float:
    return round(math.floor(true_ms / step_ms) * step_ms, digits) if step_ms else round(true_ms, digits)


def watched(step_ms: float, seed: int, seconds: float = 5.0, offset_ms: float = 0.0, loss: float = 0.0) -> Steps:
    """A finger that moves now and then and is said again every 20 ms, and pings each second at moments of their own."""
    draw, steps = random.Random(seed), Steps()
    moments = [20.0 * n + draw.uniform(0.0, 2.0) for n in range(int(50 * seconds))]
    moments += [draw.uniform(0.0, 1000.0 * seconds) for _ in range(int(10 * seconds))]
    pings = {1000.0 * n + draw.uniform(0.0, 30.0) for n in range(int(seconds))}
    for moment in sorted([*moments, *pings]):
        if draw.random() >= loss:
            digits = 3 if moment in pings else 1
            steps.saw(shown(offset_ms + moment, step_ms, digits), moment / 1000.0 + draw.uniform(0.002, 0.03))
    return steps


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("step_ms", [10.0, 50 / 3, 20.0, 100 / 3, 50.0, 100.0])
def test_the_step_is_found(step_ms: float, seed: int) -> None:
    steps = watched(step_ms, seed, offset_ms=1e9 * seed, loss=0.3 * (seed % 2))
    assert steps.step_s == pytest.approx(step_ms / 1000.0, abs=0.001)
    assert steps.doubt_s == steps.step_s
    assert not steps.still


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("step_ms", [0.0, 0.1, 1.0])
def test_a_fine_clock_has_none(step_ms: float, seed: int) -> None:
    steps = watched(step_ms, seed, seconds=1.0, loss=0.3 * (seed % 2))
    assert (steps.step_s, steps.doubt_s) == (0.0, 0.0)


def test_a_step_counts_for_a_tenth_of_a_second_at_most() -> None:
    steps = Steps()
    for n in range(3 * ENOUGH):
        steps.saw(125.0 * n, 0.125 * n)
    assert steps.step_s == MOST_S


def test_before_enough_was_seen_nothing_is_claimed_and_anything_is_possible() -> None:
    steps = Steps()
    assert (steps.step_s, steps.doubt_s) == (0.0, MOST_S)
    for n in range(ENOUGH):
        steps.saw(50.0 * n, 0.05 * n)
        assert (steps.step_s, steps.doubt_s) == (0.0, MOST_S)
    steps.saw(50.0 * ENOUGH, 1.0)
    assert (steps.step_s, steps.doubt_s) == (0.05, 0.05)


def test_a_regular_sender_is_told_from_a_clock_in_steps_by_its_pings() -> None:
    steps = Steps()
    for n in range(100):
        steps.saw(20.0 * n, 0.02 * n)
    assert steps.step_s == 0.02
    steps.saw(20.0 * 100 + 7.3, 2.01)
    assert steps.step_s == 0.0


def test_stamps_that_are_rounded_in_two_ways_are_one_stamp() -> None:
    steps = Steps()
    for n in range(1, 3 * ENOUGH):
        steps.saw(round(50 / 3 * n, 1), 0.0167 * n)
        steps.saw(round(50 / 3 * n, 3), 0.0167 * n)
    assert steps.step_s == pytest.approx(0.0167, abs=0.001)


def test_a_clock_that_stands_still_is_noticed_after_a_second_and_believed_when_it_goes_on() -> None:
    steps = Steps()
    for n in range(100):
        steps.saw(5000.0, 0.02 * n)
        assert steps.still == (n >= 50)
    steps.saw(7000.0, 2.02)
    assert not steps.still


def test_a_few_messages_at_once_are_no_clock_that_stands_still() -> None:
    steps = Steps()
    for _ in range(100):
        steps.saw(5000.0, 1.0)
    assert not steps.still
