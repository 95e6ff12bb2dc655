"""The built-in phrase: always the same, in time, within range, and every finger is lifted at its end."""

from __future__ import annotations

from formant_net.controller.demo import demo


def test_it_is_the_same_every_time_and_sorted_by_time() -> None:
    phrase = demo()
    assert phrase == demo()
    times = [touch.t for touch in phrase]
    assert times == sorted(times)
    assert 8.0 < times[-1] < 12.0


def test_three_fingers_come_down_stay_on_the_surface_and_are_lifted() -> None:
    down: set[int | str] = set()
    most = 0
    for touch in demo():
        assert touch.x is not None
        assert 0.0 <= touch.x <= 1.0
        assert 0.0 <= touch.y <= 1.0
        if touch.active:
            down.add(touch.id)
        else:
            down.remove(touch.id)
        most = max(most, len(down))
    assert (most, down) == (3, set())
