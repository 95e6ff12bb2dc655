from __future__ import annotations

import pytest

from formant_net.protocol.gesture import TimedTouch
from formant_net.tuning.snap import Snap
from formant_net.tuning.steps import Steps
from formant_net.tuning.touches import TunedTouches

SEMITONES = Steps(float(key) for key in range(128))


def _tuned(low: float | None = 48.0) -> TunedTouches:
    return TunedTouches(Snap(SEMITONES), lambda x: None if low is None else low + 24.0 * x)


def test_a_note_is_put_on_its_step_and_the_rest_stays() -> None:
    (touch,) = _tuned().take([TimedTouch(0.0, 7, None, 0.2, 0.5, note=60.3, vel=0.9)], 0.0)
    assert touch == TimedTouch(0.0, 7, None, 0.2, 0.5, note=60.0, vel=0.9)


def test_a_place_becomes_the_pitch_that_the_surface_has_there() -> None:
    (touch,) = _tuned().take([TimedTouch(0.0, 1, 0.51, 0.0)], 0.0)
    assert (touch.x, touch.note) == (0.51, 60.0)


def test_without_a_surface_a_place_stays_as_it_is() -> None:
    tuned = _tuned(None)
    touch = TimedTouch(0.0, 1, 0.51, 0.0)
    assert tuned.take([touch], 0.0) == [touch]
    lift = TimedTouch(1.0, 1, 0.51, 0.0, active=False)
    assert tuned.take([lift], 1.0) == [lift]
    assert tuned.due_at() is None


def test_a_finger_that_rests_beside_a_step_is_led_to_it_by_ticks_that_end() -> None:
    tuned, now = _tuned(), 0.0
    tuned.take([TimedTouch(0.0, 1, None, 0.0, note=60.0)], now)
    (moved,) = tuned.take([TimedTouch(0.1, 1, None, 0.0, note=60.4)], 0.1)
    assert moved.note == pytest.approx(60.4)
    last, ticks = moved, 0
    while (due := tuned.due_at()) is not None:
        assert due - now < 0.5
        now, ticks = due, ticks + 1
        assert ticks < 1000
        last = (tuned.tick(now) or [last])[-1]
    assert last.note == pytest.approx(60.0, abs=0.005)


def test_a_lifted_finger_needs_no_ticks_and_keeps_its_last_pitch() -> None:
    tuned = _tuned()
    tuned.take([TimedTouch(0.0, 1, None, 0.0, note=60.0)], 0.0)
    tuned.take([TimedTouch(0.1, 1, None, 0.0, note=60.4)], 0.1)
    (lift,) = tuned.take([TimedTouch(0.2, 1, None, 0.0, active=False, note=60.4)], 0.2)
    assert not lift.active
    assert lift.note == pytest.approx(60.4)
    assert tuned.due_at() is None
