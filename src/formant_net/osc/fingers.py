"""The fingers of all senders: who plays which, what they sound like, and who must give way."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, replace

from formant_net.hand.gathering import Gathering
from formant_net.hand.limits import Limits
from formant_net.osc.space import Id, Play
from formant_net.protocol.gesture import TimedTouch
from formant_net.timers.allowance import Allowance

Sender = tuple[str, int]
"""Address and port that a datagram came from."""
MOST_KEPT = 256
"""Fingers that are up whose vowel and effort are kept for their next notes."""


@dataclass(frozen=True, slots=True)
class _Sound:
    x: float | None = None
    note: float | None = None
    y: float = 0.0
    z: float | None = None
    vel: float | None = None


@dataclass(slots=True)
class _Finger:
    key: tuple[str, Id]
    owner: Sender
    sound: _Sound


class Fingers:
    """Fingers by number. It tells `gathering` of each that starts, moves or ends.

    A finger belongs to the address of its sender: one program may send from many ports. It is lifted when the port that
    moved it last has been silent for too long.
    """

    def __init__(self, gathering: Gathering, limits: Limits, now: float) -> None:
        self.counters: Counter[str] = Counter()
        """`stolen`: notes that ended early for newer ones; `too_many`: notes that found no place; `too_fast`: notes
        beyond the rate of new notes."""
        self._gathering, self._limits = gathering, limits
        self._allowance = Allowance(limits.notes_per_s, limits.notes_burst, now)
        self._numbers = itertools.count(1)
        self._fingers: dict[int, _Finger] = {}
        self._down: dict[tuple[str, Id], int] = {}
        """Those that are not to be lifted yet."""
        self._kept: dict[tuple[str, Id], _Sound] = {}

    def __len__(self) -> int:
        return len(self._down)

    def play(self, sender: Sender, play: Play, now: float) -> None:
        """A finger comes down or moves."""
        key = (sender[0], play.id)
        number = self._down.get(key)
        if number is not None:
            finger = self._fingers[number]
            finger.owner, finger.sound = sender, _changed(finger.sound, play, moves=True)
            self._gathering.move(number)
            return
        sound = _changed(self._kept.get(key, _Sound()), play, moves=False)
        if not play.begins:
            self._keep(key, sound)
            return
        if not self._allowance.some(now):
            self.counters["too_fast"] += 1
            return
        if len(self._gathering) >= self._limits.fingers and not self._steal(now):
            self.counters["too_many"] += 1
            return
        self._allowance.take(now)
        number = next(self._numbers)
        self._fingers[number], self._down[key] = _Finger(key, sender, sound), number
        self._gathering.start(number)

    def lift(self, sender: Sender, finger: Id | None) -> None:
        """A finger of this sender's address goes up; None: all of them."""
        for key, number in list(self._down.items()):
            if key[0] == sender[0] and finger in (None, key[1]):
                self._end(number)

    def lift_owned(self, owner: Sender) -> int:
        """All fingers that this port moved last go up. How many there were."""
        numbers = [number for number in self._down.values() if self._fingers[number].owner == owner]
        for number in numbers:
            self._end(number)
        return len(numbers)

    def lift_all(self) -> None:
        """Everything up, at once."""
        for number in list(self._fingers):
            self._end_now(number)

    def owners(self) -> set[Sender]:
        """The ports that moved fingers which are down."""
        return {self._fingers[number].owner for number in self._down.values()}

    def touch(self, number: int, now: float) -> TimedTouch | None:
        """What a finger sounds like now; None if it is gone."""
        finger = self._fingers.get(number)
        if finger is None:
            return None
        s = finger.sound
        z = s.vel if s.z is None else s.z
        return TimedTouch(
            now,
            number,
            None if s.x is None else round(s.x, 4),
            round(s.y, 4),
            None if z is None else round(z, 4),
            note=None if s.note is None else round(s.note, 4),
            vel=None if s.vel is None else round(s.vel, 4),
        )

    def sent(self, up: list[int]) -> None:
        """These fingers are lifted and told."""
        for number in up:
            self._fingers.pop(number, None)

    def _keep(self, key: tuple[str, Id], sound: _Sound) -> None:
        self._kept.pop(key, None)
        self._kept[key] = replace(sound, x=None, note=None, vel=None)
        if len(self._kept) > MOST_KEPT:
            del self._kept[next(iter(self._kept))]

    def _end(self, number: int) -> None:
        key = self._fingers[number].key
        del self._down[key]
        self._keep(key, self._fingers[number].sound)
        self._gathering.end(number)

    def _end_now(self, number: int) -> None:
        finger = self._fingers.pop(number)
        if self._down.get(finger.key) == number:
            del self._down[finger.key]
        self._gathering.end_now(number)

    def _steal(self, now: float) -> bool:
        """End the finger that is missed least: one that ends anyway, or else the oldest that sounded long enough."""
        ready = [number for number in self._fingers if self._gathering.sounded(number, now)]
        if not ready:
            return False
        ending = [number for number in ready if self._gathering.ending(number)]
        self._end_now((ending or ready)[0])
        self.counters["stolen"] += not ending
        return True


def _changed(sound: _Sound, play: Play, *, moves: bool) -> _Sound:
    """What a message says; the rest stays. A place without a pitch takes the pitch from the place, and the reverse."""
    x, note = sound.x, sound.note
    if play.note is not None or play.x is not None:
        x, note = play.x, play.note
    return _Sound(
        x,
        note,
        sound.y if play.y is None else play.y,
        sound.z if play.z is None else play.z,
        sound.vel if moves or play.vel is None else play.vel,
    )
