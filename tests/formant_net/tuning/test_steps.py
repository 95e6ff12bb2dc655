from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formant_net.tuning.scl import Scale, TuningError
from formant_net.tuning.shipped import shipped
from formant_net.tuning.steps import HIGH, LOW, Steps, steps_of


def test_steps_lie_a_period_above_and_below_the_root_over_the_whole_range() -> None:
    steps = steps_of(shipped("equal"), (0, 4, 7), 62.0)
    assert steps.pitches[:4] == pytest.approx((2, 6, 9, 14))
    assert steps.pitches[-1] == pytest.approx(134)
    assert steps_of(shipped("equal"), (0,), 60.0).pitches == pytest.approx([12 * n for n in range(12)])


@pytest.mark.parametrize("cents", [(500.0, 300.0, -1200.0), (-100.0, 1200.0), (100.0, 0.0)])
def test_falling_negative_and_standing_tunings_have_steps(cents: tuple[float, ...]) -> None:
    steps = steps_of(Scale("", cents), range(len(cents)), 60.0)
    assert 60.0 in steps.pitches
    assert all(LOW <= pitch <= HIGH for pitch in steps.pitches)
    assert list(steps.pitches) == sorted(set(steps.pitches))


def test_too_many_steps_are_refused() -> None:
    with pytest.raises(TuningError, match="too small"):
        steps_of(Scale("", (0.1,)), (0,), 60.0)
    with pytest.raises(TuningError, match="no step"):
        Steps([])


def test_the_nearest_step_is_kept_a_little_beyond_the_middle() -> None:
    steps = Steps([60.0, 61.0])
    assert [steps.nearest(pitch) for pitch in (0.0, 60.5, 60.51, 99.0)] == [60.0, 60.0, 61.0, 61.0]
    assert [steps.nearest(pitch, 60.0) for pitch in (60.59, 60.61)] == [60.0, 61.0]
    assert [steps.nearest(pitch, 61.0) for pitch in (60.41, 60.39)] == [61.0, 60.0]


@given(st.lists(st.floats(0, 135), min_size=1, max_size=20), st.floats(-10, 150))
def test_the_nearest_step_is_the_nearest(pitches: list[float], pitch: float) -> None:
    steps = Steps(pitches)
    assert abs(steps.nearest(pitch) - pitch) == pytest.approx(min(abs(one - pitch) for one in steps.pitches))
