from __future__ import annotations

import itertools
from typing import Any

import pytest

from formant_net.messages import Ping, Point, Touch
from formant_net.timing import Timing
from formant_net.touches import Note, NoteMove, NoteOff, NoteOn, Touches


def make(**options: Any) -> Touches:
    return Touches(Timing(), itertools.count(1).__next__, **options)


def touch(x: float = 0.5, *, active: bool = True, **fields: Any) -> Touch:
    return Touch(x=x, y=0.25, active=active, **fields)


def full(*ids: int | str, seq: int | None = None, **fields: Any) -> Touch:
    points = [Point(id=name, x=0.5, y=0.25) for name in ids]
    return Touch(x=0.0, y=0.0, active=bool(ids), seq=seq, points=points, **fields)


def keys(notes: list[Note]) -> list[tuple[type, int]]:
    return [(type(note), note.key) for note in notes]


# --- clients that know only x, y and active


def test_a_simple_client_is_one_finger() -> None:
    touches = make()
    assert touches.touch(touch(0.0), 0.0) == [NoteOn(1, 0.0, 0.25, None)]
    assert touches.touch(touch(0.1), 0.02) == [NoteMove(1, 0.1, 0.25, None)]
    assert touches.touch(touch(active=False), 0.04) == [NoteOff(1)]
    assert touches.touch(touch(active=False), 0.06) == []


def test_a_touch_that_a_release_overtook_does_not_sound_again() -> None:
    touches = make()
    touches.touch(touch(), 0.0)
    touches.touch(touch(active=False), 0.1)
    assert touches.touch(touch(), 0.12) == []
    assert keys(touches.touch(touch(), 0.14)) == [(NoteOn, 2)], "but a finger that comes down again does"


# --- the newest seq wins


def test_a_late_touch_after_the_release_is_ignored() -> None:
    touches = make()
    touches.touch(touch(id=3, seq=1), 0.0)
    touches.touch(touch(id=3, seq=3, active=False), 0.1)
    assert touches.touch(touch(id=3, seq=2), 5.0) == []
    assert keys(touches.touch(touch(id=3, seq=4), 5.0)) == [(NoteOn, 2)]


def test_a_repeated_touch_is_ignored() -> None:
    touches = make()
    touches.touch(touch(0.1, seq=5), 0.0)
    assert touches.touch(touch(0.9, seq=5), 0.0) == []
    assert touches.dropped_late == 1


def test_fingers_told_one_by_one_do_not_overtake_each_other() -> None:
    touches = make()
    touches.touch(touch(id=1, seq=2), 0.0)
    assert keys(touches.touch(touch(id=2, seq=1), 0.0)) == [(NoteOn, 2)]


def test_the_full_state_releases_fingers_it_does_not_name() -> None:
    touches = make()
    touches.touch(full(1, 2, seq=1), 0.0)
    assert keys(touches.touch(full(2, seq=2), 0.0)) == [(NoteOff, 1), (NoteMove, 2)]
    assert touches.touch(full(1, 2, seq=1), 0.0) == []


def test_an_old_full_state_does_not_release_a_finger_told_of_later() -> None:
    touches = make()
    touches.touch(touch(id=1, seq=5), 0.0)
    assert touches.ping(Ping(seq=4, points=[]), 0.0) == []
    assert keys(touches.ping(Ping(seq=6, points=[]), 0.0)) == [(NoteOff, 1)]


def test_a_finger_id_may_be_a_text_and_is_not_the_number_it_looks_like() -> None:
    touches = make()
    assert len(touches.touch(full("1", 1, seq=1), 0.0)) == 2


def test_many_finger_ids_are_not_all_remembered() -> None:
    touches = make()
    for i in range(5000):
        touches.touch(touch(id=i, seq=2 * i), i * 1.0)
        touches.touch(touch(id=i, seq=2 * i + 1, active=False), i * 1.0)
    assert len(touches._finger_seq) <= 200
    assert len(touches._lifted_at) <= 200
    assert touches.touch(touch(id=0, seq=0), 5000.0) == [], "what is forgotten stays late"


# --- silence is bounded


def test_a_finger_that_falls_silent_is_released_after_the_hold_time() -> None:
    touches = make()
    touches.touch(touch(), 10.0)
    assert touches.next_deadline() == 10.25
    assert touches.on_deadline(10.249) == []
    assert touches.on_deadline(10.25) == [NoteOff(1)]
    assert touches.next_deadline() is None


def test_each_finger_has_its_own_hold_time() -> None:
    touches = make()
    touches.touch(touch(id=1), 0.0)
    touches.touch(touch(id=2), 0.0)
    touches.touch(touch(id=2), 0.2)
    assert keys(touches.on_deadline(0.25)) == [(NoteOff, 1)]
    assert touches.next_deadline() == pytest.approx(0.45)


