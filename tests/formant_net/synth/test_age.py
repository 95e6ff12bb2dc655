from __future__ import annotations

import math
import random

import pytest

from formant_net.synth.age import CLOCK_PATIENCE_S, Age

LIMIT_S = 0.1


def known(now: float, *, theirs_ms: float, way_back_s: float) -> Age:
    """After one echo: our pong needed `way_back_s` to the peer, its ping is here at once."""
    age = Age()
    age.ping(theirs_ms, 1000.0 * (now - way_back_s), 0.0, now)
    return age


def unechoing() -> Age:
    age = Age()
    age.ping(None, None, None, 0.0)
    return age


def test_the_bound_is_the_age_and_the_way_of_the_pong() -> None:
    age = known(100.0, theirs_ms=7000.0, way_back_s=0.02)
    assert age.of(7000.0, 100.05, LIMIT_S) == pytest.approx(0.07, abs=1e-3)


def test_before_the_first_echo_nothing_of_an_echoing_peer_is_known_to_be_young() -> None:
    age = Age()
    age.ping(7000.0, None, None, 100.0)
    assert age.of(7000.0, 100.0, LIMIT_S) == math.inf


@pytest.mark.parametrize("seed", range(20))
def test_no_message_passes_for_younger_than_it_is(seed: int) -> None:
    """Any delays either way, lost pings, clocks that drift against each other."""
    draw = random.Random(seed)
    rate, offset_s = 1.0 + draw.uniform(-2e-4, 2e-4), draw.uniform(-1e5, 1e5)

    def theirs_ms(true: float) -> float:
        return round(1000.0 * (true * rate + offset_s), 3)

    age = Age()
    age.ping(theirs_ms(0.0), None, None, 0.0)
    judged = 0
    for second in range(300):
        pong_left = second + draw.random()
        pong_came = pong_left + draw.expovariate(1 / 0.02)
        ping_left = pong_came + draw.uniform(0.0, 1.0)
        if draw.random() < 0.7:
            held_ms = theirs_ms(ping_left) - theirs_ms(pong_came)
            age.ping(theirs_ms(ping_left), 1000.0 * pong_left, held_ms, ping_left + draw.expovariate(1 / 0.02))
        sent = ping_left + draw.random()
        true_s = draw.choice((0.001, 0.02, 0.15, 1.0))
        bound_s = age.of(theirs_ms(sent), sent + true_s, LIMIT_S)
        assert bound_s >= true_s - 5e-4, "a clock that is fast by 2e-4 for the second that an echo was held"
        judged += bound_s < math.inf
    assert judged > 200


def test_who_stamps_touches_and_never_pings_is_waited_for_and_then_believed() -> None:
    age = Age()
    assert age.of(0.0, 50.0, LIMIT_S) == age.of(1400.0, 51.4, LIMIT_S) == math.inf
    assert age.of(1500.0, 51.5, LIMIT_S) == 0.0
    age.ping(1520.0, None, None, 51.52)
    assert age.of(1540.0, 51.54, LIMIT_S) == math.inf, "now it has shown that it will echo"


def test_the_quickest_echo_counts_and_fades_slowly() -> None:
    age = known(100.0, theirs_ms=0.0, way_back_s=0.005)
    age.ping(1000.0, 1000.0 * (101.0 - 0.3), 0.0, 101.0)
    assert age.of(1000.0, 101.0, LIMIT_S) == pytest.approx(0.006, abs=1e-3)
    assert age.of(10_000.0, 110.0, LIMIT_S) == pytest.approx(0.015, abs=1e-3)


def test_a_peer_whose_clock_stood_still_is_believed_again_with_its_next_echo() -> None:
    age = known(100.0, theirs_ms=0.0, way_back_s=0.01)
    assert age.of(20.0, 130.0, LIMIT_S) > 29.0
    age.ping(40.0, 1000.0 * 130.03, 0.0, 130.04)
    assert age.of(60.0, 130.06, LIMIT_S) < 0.02


def test_a_message_from_the_future_shows_that_the_clock_was_set() -> None:
    age = known(100.0, theirs_ms=0.0, way_back_s=0.01)
    assert age.of(60_000.0, 100.1, LIMIT_S) == math.inf
    age.ping(60_020.0, 1000.0 * 100.11, 0.0, 100.12)
    assert age.of(60_030.0, 100.13, LIMIT_S) < 0.03


def test_an_echo_of_a_stamp_that_we_have_not_reached_is_ignored() -> None:
    age = Age()
    age.ping(0.0, 1000.0 * 200.0, 0.0, 100.0)
    age.ping(0.0, 1000.0 * 99.0, 5000.0, 100.0)
    age.ping(0.0, 1000.0 * 99.0, -1.0, 100.0)
    assert age.of(0.0, 100.0, LIMIT_S) == math.inf


@pytest.mark.parametrize("past_s", [0.11, 0.3, 5.0, 3600.0])
def test_an_echo_from_our_future_makes_no_old_message_young(past_s: float) -> None:
    """It would be the best bound of all: what is 300 ms old would pass for new."""
    age = known(100.0, theirs_ms=0.0, way_back_s=0.01)
    age.ping(0.0, 1000.0 * (100.0 + past_s), 0.0, 100.0)
    assert age.of(0.0, 100.3, LIMIT_S) == pytest.approx(0.31, abs=1e-3)


def test_an_echo_may_seem_to_come_from_as_far_ahead_as_the_step_of_the_clock_may_be() -> None:
    """A peer whose clock moves in steps says that it held our stamp for up to a step too long."""
    age = known(100.0, theirs_ms=0.0, way_back_s=0.2)
    age.ping(0.0, 1000.0 * 100.0, 90.0, 100.0)
    assert age.of(0.0, 100.1, LIMIT_S) == pytest.approx(0.01, abs=1e-3)


def test_without_echoes_a_message_is_as_old_as_it_is_later_than_the_quickest() -> None:
    age = unechoing()
    assert age.of(0.0, 50.0, LIMIT_S) == 0.0
    assert age.of(20.0, 50.07, LIMIT_S) == pytest.approx(0.05, abs=1e-3)
    assert age.of(40.0, 50.74, LIMIT_S) > LIMIT_S


@pytest.mark.parametrize("step_s", [0.1, 0.05])
def test_without_echoes_a_clock_in_steps_makes_no_young_message_old(step_s: float) -> None:
    """Its stamps are up to a step too early, so a touch seems that much later than the quickest one."""
    age = unechoing()
    ages = []
    for n in range(200):
        sent = 0.037 * n
        shown_ms = 1000.0 * step_s * math.floor(sent / step_s)
        ages.append(age.of(shown_ms, sent + (0.03 if n % 2 else 0.0), LIMIT_S))
    assert age.steps.step_s == pytest.approx(step_s)
    assert max(ages[50:]) <= 0.03 + 1e-3
    assert age.of(shown_ms, sent + step_s + 0.15, LIMIT_S) > LIMIT_S, "an old one is still old"


def test_without_echoes_a_clock_that_was_set_is_believed_after_a_second() -> None:
    age = unechoing()
    age.of(1e6, 0.0, LIMIT_S)
    old = [age.of(20.0 * i, 0.02 * i, LIMIT_S) > LIMIT_S for i in range(1, 100)]
    assert all(old[: int(CLOCK_PATIENCE_S / 0.02)])
    assert not any(old[int(CLOCK_PATIENCE_S / 0.02) + 2 :])
