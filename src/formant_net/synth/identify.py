"""The tune of one box, by which people find it: three notes of its own, again and again for a few seconds."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from formant_net.protocol.messages import Point
from formant_net.synth.touches import Note, NoteOff, NoteOn

GAIN = 0.1
"""-20 dB: heard in a quiet room, and no shock in front of the box."""
MOST_S = 15.0
"""A box that is told to sing longer stops by itself, also when the server is gone."""
LEAD_S = 0.3
"""Seconds between the end of what sounded and the first note."""
TAIL_S = 1.6
"""Seconds that the last note takes to fade, by the shipped preset with the longest release (1.5 s)."""
NOTE_S, GAP_S, REST_S = 0.4, 0.06, 0.7
"""A note is shorter than the lease of a voice (1 s), so it needs no signs of life."""
PITCHES = (57, 60, 62, 64, 67, 69, 72, 74)
"""MIDI numbers: five notes of a scale in which all go together, so boxes that are identified at once do not clash."""
VOWELS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True)
class Lamp:
    """The light of the box blinks, or is again as it was."""

    on: bool


def tune(box: str) -> list[Point]:
    """The three notes of a box, by its id: always the same, and seldom those of another. Neighbours differ in pitch."""
    digest = hashlib.sha256(f"formant identify {box}".encode()).digest()
    notes: list[Point] = []
    for k in range(3):
        pitches = [pitch for pitch in PITCHES if not notes or pitch != notes[-1].note]
        pitch, y = pitches[digest[k] % len(pitches)], VOWELS[digest[k + 3] % len(VOWELS)]
        notes.append(Point(id=0, x=0.5, y=y, z=0.6, note=float(pitch), vel=0.6))
    return notes


class Identify:
    """Whether the box is being identified, and the notes that are due. No clock: `now` is passed in.

    new_key    gives keys for voices
    later      how much later than now a note sounds that is sent now, s
    """

    def __init__(self, box: str, new_key: Callable[[], int], later: Callable[[], float] = lambda: 0.0) -> None:
        self._tune = tune(box)
        self._new_key = new_key
        self._later = later
        self._quiet_at = self._last = 0.0
        """From when the volume is that of the tune; and after when no note begins any more."""
        self._faded_at = 0.0
        """When the last note that was sung is silent."""
        self._next: float | None = None
        self._place = 0
        """How many notes have ended; -1: it was the last one."""
        self._key = 0

    @property
    def on(self) -> bool:
        """Nothing else may sound."""
        return self._next is not None

    def sounding(self, now: float) -> bool:
        """The volume is that of the tune: what sounded before has ended."""
        return self.on and now >= self._quiet_at

    def begin(self, now: float, seconds: float) -> list[Note]:
        """Begin, or begin again. Returns the end of a note that sounds."""
        ended = self._silence(now)
        if not self.sounding(now):
            self._quiet_at = now + LEAD_S
        self._next = now + LEAD_S
        self._last = now + min(seconds, MOST_S) - LEAD_S
        self._place = 0
        return ended

    def end(self, now: float) -> list[Note]:
        """Sing no more. `on` stays True until the last note is silent. Returns the end of a note that sounds."""
        ended = self._silence(now)
        self._place = -1
        self._next = self._faded_at if self.on and now < self._faded_at else None
        return ended

    def next_deadline(self) -> float | None:
        """When `on_deadline` has something to do, s, or None."""
        return self._next

    def on_deadline(self, now: float) -> list[Note]:
        """What is due. The last call makes `on` False."""
        if self._next is None or now < self._next:
            return []
        if self._key:
            self._place += 1
            self._next = now + (REST_S if self._place % 3 == 0 else GAP_S)
            ended = self._silence(now)
            if self._next + NOTE_S > self._last:  # there is no time for another one
                self._next, self._place = self._faded_at, -1
            return ended
        if self._place < 0:
            self._next = None
            return []
        self._key = self._new_key()
        self._next = now + NOTE_S
        return [NoteOn(self._key, self._tune[self._place % 3])]

    def _silence(self, now: float) -> list[Note]:
        key, self._key = self._key, 0
        if not key:
            return []
        self._faded_at = now + self._later() + TAIL_S
        return [NoteOff(key)]