def test_a_resting_finger_stays_and_every_touch_of_it_is_passed_on_as_a_sign_of_life() -> None:
    touches = make()
    touches.touch(touch(seq=0), 0.0)
    for i in range(1, 100):
        assert keys(touches.touch(touch(seq=i), i * 0.2)) == [(NoteMove, 1)]
        assert touches.on_deadline(i * 0.2) == []


# --- old touches of clients that stamp them and echo nothing


def unechoing() -> Touches:
    touches = make()
    touches.clock(Ping(), 0.0)
    return touches


def test_what_an_outage_held_back_is_not_played() -> None:
    touches = unechoing()
    touches.touch(touch(t=1000.0, seq=1), 50.0)
    assert touches.touch(touch(0.9, t=1100.0, seq=2), 50.7) == []
    assert keys(touches.touch(touch(0.2, t=1700.0, seq=3), 50.71)) == [(NoteMove, 1)]


def test_a_touch_may_be_late_by_what_networks_do() -> None:
    touches = unechoing()
    touches.touch(touch(t=0.0, seq=1), 50.0)
    assert len(touches.touch(touch(t=20.0, seq=2), 50.11)) == 1


def test_a_clock_that_was_set_is_believed_after_a_second() -> None:
    touches = unechoing()
    touches.touch(touch(t=1_000_000.0, seq=1), 0.0)
    played = [bool(touches.touch(touch(t=20.0 * i, seq=i), i * 0.02)) for i in range(2, 100)]
    assert not any(played[:49])
    assert all(played[52:])


def test_two_clocks_may_drift_apart() -> None:
    touches = unechoing()
    for i in range(4000):
        assert touches.touch(touch(t=1000.0 * i * (1 - 2e-4), seq=i), float(i)) != []


def test_an_old_message_still_ends_what_it_does_not_name() -> None:
    touches = unechoing()
    touches.touch(full(1, 2, t=0.0, seq=1), 50.0)
    assert keys(touches.touch(full(2, t=100.0, seq=2), 50.9)) == [(NoteOff, 1)], "2 is neither moved nor kept alive"
    assert keys(touches.touch(touch(id=2, active=False, t=120.0, seq=3), 50.95)) == [(NoteOff, 2)]


# --- a controller that echoes


def echoing(now: float, *, ahead_s: float, way_back_s: float = 0.0) -> Touches:
    """Touches of a controller whose clock is `ahead_s` behind ours, after one ping with an echo."""
    touches = make()
    touches.clock(Ping(t=1000.0 * (now - ahead_s)), now)
    echo_ms = 1000.0 * (now - way_back_s)
    touches.clock(Ping(t=1000.0 * (now - ahead_s), echo=echo_ms, held=0.0), now)
    return touches


def test_until_its_clock_is_known_no_touch_of_it_sounds() -> None:
    touches = make()
    touches.clock(Ping(t=0.0), 50.0)
    assert touches.touch(touch(t=0.0, seq=1), 50.0) == []
    assert touches.ping(Ping(t=0.0, seq=2, points=[Point(id=1, x=0.0, y=0.0)]), 50.0) == []
    touches.clock(Ping(t=10.0, echo=50_000.0, held=5.0), 50.02)
    assert keys(touches.touch(touch(t=20.0, seq=3), 50.03)) == [(NoteOn, 1)]


def test_even_the_first_touch_is_not_played_when_it_is_old() -> None:
    touches = echoing(50.0, ahead_s=50.0)
    assert touches.touch(touch(t=0.0, seq=1), 50.11) == []
    assert keys(touches.touch(touch(t=20.0, seq=2), 50.11)) == [(NoteOn, 1)]


def test_an_old_ping_does_not_start_a_voice_either() -> None:
    touches = echoing(50.0, ahead_s=50.0)
    finger = Point(id=1, x=0.0, y=0.0)
    assert touches.ping(Ping(t=0.0, seq=1, points=[finger]), 50.2) == []
    assert keys(touches.ping(Ping(t=200.0, seq=2, points=[finger]), 50.21)) == [(NoteOn, 1)]


def test_the_hold_time_counts_from_when_a_touch_was_sent() -> None:
    touches = echoing(50.0, ahead_s=50.0)
    touches.touch(touch(t=0.0, seq=1), 50.08)
    assert touches.next_deadline() == pytest.approx(50.25, abs=1e-3)
    touches.touch(touch(t=100.0, seq=2), 50.19)
    assert touches.on_deadline(50.34) == []
    assert keys(touches.on_deadline(50.351)) == [(NoteOff, 1)]


# --- limits and endings


def test_fingers_beyond_the_limit_are_counted_and_do_not_sound() -> None:
    touches = make(max_fingers=2)
    assert len(touches.touch(full(1, 2, 3, seq=1), 0.0)) == 2
    assert touches.dropped_full == 1


def test_the_end_of_the_link_releases_everything() -> None:
    touches = make()
    touches.touch(full(1, 2, seq=1), 0.0)
    assert keys(touches.release_all(0.1)) == [(NoteOff, 1), (NoteOff, 2)]
    assert len(touches) == 0
    assert touches.touch(full(1, 2, seq=1), 0.2) == []
