"""The law, judged by simulated fingers: what they do on purpose stays, and they are in tune."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formant_net.tuning.scales import degrees_of
from formant_net.tuning.shipped import shipped
from formant_net.tuning.snap import Snap
from formant_net.tuning.steps import Steps, steps_of

SEMITONES = Steps(float(key) for key in range(128))
RATE_HZ = 50.0


def played(
    finger: Callable[[float], float], seconds: float, *, steps: Steps = SEMITONES, strength: float = 1.0,
    rate_hz: float = RATE_HZ,
) -> list[float]:  # fmt: skip
    """The pitches of a finger that is at `finger(t)`, one a period of `rate_hz`."""
    snap = Snap(steps, strength)
    return [snap.sung(1, finger(n / rate_hz), n / rate_hz) for n in range(round(seconds * rate_hz))]


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _swing(values: list[float]) -> float:
    """Half of peak to peak of a sine, by its mean square."""
    middle = _mean(values)
    return math.sqrt(2.0 * _mean([(value - middle) ** 2 for value in values]))


@pytest.mark.parametrize("off", [0.35, -0.35, 0.49, 0.0])
def test_the_first_moment_is_in_tune(off: float) -> None:
    assert played(lambda t: 60.0 + off, 0.02)[0] == pytest.approx(60.0)


@pytest.mark.parametrize("rate_hz", [50.0, 120.0])
@pytest.mark.parametrize(("depth", "hz"), [(0.3, 5.5), (0.3, 4.5), (0.5, 5.5), (1.0, 6.0), (0.1, 7.0)])
def test_a_vibrato_is_kept_to_95_percent_and_its_middle_is_in_tune(depth: float, hz: float, rate_hz: float) -> None:
    def finger(t: float) -> float:
        return 60.35 + depth * math.sin(2.0 * math.pi * hz * t)

    tail = played(finger, 4.0, rate_hz=rate_hz)[round(rate_hz) :]
    plain = [finger(n / rate_hz) for n in range(round(4.0 * rate_hz))][round(rate_hz) :]
    assert 0.95 <= _swing(tail) / _swing(plain) <= 1.05
    assert _mean(tail) == pytest.approx(60.0, abs=0.03)


def test_a_vibrato_that_begins_after_a_while_is_kept_too() -> None:
    def finger(t: float) -> float:
        return 60.35 + (0.3 * math.sin(2.0 * math.pi * 5.5 * (t - 1.0)) if t > 1.0 else 0.0)

    tail = played(finger, 4.0)[100:]
    assert _swing(tail) == pytest.approx(0.3, rel=0.05)
    assert _mean(tail) == pytest.approx(60.0, abs=0.03)


@pytest.mark.parametrize("per_s", [3.0, -3.0, 12.0, 1.5])
def test_the_speed_of_a_glide_is_unchanged(per_s: float) -> None:
    """300 cents a second, a fifth: never slower or faster than by a twentieth."""
    seconds = 7.0 / abs(per_s)

    def finger(t: float) -> float:
        return 60.35 + per_s * min(max(t - 0.5, 0.0), seconds)

    heard = played(finger, 0.5 + seconds)
    speeds = [(after - before) * RATE_HZ for before, after in pairwise(heard[26:])]
    assert min(abs(speed) for speed in speeds) >= 0.95 * abs(per_s)
    assert max(abs(speed) for speed in speeds) <= 1.05 * abs(per_s)


def test_a_glide_that_ends_beside_a_step_comes_into_tune() -> None:
    def finger(t: float) -> float:
        return 60.0 + 3.0 * min(t, 2.2)  # to 66.6

    heard = played(finger, 6.0)
    assert heard[111] == pytest.approx(66.6, abs=0.1), "as the finger was, right at the end of the glide"
    assert heard[-1] == pytest.approx(67.0, abs=0.01)
    jumps = [abs(after - before) for before, after in pairwise(heard[111:])]
    assert max(jumps) < 0.03, "without a jump"


def test_a_finger_that_rests_between_two_steps_stays_with_one() -> None:
    def finger(t: float) -> float:
        return 60.5 + 0.04 * math.sin(2.0 * math.pi * 0.3 * t)

    heard = played(finger, 10.0)
    assert max(heard) - min(heard) < 0.1


def test_strength_is_the_share_of_the_way() -> None:
    assert played(lambda t: 60.4, 3.0, strength=0.5)[-1] == pytest.approx(60.2)
    assert played(lambda t: 60.4, 3.0, strength=0.0)[-1] == 60.4


def test_steps_of_a_scale_attract_from_beside_it() -> None:
    steps = steps_of(shipped("just"), degrees_of("major", shipped("just")), 62.0)
    assert played(lambda t: 66.4, 0.1, steps=steps)[-1] == pytest.approx(62.0 + 3.86314, abs=1e-4)


def test_each_finger_has_an_offset_of_its_own_and_a_lifted_one_is_forgotten() -> None:
    snap = Snap(SEMITONES)
    assert snap.sung("a", 60.3, 0.0) == 60.0
    assert snap.sung("b", 64.8, 0.0) == 65.0
    snap.lift("a")
    assert snap.sung("a", 60.6, 0.01) == 61.0


def test_a_finger_at_rest_settles_and_a_gap_is_worth_its_ticks() -> None:
    ticked, gap = Snap(SEMITONES), Snap(SEMITONES)
    for snap in (ticked, gap):
        snap.sung(1, 60.0, 0.0)
        snap.sung(1, 60.4, 1.0)
    assert list(ticked.unsettled()) == [1]
    for n in range(1, 101):
        last = ticked.sung(1, 60.4, 1.0 + 0.02 * n)
    assert gap.sung(1, 60.4, 3.0) == pytest.approx(last, abs=1e-6)
    ticked.sung(1, 60.4, 9.0)
    assert list(ticked.unsettled()) == []


@given(st.lists(st.tuples(st.floats(0, 127), st.floats(0, 1e6)), max_size=30), st.floats(0, 1))
def test_the_offset_is_at_most_the_way_to_a_kept_step(moves: list[tuple[float, float]], strength: float) -> None:
    snap, now = Snap(SEMITONES, strength), 0.0
    for pitch, wait_s in moves:
        now += wait_s
        assert abs(snap.sung(1, pitch, now) - pitch) <= 0.6 * strength + 1e-6
