"""Which key started which finger, what pedals hold, and who gives way when there are too many."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from formant_net.hand.gathering import Gathering
from formant_net.hand.limits import Limits
from formant_net.timers.allowance import Allowance

Own = tuple[float, float | None, float]
"""Bend in semitones, slide 0…1 (None: there was none) and pressure 0…1 of one finger."""


@dataclass(slots=True)
class Finger:
    """One note. `key` 0…127 on `channel` 0…15 of `port` started it."""

    id: int
    port: str
    channel: int
    key: int
    pitch: float
    """MIDI number of the key by its tuning, without bends."""
    struck: float
    """Velocity, 0…1."""
    is_down: bool = True
    """The key is down; otherwise only a pedal holds it, or it waits to have sounded long enough."""
    sustained: bool = False
    sostenuto: bool = False
    pressure: float = 0.0
    """Of polyphonic pressure, 0…1."""
    pressed_at: float | None = None
    """When its first pressure above 0 came, s."""
    frozen: Own | None = None
    """What it had when its key went up, if its channel prepares the next note since then."""


class Notes:
    """The fingers of all ports. It tells `gathering` of each that starts or ends.

    A key is (port, channel, number). The same key twice is two fingers, and its release ends the older one.
    """

    def __init__(self, gathering: Gathering, limits: Limits, now: float) -> None:
        self.counters: Counter[str] = Counter()
        """`stolen`: notes that ended early for newer ones; `too_many`: notes that found no place; `too_fast`: notes
        beyond the rate of new notes."""
        self._gathering = gathering
        self._limits = limits
        self._allowance = Allowance(limits.notes_per_s, limits.notes_burst, now)
        self._numbers = itertools.count(1)
        self._fingers: dict[int, Finger] = {}

    def __iter__(self) -> Iterator[Finger]:
        return iter(list(self._fingers.values()))

    def __len__(self) -> int:
        return len(self._fingers)

    def get(self, finger: int) -> Finger | None:
        """A finger by its id, if it is still down."""
        return self._fingers.get(finger)

    def of(self, port: str, channels: Collection[int] = range(16)) -> list[Finger]:
        """The fingers of some channels of a port, oldest first."""
        return [each for each in self._fingers.values() if each.port == port and each.channel in channels]

    def held(self, port: str, channel: int, key: int | None = None) -> list[Finger]:
        """Those whose key is down, oldest first."""
        return [each for each in self.of(port, (channel,)) if each.is_down and key in (None, each.key)]

    def strike(self, port: str, channel: int, key: int, pitch: float, struck: float, now: float) -> Finger | None:
        """A key goes down. None if there is no place for the note."""
        for old in self.of(port, (channel,)):
            if old.key == key and not old.is_down:  # only a pedal holds it: it begins anew
                self.end(old)
        if not self._allowance.some(now):
            self.counters["too_fast"] += 1
            return None
        if len(self._gathering) >= self._limits.fingers and not self._steal(now):
            self.counters["too_many"] += 1
            return None
        self._allowance.take(now)
        finger = Finger(next(self._numbers), port, channel, key, pitch, struck)
        self._fingers[finger.id] = finger
        self._gathering.start(finger.id)
        return finger

    def release(self, finger: Finger, sustain: bool) -> None:
        """A key goes up. The finger is lifted unless a pedal holds it."""
        finger.is_down = False
        finger.sustained = sustain
        self._lift_if_free(finger)

    def sustain_up(self, fingers: list[Finger]) -> None:
        """The sustain pedal goes up for these."""
        for finger in fingers:
            finger.sustained = False
            self._lift_if_free(finger)

    def sostenuto(self, fingers: list[Finger], down: bool) -> None:
        """The sostenuto pedal holds what is down at that moment, and nothing that comes later."""
        for finger in fingers:
            finger.sostenuto = down and finger.is_down
            self._lift_if_free(finger)

    def end(self, finger: Finger) -> None:
        """The finger is lifted, once it has sounded long enough."""
        finger.is_down = finger.sustained = finger.sostenuto = False
        self._gathering.end(finger.id)

    def end_now(self, finger: Finger) -> None:
        """The finger is lifted at once."""
        self._fingers.pop(finger.id, None)
        self._gathering.end_now(finger.id)

    def sent(self, up: list[int]) -> None:
        """These fingers are lifted and told."""
        for each in up:
            self._fingers.pop(each, None)

    def _lift_if_free(self, finger: Finger) -> None:
        if not (finger.is_down or finger.sustained or finger.sostenuto):
            self._gathering.end(finger.id)

    def _steal(self, now: float) -> bool:
        """End the finger that is missed least: one that ends anyway, then one that only a pedal holds, then the oldest.

        One that has not sounded long enough is not taken.
        """
        ready = [each for each in self._fingers.values() if self._gathering.sounded(each.id, now)]
        if not ready:
            return False
        free = [each for each in ready if not each.is_down and self._gathering.ending(each.id)]
        pedalled = [each for each in ready if not each.is_down]
        self.end_now((free or pedalled or ready)[0])
        self.counters["stolen"] += not free
        return True
