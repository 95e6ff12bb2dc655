"""The fingers of one player: which are down, what is sent to each synth, and when it is sent again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from formant_net.controller.surface import reaches, takes_notes, vowels_of, x_of
from formant_net.hand.vowels import y_of
from formant_net.protocol.gesture import TimedTouch, Vowel
from formant_net.protocol.messages import MAX_FINGERS, FingerId, Point, Touch
from formant_net.protocol.timing import Timing


@dataclass(frozen=True, slots=True)
class _Finger:
    point: Point
    x: float | None
    """Position set by the player; None: each synth's position of its `note`."""
    vowel: Vowel | None
    """By name; each synth's position of it replaces `y`."""
    synths: Collection[str] | None
    """The synths that hear it; None: all of them."""


class Fingers:
    """The full state of all fingers. It is sent on each change, and every `resend_s` while any finger is down.

    A message to a synth holds the fingers meant for it, with `x` and the place of a vowel that has a name computed for
    that synth's surface. So every synth sings the same vowel, whatever its preset, also one that knows no names.
    """

    def __init__(self, timing: Timing) -> None:
        self.beyond_limit = 0
        """Count of fingers that were ignored because a message can hold no more."""
        self.resend_at: float | None = None
        """When the state has to be sent again, s, or None."""
        self._timing = timing
        self._down: dict[FingerId, _Finger] = {}
        self._last = Point(id=0, x=0.0, y=0.0)
        self._repeats = 0
        """How many times the last release has still to be sent."""

    @property
    def settled(self) -> bool:
        """True when no finger is down and the last release has been repeated often enough."""
        return not self._down and self._repeats == 0

    def touch(self, touches: Iterable[TimedTouch], synths: Mapping[FingerId, Collection[str]], now: float) -> bool:
        """Fingers came down, moved or were lifted at `now`. True when the state has to be sent.

        synths    ids of the synths that hear a finger from now on; a finger that is not in it is heard by all
        """
        changed = False
        for touch in touches:
            before = self._down.get(touch.id)
            if touch.active and before is None and len(self._down) >= MAX_FINGERS:
                self.beyond_limit += 1
                continue
            point = Point(
                id=touch.id,
                x=0.5 if touch.x is None else touch.x,
                y=touch.y,
                z=touch.z,
                note=touch.note,
                vel=touch.vel,
                since=round(now * 1000.0, 1) if before is None else before.point.since,
            )
            if touch.active:
                self._down[touch.id] = _Finger(point, touch.x, touch.vowel, synths.get(touch.id))
            elif before is not None:
                del self._down[touch.id]
                self._repeats = self._timing.release_repeats
            self._last = point
            changed = True
        return changed

    def lifts(self, now: float) -> list[TimedTouch]:
        """The touches that lift every finger that is down."""
        down = (finger.point for finger in self._down.values())
        return [TimedTouch(now, p.id, p.x, p.y, p.z, active=False, note=p.note, vel=p.vel) for p in down]

    def points(self, synth: str, state: Mapping[str, Any]) -> list[Point]:
        """The fingers that `synth` hears, as it understands them. `state` is its latest."""
        heard = (f for f in self._down.values() if f.synths is None or synth in f.synths)
        return [point for finger in heard if (point := _for_synth(finger, state)) is not None]

    def unreached(self, synth: str, state: Mapping[str, Any]) -> list[float]:
        """Notes that are down for `synth` and that it cannot sing: its surface does not reach them."""
        reached = {point.id for point in self.points(synth, state)}
        return [
            finger.point.note
            for name, finger in self._down.items()
            if finger.point.note is not None
            and name not in reached
            and (finger.synths is None or synth in finger.synths)
        ]

    def message(self, synth: str, state: Mapping[str, Any], seq: int, now: float) -> Touch:
        """The message for `synth`. The single finger next to `points` is for synths that do not read `points`."""
        points = self.points(synth, state)
        last = points[-1] if points else self._last
        return Touch(
            x=last.x,
            y=last.y,
            z=last.z,
            note=last.note,
            vel=last.vel,
            id=last.id,
            active=bool(points),
            seq=seq,
            t=round(now * 1000.0, 1),
            points=points,
        )

    def said(self, now: float, *, many: bool = False) -> None:
        """The state was sent to every synth at `now`. `many`: they are so many that repeats come more slowly."""
        pause_s = self._timing.many_resend_s if many else self._timing.resend_s
        if not self._down and self._repeats:
            self._repeats -= 1
        self.resend_at = now + pause_s if self._down or self._repeats else None


def _for_synth(finger: _Finger, state: Mapping[str, Any]) -> Point | None:
    """A finger as one synth understands it, or None when that synth cannot sing its pitch."""
    point = finger.point
    if finger.vowel is not None and (y := y_of(finger.vowel, vowels_of(state))) is not None:
        point = msgspec.structs.replace(point, y=y)
    if point.note is None or (takes_notes(state) and finger.x is not None):
        return point
    if not reaches(point.note, state):
        return None  # silence is better than a wrong note
    x = x_of(point.note, state)
    return msgspec.structs.replace(point, x=0.5 if x is None else min(max(x, 0.0), 1.0))
