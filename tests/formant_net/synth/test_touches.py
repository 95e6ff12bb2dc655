from __future__ import annotations

import itertools
import math
import random
from typing import Any

import pytest
from support.virtual.hands import numbered

from formant_net.protocol.messages import Ping, Point, Touch
from formant_net.protocol.timing import Timing
from formant_net.synth.touches import Note, NoteMove, NoteOff, NoteOn, Touches


def make(**options: Any) -> Touches:
    return Touches(Timing(), numbered(), **options)


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
    assert touches.touch(touch(0.0), 0.0) == [NoteOn(1, Point(id=0, x=0.0, y=0.25))]
    assert touches.touch(touch(0.1), 0.02) == [NoteMove(1, Point(id=0, x=0.1, y=0.25))]
    assert touches.touch(touch(active=False), 0.04) == [NoteOff(1)]
    assert touches.touch(touch(active=False), 0.06) == []


def test_a_touch_that_a_release_overtook_does_not_sound_again() -> None:
    touches = make()
    touches.touch(touch(), 0.0)
    touches.touch(touch(active=False), 0.1)
    assert touches.touch(touch(), 0.12) == []
    assert touches.dropped_late == 1
    assert keys(touches.touch(touch(), 0.14)) == [(NoteOn, 2)], "but a finger that comes down again does"


# --- the newest seq wins


def test_a_full_state_that_comes_late_or_is_too_old_is_counted() -> None:
    touches = make()
    touches.touch(full(1, seq=5), 0.0)
    assert touches.dropped_late == 0
    assert touches.touch(full(1, 2, seq=5), 0.0) == []
    assert touches.dropped_late == 1
    touches.clock(Ping(), 0.0)
    for n in range(10):
        touches.touch(full(1, seq=6 + n, t=20.0 * n), 0.02 * n)
    assert touches.dropped_late == 1
    touches.touch(full(1, seq=20, t=0.0), 0.5)
    assert touches.dropped_late == 2


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


def test_a_full_state_with_the_number_of_a_fingers_own_message_is_not_newer() -> None:
    """A client may count its pings by themselves."""
    touches = make()
    touches.touch(touch(id=1, seq=5), 0.0)
    assert touches.ping(Ping(timestamp=1, points=[], seq=5), 0.01) == []
    assert keys(touches.ping(Ping(timestamp=1, points=[], seq=6), 0.02)) == [(NoteOff, 1)]


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
    assert keys(touches.touch(touch(0.9, t=1100.0, seq=2), 50.7)) == [(NoteOff, 1)], "its hold is over, and no more"
    assert keys(touches.touch(touch(0.2, t=1700.0, seq=3), 50.71)) == [(NoteOn, 2)]


def test_a_touch_may_be_late_by_what_networks_do() -> None:
    touches = unechoing()
    touches.touch(touch(t=0.0, seq=1), 50.0)
    assert len(touches.touch(touch(t=20.0, seq=2), 50.11)) == 1


def test_a_clock_that_was_set_is_believed_after_a_second() -> None:
    touches = unechoing()
    touches.touch(touch(t=1_000_000.0, seq=1), 0.0)
    notes = [touches.touch(touch(t=20.0 * i, seq=i), i * 0.02) for i in range(2, 100)]
    played = [any(not isinstance(note, NoteOff) for note in each) for each in notes]
    assert not any(played[:49])
    assert all(played[52:])


def test_two_clocks_may_drift_apart() -> None:
    touches = unechoing()
    for i in range(4000):
        assert touches.touch(touch(t=1000.0 * i * (1 - 2e-4), seq=i), float(i)) != []


def test_an_old_message_still_ends_what_it_does_not_name() -> None:
    touches = unechoing()
    touches.touch(full(1, 2, t=0.0, seq=1), 50.0)
    assert keys(touches.touch(full(2, t=50.0, seq=2), 50.2)) == [(NoteOff, 1)], "2 is neither moved nor kept alive"
    assert keys(touches.touch(touch(id=2, active=False, t=70.0, seq=3), 50.22)) == [(NoteOff, 2)]


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


