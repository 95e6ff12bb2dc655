"""Fingers as the player's core moves them. What messages do is in test_player.py."""

from __future__ import annotations

from formant_net.hand.gathering import Gathering, Pace
from formant_net.hand.limits import Limits
from formant_net.osc.fingers import MOST_KEPT, Fingers
from formant_net.osc.space import Play

A, B, FAR = ("127.0.0.1", 1), ("127.0.0.1", 2), ("10.0.0.9", 1)


def _fingers(**limits: float) -> tuple[Fingers, Gathering]:
    gathering = Gathering(Pace())
    return Fingers(gathering, Limits(**limits), 0.0), gathering  # type: ignore[arg-type]


def test_an_id_is_one_finger_for_all_ports_of_an_address_and_belongs_to_the_last_one() -> None:
    fingers, _ = _fingers()
    fingers.play(A, Play(1, note=60.0), 0.0)
    fingers.play(B, Play(1, note=61.0), 0.0)
    fingers.play(FAR, Play(1, note=62.0), 0.0)
    assert len(fingers) == 2
    assert fingers.owners() == {B, FAR}
    assert fingers.lift_owned(A) == 0
    assert fingers.lift_owned(B) == 1
    fingers.lift(A, None)
    assert fingers.owners() == {FAR}


def test_a_place_takes_over_from_a_pitch_and_the_reverse() -> None:
    fingers, _ = _fingers()
    fingers.play(A, Play(1, note=60.0, vel=0.5), 0.0)
    fingers.play(A, Play(1, x=0.25, y=0.5), 0.0)
    touch = fingers.touch(1, 0.0)
    assert touch is not None
    assert (touch.x, touch.note, touch.y, touch.z, touch.vel) == (0.25, None, 0.5, 0.5, 0.5)
    fingers.play(A, Play(1, note=61.0, vel=0.9), 0.0)
    touch = fingers.touch(1, 0.0)
    assert touch is not None
    assert (touch.x, touch.note, touch.vel) == (None, 61.0, 0.5)


def test_the_oldest_gives_way_and_what_finds_no_place_is_counted() -> None:
    fingers, gathering = _fingers(fingers=2)
    for n in range(3):
        fingers.play(A, Play(n, note=60.0), 0.0)
    assert fingers.counters["too_many"] == 1
    gathering.take(0.0)
    fingers.play(A, Play(9, note=60.0), 1.0)
    assert fingers.counters["stolen"] == 1
    assert fingers.touch(1, 1.0) is None
    batch = gathering.take(1.0)
    assert batch is not None
    assert (batch.up, batch.down) == ([1], [3])


def test_new_notes_a_second_are_bounded() -> None:
    fingers, _ = _fingers(fingers=1000, notes_per_s=1.0, notes_burst=5)
    for n in range(10):
        fingers.play(A, Play(n, note=60.0), 0.0)
    assert (len(fingers), fingers.counters["too_fast"]) == (5, 5)


def test_what_is_kept_for_next_notes_is_bounded() -> None:
    fingers, _ = _fingers()
    for n in range(MOST_KEPT + 50):
        fingers.play(A, Play(n, y=0.5, begins=False), 0.0)
    assert len(fingers) == 0
    assert len(fingers._kept) == MOST_KEPT
