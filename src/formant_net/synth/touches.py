"""The fingers of one controller, kept from touch messages: each message is state, and the newest one counts."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from formant_net.protocol.messages import MAX_FINGERS, FingerId, Ping, Point, Touch
from formant_net.protocol.timing import Timing
from formant_net.synth.age import Age
from formant_net.synth.clock_offset import ClockOffset
from formant_net.timers.wakeup import Wakeup

LIFT_GUARD_S = 0.03
"""Seconds after a lift in which a touch without `seq` counts as an overtaken message. Nobody taps again that fast."""
MAX_REMEMBERED = 4 * MAX_FINGERS
"""Fingers whose last `seq` is kept; browsers give every touch a new finger id."""


@dataclass(frozen=True, slots=True)
class NoteOn:
    """A finger came down at `point`: start the voice `key` (positive, never used before)."""

    key: int
    point: Point
    at: float | None = None


@dataclass(frozen=True, slots=True)
class NoteMove:
    """The finger of voice `key` is at `point`. Comes with every touch, also from a resting finger: a sign of life."""

    key: int
    point: Point
    at: float | None = None


@dataclass(frozen=True, slots=True)
class NoteOff:
    """The finger of voice `key` is up, or nothing has been heard of it for too long."""

    key: int
    at: float | None = None


Note = NoteOn | NoteMove | NoteOff
"""`point` is the finger as it came over the wire, already checked. `at` is when the note is to sound, s of our clock.
It is set only with a play-out time; otherwise the note sounds at once. The values of one link never decrease."""


@dataclass(slots=True)
class _Finger:
    key: int
    touched_at: float
    """When its last touch was sent, s of our clock, as far as known; never later than its arrival."""


class Touches:
    """Turns the touches of one link into notes. `now` is our clock, s; `t` in a touch is the controller's, ms (age.py).

    A touch older than `Timing.touch_age_s` (plus a step of the controller's clock, steps.py) starts and moves no voice.
    It still ends voices: a lifted finger stays lifted until a newer message says otherwise.

    new_key    gives the key of a voice that starts at `now`: a positive integer that is not used again; None when notes
               come too fast
    """

    def __init__(self, timing: Timing, new_key: Callable[[float], int | None], max_fingers: int = MAX_FINGERS) -> None:
        self.dropped_late = 0
        """Touches that were overtaken, repeated or too old."""
        self.too_old = 0
        """Touches in a row that were too old. If the count keeps growing, the network path is too slow."""
        self.dropped_full = 0
        """Fingers beyond the limit on their number or on new notes a second."""
        self._timing = timing
        self._new_key = new_key
        self._max_fingers = max_fingers
        self._fingers: dict[FingerId, _Finger] = {}
        self._full_seq = -1
        self._finger_seq: dict[FingerId, int] = {}
        self._lifted_at: dict[FingerId, float] = {}
        self._age = Age()
        self._offset = ClockOffset()
        self._sounds_at = -math.inf
        """When the newest note is to sound."""
        self._wakeup = Wakeup()

    def __len__(self) -> int:
        return len(self._fingers)

    def touch(self, touch: Touch, now: float) -> list[Note]:
        """Takes one touch message. With `points` it is the state of every finger, without it the state of one."""
        return self._overdue(now) + self._touch(touch, now)

    def _touch(self, touch: Touch, now: float) -> list[Note]:
        age_s = self._age_s(touch.t, now)
        self._schedule(touch.t, now)
        if touch.points is not None:
            return self._state(touch.points, touch.seq, age_s, now)
        name, point = touch.finger, touch.point()
        if not self._is_newest(name, touch.seq):
            self.dropped_late += 1
            return []
        if not touch.active or point is None:
            return self._lift(name, now)
        overtaken = touch.seq is None and now - self._lifted_at.get(name, -1e9) < LIFT_GUARD_S
        if overtaken or self._old(age_s):
            self.dropped_late += 1
            return []
        return self._place(point, age_s, now)

    def clock(self, ping: Ping, now: float) -> None:
        """Takes what a ping says of the controller's clock."""
        self._age.ping(ping.t, ping.echo, ping.held, now)
        if ping.t is None:
            return
        doubt_s, self._offset.step_s = self._age.steps.doubt_s, self._age.steps.spread_s
        self._offset.came(ping.t / 1000.0, now)
        if ping.echo is None or ping.held is None:
            return
        if ping.held >= 0.0 and ping.echo + ping.held <= 1000.0 * (now + doubt_s):  # otherwise the values are false
            self._offset.echoed(ping.t / 1000.0, ping.echo / 1000.0, ping.held / 1000.0, now)

    def ping(self, ping: Ping, now: float) -> list[Note]:
        """Takes the state of the fingers that a ping carries."""
        if ping.points is None:
            return []
        overdue = self._overdue(now)
        self._schedule(ping.t, now)
        return overdue + self._state(ping.points, ping.seq, self._age_s(ping.t, now), now)

    def _overdue(self, now: float) -> list[Note]:
        """Ends the holds that are over before a message is read. A process that stood still finds the messages before
        its timer. A finger that goes on is then a new note, because the lease of its old voice may have ended."""
        due = self._wakeup.at
        return self.on_deadline(now) if due is not None and now >= due else []

    def _schedule(self, t_ms: float | None, now: float) -> None:
        """Sets when a message stamped `t_ms` is to sound: the same moment on every synth that receives it."""
        if not self._timing.play_out_s:
            return
        sent = now
        if t_ms is not None:
            self._offset.came(t_ms / 1000.0, now)
            sent = min(now, t_ms / 1000.0 + (self._offset.ahead(now) or 0.0))
        self._sounds_at = max(self._sounds_at, sent + self._timing.play_out_s)

    def _began(self, since_ms: float | None, now: float) -> float | None:
        """When the note of a finger that came down at `since_ms` is to begin, if the first message of it was lost."""
        ahead = self._offset.ahead(now)
        if since_ms is None or ahead is None or not self._timing.play_out_s:
            return None
        return min(max(since_ms / 1000.0 + ahead + self._timing.play_out_s, now), self._sounds_at)

    @property
    def _at(self) -> float | None:
        return self._sounds_at if self._timing.play_out_s else None

    def _age_s(self, t_ms: float | None, now: float) -> float:
        return 0.0 if t_ms is None else self._age.of(t_ms, now, self._timing.touch_age_s)

    def _old(self, age_s: float) -> bool:
        old = age_s > self._timing.touch_age_s
        self.too_old = self.too_old + 1 if old and age_s < math.inf else 0
        return old

    def _state(self, points: list[Point], seq: int | None, age_s: float, now: float) -> list[Note]:
        """Takes the full state: these fingers are down, no others."""
        if seq is not None:
            if seq <= self._full_seq:
                self.dropped_late += 1
                return []
            self._full_seq = seq
        named = {point.id for point in points}
        notes: list[Note] = []
        for name in [name for name in self._fingers if name not in named]:
            if seq is None or seq > self._finger_seq.get(name, -1):
                notes += self._lift(name, now)
        if points and self._old(age_s):
            self.dropped_late += 1
            return notes
        for point in points:
            if seq is None or seq > self._finger_seq.get(point.id, -1):
                notes += self._place(point, age_s, now, self._began(point.since, now))
        return notes

    def release_all(self, now: float) -> list[Note]:
        """Ends every voice: the link is gone, or the power is off. Late touches are still recognised as late."""
        self._sounds_at = max(self._sounds_at, now)
        return [note for name in list(self._fingers) for note in self._lift(name, now)]

    def next_deadline(self) -> float | None:
        """When `on_deadline` wants to be called at the latest, s (it may be early), or None."""
        return self._wakeup.at

    def on_deadline(self, now: float) -> list[Note]:
        """Releases the fingers that no message has mentioned for `hold_s`, so that a lost peer leaves no stuck note."""
        notes: list[Note] = []
        self._sounds_at = max(self._sounds_at, now)
        for name, finger in list(self._fingers.items()):
            if now >= finger.touched_at + self._timing.hold_s:
                notes += self._lift(name, now)
        self._wakeup.clear()
        for finger in self._fingers.values():
            self._wakeup.by(finger.touched_at + self._timing.hold_s)
        return notes

    def _place(self, point: Point, age_s: float, now: float, begins_at: float | None = None) -> list[Note]:
        sent_at = now - age_s
        finger = self._fingers.get(point.id)
        if finger is not None:
            finger.touched_at = max(finger.touched_at, sent_at)
            return [NoteMove(finger.key, point, self._at)]
        if len(self._fingers) >= self._max_fingers:
            self.dropped_full += 1
            return []
        key = self._new_key(now)
        if key is None:
            self.dropped_full += 1
            return []
        self._fingers[point.id] = _Finger(key, sent_at)
        self._wakeup.by(sent_at + self._timing.hold_s)
        return [NoteOn(key, point, self._at if begins_at is None else begins_at)]

    def _lift(self, name: FingerId, now: float) -> list[Note]:
        finger = self._fingers.pop(name, None)
        if finger is None:
            return []
        self._lifted_at[name] = now
        if len(self._lifted_at) > MAX_REMEMBERED:
            del self._lifted_at[next(iter(self._lifted_at))]
        return [NoteOff(finger.key, self._at)]

    def _is_newest(self, name: FingerId, seq: int | None) -> bool:
        if seq is None:
            return True
        if seq <= max(self._full_seq, self._finger_seq.get(name, -1)):
            return False
        self._finger_seq.pop(name, None)
        self._finger_seq[name] = seq
        if len(self._finger_seq) > MAX_REMEMBERED:
            # Insertion order is age. The entry that is removed is long past; no message older than it may count again.
            forgotten = next(iter(self._finger_seq))
            self._full_seq = max(self._full_seq, self._finger_seq.pop(forgotten))
        return True