def test_a_link_that_ends_ends_its_voices_now_whatever_the_play_out_time_said_before() -> None:
    touches = Touches(Timing(play_out_s=0.05), numbered())
    touches.touch(touch(seq=1), 0.0)
    (off,) = touches.release_all(0.5)
    assert isinstance(off, NoteOff)
    assert off.at == 0.5


# --- pitch as a number, and two fingers at once


def test_note_and_velocity_come_through_as_they_were_sent() -> None:
    touches = make()
    (on,) = touches.touch(touch(0.5, id=4, note=62.137, vel=0.8), 0.0)
    assert isinstance(on, NoteOn)
    assert on.point == Point(id=4, x=0.5, y=0.25, note=62.137, vel=0.8)


def test_each_of_two_fingers_has_its_own_place_and_identity() -> None:
    touches = make()
    one = Point(id=1, x=0.1, y=0.2, z=0.3, note=50.0, vel=0.4, since=7.0)
    two = Point(id=2, x=0.9, y=0.8, z=0.7, note=60.0, vel=0.6, since=8.0)
    assert touches.touch(Touch(active=True, seq=1, points=[one, two]), 0.0) == [NoteOn(1, one), NoteOn(2, two)]
    assert touches.touch(Touch(active=True, seq=2, points=[two, one]), 0.02) == [NoteMove(2, two), NoteMove(1, one)]
    moved = Point(id=1, x=0.15, y=0.25)
    assert touches.touch(Touch(active=True, id=1, x=0.15, y=0.25, seq=3), 0.04) == [NoteMove(1, moved)]


def test_a_release_without_coordinates_ends_its_finger_at_once() -> None:
    touches = make()
    touches.touch(touch(), 0.0)
    assert touches.touch(Touch(active=False), 0.02) == [NoteOff(1)]
    touches.touch(touch(id="a"), 1.0)
    touches.touch(touch(id="b"), 1.0)
    assert touches.touch(Touch(active=False, id="a"), 1.02) == [NoteOff(2)]


# --- clocks that are not like ours


class Coarse:
    """A controller with another clock: what it sends is stamped by it, and its pings echo."""

    def __init__(
        self,
        step_ms: float,
        *,
        way_s: float = 0.002,
        phase_ms: float = 3.0,
        rate: float = 1.0,
        shuffled: bool = False,
    ) -> None:
        self.touches = make()
        self.shuffled = shuffled
        self.step_ms, self.way_s, self.phase_ms, self.rate = step_ms, way_s, phase_ms, rate
        self.set_ms = 0.0
        self._seq = itertools.count(1)
        self._pong: tuple[float, float] | None = None

    def shown(self, now: float) -> float:
        true_ms = 1000.0 * self.rate * now + self.phase_ms + self.set_ms
        if not self.step_ms:
            return round(true_ms, 3)
        steps = math.floor(true_ms / self.step_ms)
        early = self.shuffled and true_ms / self.step_ms - steps >= random.Random(steps).random()
        return round((steps + early) * self.step_ms, 3)

    def ping(self, now: float) -> None:
        echo, held = (
            (None, None) if self._pong is None else (self._pong[0], self.shown(now) - self.shown(self._pong[1]))
        )
        came = now + self.way_s
        self.touches.clock(Ping(t=self.shown(now), echo=echo, held=held), came)
        self._pong = 1000.0 * came, came + self.way_s

    def touch(self, now: float, late_s: float = 0.0, **more: Any) -> list[Note]:
        message = touch(t=self.shown(now), seq=next(self._seq), **more)
        return self.touches.touch(message, now + self.way_s + late_s)

    def tap(self, now: float, seconds: float = 0.08) -> bool:
        """A finger for so long, said every 20 ms. True if it sounds."""
        notes: list[Note] = []
        for n in range(max(1, int(seconds / 0.02))):
            notes += self.touch(now + 0.02 * n)
        notes += self.touch(now + seconds, active=False)
        assert len(self.touches) == 0
        return any(isinstance(note, NoteOn) for note in notes)


