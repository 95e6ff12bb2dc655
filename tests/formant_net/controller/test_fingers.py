"""What each synth is told of the fingers that are down."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from formant_net.controller.fingers import Fingers
from formant_net.protocol.gesture import TimedTouch
from formant_net.protocol.messages import MAX_FINGERS, Point
from formant_net.protocol.timing import Timing

OLD = {"surface": {"low_hz": 110.0, "octaves": 3.0, "vowels": ["a"]}}
"""A synth that knows no `note`."""
NEW = {**OLD, "takes": ["note", "vel"]}


def down(name: int | str = 0, x: float | None = 0.5, y: float = 0.25, **more: Any) -> TimedTouch:
    return TimedTouch(0.0, name, x, y, **more)


def up(name: int | str = 0) -> TimedTouch:
    return TimedTouch(0.0, name, 0.0, 0.0, active=False)


def pressed(*touches: TimedTouch, synths: tuple[str, ...] | None = None) -> Fingers:
    fingers = Fingers(Timing())
    assert fingers.touch(touches, {} if synths is None else {touch.id: synths for touch in touches}, 10.0)
    return fingers


def test_the_message_names_every_finger_and_the_newest_once_more_for_simple_synths() -> None:
    fingers = pressed(down(1, 0.1), down("thumb", 0.2, z=0.5))
    message = fingers.message("synth-a", {}, 7, 11.0)
    first, second = Point(id=1, x=0.1, y=0.25, since=10_000.0), Point(id="thumb", x=0.2, y=0.25, z=0.5, since=10_000.0)
    assert message.points == [first, second]
    assert (message.id, message.x, message.y, message.z) == ("thumb", 0.2, 0.25, 0.5)
    assert (message.active, message.seq, message.t) == (True, 7, 11_000.0)


def test_with_many_synths_it_is_said_again_a_thirtieth_of_a_second_later() -> None:
    fingers = pressed(down(1))
    fingers.said(10.0)
    assert fingers.resend_at == 10.02
    fingers.said(10.0, many=True)
    assert fingers.resend_at == pytest.approx(10.0 + 1 / 30)


def test_when_a_finger_came_down_stays_when_it_moves() -> None:
    fingers = pressed(down(1, 0.1))
    fingers.touch([down(1, 0.9)], {}, 12.0)
    assert fingers.points("synth-a", {}) == [Point(id=1, x=0.9, y=0.25, since=10_000.0)]


def test_a_release_says_which_finger_and_is_said_five_times_from_its_first_message_on() -> None:
    fingers = pressed(down(1))
    fingers.said(10.0)
    fingers.touch([up(1)], {}, 10.1)
    for n in range(5):
        assert not fingers.settled
        message = fingers.message("synth-a", {}, n, 10.1)
        assert (message.active, message.id, message.points) == (False, 1, [])
        fingers.said(10.1)
    assert fingers.settled
    assert fingers.resend_at is None


def test_a_lift_of_a_finger_that_is_not_down_is_not_repeated() -> None:
    fingers = Fingers(Timing())
    assert fingers.touch([up(3)], {}, 0.0), "it is said once all the same"
    fingers.said(0.0)
    assert fingers.settled


def test_while_a_finger_is_down_it_is_said_again_every_twenty_milliseconds() -> None:
    fingers = pressed(down(1), down(2))
    fingers.touch([up(1)], {}, 10.0)
    for n in range(20):
        fingers.said(10.0 + n)
        assert fingers.resend_at == pytest.approx(10.02 + n)


def test_fingers_beyond_what_a_message_holds_are_left_out_and_counted() -> None:
    fingers = pressed(*(down(n) for n in range(MAX_FINGERS)))
    assert not fingers.touch([down("more")], {}, 10.0)
    assert fingers.touch([down(3, 0.9)], {}, 10.0), "those that are down still move"
    assert fingers.beyond_limit == 1
    assert len(fingers.points("synth-a", {})) == MAX_FINGERS


def test_lifts_end_every_finger() -> None:
    fingers = pressed(down(1), down("b", None, note=60.0))
    assert {touch.id for touch in fingers.lifts(11.0)} == {1, "b"}
    fingers.touch(fingers.lifts(11.0), {}, 11.0)
    assert fingers.points("synth-a", {}) == []


# --- pitch as a number


def test_a_synth_that_takes_notes_has_the_note_and_x_where_the_pitch_lies() -> None:
    fingers = pressed(down(1, None, note=57.0, vel=0.8))
    (point,) = fingers.points("synth-a", NEW)
    assert (point.note, point.vel) == (57.0, 0.8)
    assert point.x == pytest.approx(1 / 3)


def test_a_place_that_the_player_gave_is_kept_for_a_synth_that_takes_notes() -> None:
    (point,) = pressed(down(1, 0.9, note=57.0)).points("synth-a", NEW)
    assert point.x == 0.9


@pytest.mark.parametrize("x", [None, 0.9])
def test_a_synth_that_takes_no_notes_has_x_for_its_own_surface(x: float | None) -> None:
    fingers = pressed(down(1, x, note=57.0))
    (point,) = fingers.points("synth-a", OLD)
    assert point.x == pytest.approx(1 / 3)
    lower = {"surface": {"low_hz": 55.0, "octaves": 4.0}}
    (point,) = fingers.points("synth-a", lower)
    assert point.x == pytest.approx(0.5), "after a change of its preset it is the same pitch"
    assert fingers.message("synth-a", lower, 1, 10.0).x == pytest.approx(0.5)


@pytest.mark.parametrize("note", [44.9, 81.1])
def test_a_pitch_beyond_the_surface_is_not_sent_to_a_synth_that_takes_no_notes_and_is_named(note: float) -> None:
    fingers = pressed(down(1, None, note=note), down(2, 0.5))
    assert [point.id for point in fingers.points("synth-a", OLD)] == [2]
    assert fingers.unreached("synth-a", OLD) == [note]
    assert [point.id for point in fingers.points("synth-b", NEW)] == [1, 2]
    assert fingers.unreached("synth-b", NEW) == []
    (beyond, _) = fingers.points("synth-b", NEW)
    assert beyond.x in (0.0, 1.0)


def test_the_edges_of_the_surface_are_reached_in_spite_of_rounding() -> None:
    for note, x in ((45.0, 0.0), (81.0, 1.0)):
        assert [point.x for point in pressed(down(1, None, note=note)).points("synth-a", OLD)] == [x]


def test_before_a_synth_has_said_what_it_is_no_note_goes_to_it() -> None:
    fingers = pressed(down(1, None, note=57.0))
    message = fingers.message("synth-a", {}, 1, 10.0)
    assert (message.active, message.points) == (False, [])
    (point,) = fingers.points("synth-a", {"takes": ["note"]})
    assert point.x == 0.5, "without a surface it stands in the middle"


# --- fingers for some synths only


def test_a_finger_is_heard_only_by_the_synths_that_it_is_for() -> None:
    fingers = pressed(down(1), synths=("synth-a",))
    fingers.touch([down(2), down(3)], {2: ("synth-b", "synth-c")}, 10.0)
    heard = {name: [point.id for point in fingers.points(name, {})] for name in ("synth-a", "synth-b", "synth-d")}
    assert heard == {"synth-a": [1, 3], "synth-b": [2, 3], "synth-d": [3]}
    assert fingers.unreached("synth-d", OLD) == []


def test_a_finger_may_change_hands() -> None:
    fingers = pressed(down(1), synths=("synth-a",))
    fingers.touch([down(1, 0.6)], {1: ("synth-b",)}, 10.0)
    assert fingers.points("synth-a", {}) == []
    assert [point.x for point in fingers.points("synth-b", {})] == [0.6]
    assert fingers.message("synth-a", {}, 1, 10.0).active is False


# --- vowels by name


def test_each_synth_sings_a_vowel_that_has_a_name_at_its_own_place() -> None:
    touch = replace(down(1), vowel="i")
    fingers = pressed(touch)
    sung = {
        name: [point.y for point in fingers.points("synth-a", {"surface": {"vowels": vowels}})]
        for name, vowels in {"few": ["i", "u"], "usual": ["a", "e", "i", "o", "u"], "none like it": ["a", "o"]}.items()
    }
    assert sung == {"few": [0.0], "usual": [0.5], "none like it": [touch.y]}
    assert [point.y for point in fingers.points("synth-a", {"surface": {"vowels": 7}})] == [touch.y]
