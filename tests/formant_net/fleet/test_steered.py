"""What the server wants of a box: how loud it is at each moment, also on the way."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from formant_net.fleet.steered import STEP_S, Steered
from formant_net.protocol.steering import BoxSettings


def settings(rev: int = 1, **fields: Any) -> BoxSettings:
    return BoxSettings(epoch="e", rev=rev, **fields)


def ramp(steered: Steered, now: float) -> list[tuple[float, float]]:
    """Moments and levels until nothing moves any more."""
    seen = []
    while (due := steered.next_deadline()) is not None:
        assert due > now
        now = due
        if steered.on_deadline(now):
            seen.append((now, steered.level_db(now)))
    return seen


def test_a_box_that_nobody_steers_is_as_loud_as_players_want_it() -> None:
    steered = Steered()
    assert (steered.gain(0.0), steered.delay_s, steered.name, steered.state()) == (1.0, 0.0, "", {})


def test_a_short_change_is_left_to_the_bank() -> None:
    steered = Steered()
    steered.take(settings(gain_db=-20.0, ramp_ms=50.0), 10.0)
    assert steered.gain(10.0) == pytest.approx(0.1)
    assert steered.next_deadline() is None


def test_a_scene_moves_evenly_in_db_and_ends_where_it_should() -> None:
    steered = Steered()
    steered.take(settings(gain_db=-40.0, ramp_ms=8000.0), 10.0)
    seen = ramp(steered, 10.0)
    assert seen[-1][1] == -40.0
    assert 18.0 <= seen[-1][0] <= 18.0 + 2 * STEP_S
    steps = [after - before for (_, before), (_, after) in pairwise(seen[:-1])]
    assert steps == pytest.approx([-0.1] * len(steps))


def test_a_new_wish_on_the_way_goes_on_from_where_it_is() -> None:
    steered = Steered()
    steered.take(settings(gain_db=-40.0, ramp_ms=1000.0), 0.0)
    steered.take(settings(2, gain_db=0.0, ramp_ms=1000.0), 0.5)
    assert steered.level_db(0.5) == pytest.approx(-20.0)
    assert ramp(steered, 0.5)[-1][1] == 0.0


def test_whatever_the_reason_silence_is_silence_and_is_said() -> None:
    steered = Steered()
    steered.take(settings(gain_db=-3.0, because=["zone Nave"], ramp_ms=50.0), 0.0)
    assert steered.gain(0.0) == 0.0
    assert steered.state() == {"gain_db": -3.0, "silent": ["zone Nave"]}


def test_after_a_restart_it_is_as_it_was_and_does_not_ramp() -> None:
    steered = Steered()
    steered.resume(settings(gain_db=-20.0, ramp_ms=8000.0, delay_ms=12.5, name="North wall"))
    assert steered.gain(0.0) == pytest.approx(0.1)
    assert (steered.next_deadline(), steered.delay_s, steered.name) == (None, 0.0125, "North wall")