def opened(peer: Coarse, now: float = 50.0) -> Coarse:
    """Its first two pings, as a controller sends them."""
    peer.ping(now)
    peer.ping(now + 2 * peer.way_s)
    return peer


@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("phase_ms", [0.0, 7.0, 49.0, 93.0])
@pytest.mark.parametrize("step_ms", [0.0, 1.0, 2.0, 50 / 3, 20.0, 50.0, 100.0])
def test_every_tap_sounds_whatever_the_steps_of_the_clock(step_ms: float, phase_ms: float, shuffled: bool) -> None:
    """Shuffled as Firefox does: in each step a moment is drawn, from which on the clock shows the next step."""
    peer = opened(Coarse(step_ms, phase_ms=phase_ms, shuffled=shuffled))
    sounded = []
    now = 50.05
    for n in range(200):
        sounded.append(peer.tap(now))
        now += 0.37
        if n % 3 == 0:
            peer.ping(now - 0.1)
    assert all(sounded)


@pytest.mark.parametrize("phase_ms", [0.0, 31.0, 77.0])
@pytest.mark.parametrize("step_ms", [0.0, 50 / 3, 50.0, 100.0])
@pytest.mark.parametrize("shuffled", [False, True])
def test_no_touch_older_than_the_limit_and_a_step_starts_a_voice(
    step_ms: float, phase_ms: float, shuffled: bool
) -> None:
    """Two steps where stamps are also a step too early."""
    peer = opened(Coarse(step_ms, phase_ms=phase_ms, shuffled=shuffled))
    now = 50.05
    for n in range(200):
        peer.tap(now)
        late_s = 0.1 + (1 + shuffled) * step_ms / 1000.0 + 0.001
        assert not peer.touch(now + 0.2, late_s=late_s), n
        peer.touch(now + 0.2, active=False)
        now += 0.3333
        peer.ping(now - 0.01 * (n % 7))


def test_a_clock_that_stands_still_is_played_like_one_that_stamps_nothing() -> None:
    peer = opened(Coarse(1e9))
    for n in range(20):
        peer.ping(51.0 + 0.1 * n)
    assert all(peer.tap(53.0 + 0.5 * n) for n in range(20))


@pytest.mark.parametrize("hours", [-5.0, 5.0])
@pytest.mark.parametrize("step_ms", [0.0, 100.0])
def test_a_clock_that_is_set_by_hours_plays_again_after_the_next_ping(hours: float, step_ms: float) -> None:
    peer = opened(Coarse(step_ms))
    for n in range(12):
        peer.tap(51.0 + 0.31 * n)
    peer.ping(55.0)
    peer.set_ms = 3.6e6 * hours
    peer.touch(55.2)
    peer.touch(55.25, active=False)
    peer.ping(56.0)  # what it held before was measured across the jump
    peer.ping(57.0)
    assert all(peer.tap(57.1 + 0.31 * n) for n in range(3))


@pytest.mark.parametrize("ppm", [-500.0, 500.0])
def test_a_clock_that_drifts_five_hundred_parts_in_a_million_is_played_for_hours(ppm: float) -> None:
    peer = opened(Coarse(0.0, rate=1.0 + ppm / 1e6))
    for second in range(3600):
        peer.ping(51.0 + second)
        if second % 60 == 0:
            assert peer.tap(51.5 + second)


def test_a_clock_set_back_while_messages_wait_for_their_play_out_time_ends_no_voice_twice() -> None:
    touches = Touches(Timing(play_out_s=0.08), numbered())
    touches.clock(Ping(t=5000.0), 50.0)
    touches.clock(Ping(t=5002.0, echo=50_000.0, held=1.0), 50.002)
    (on,) = touches.touch(touch(t=5100.0, seq=1), 50.102)
    touches.clock(Ping(t=2000.0), 50.15)  # set back by three seconds, and no echo of it yet
    (off,) = touches.touch(touch(t=2010.0, seq=2, active=False), 50.16)
    assert isinstance(on, NoteOn)
    assert isinstance(off, NoteOff)
    assert on.at is not None
    assert off.at is not None
    assert on.at == pytest.approx(50.181, abs=0.003)
    assert on.at <= off.at <= 50.25
