"""One voice for all fingers of a controller: the newest finger sings, and lifting it goes back to the one before."""

from __future__ import annotations

from collections.abc import Iterable

from formant_net.protocol.messages import Point
from formant_net.synth.touches import Note, NoteMove, NoteOff, NoteOn


class Mono:
    """Turns the notes of a controller's fingers into the notes of one voice.

    A finger that comes down while another is held takes over its voice: a legato join. The older finger goes on being
    followed, unheard. When the newest finger is lifted, the voice goes back to the finger before it. With `legato` off
    each of these changes is struck again instead: an end and a new beginning of the same voice.
    """

    def __init__(self) -> None:
        self._held: dict[int, Point] = {}
        """Fingers that are down, by the key of their note; the last one sings."""
        self._voice: int | None = None
        """Key of the voice: that of the finger that began it."""

    def take(self, notes: Iterable[Note], *, legato: bool) -> list[Note]:
        """The notes that the voice sings for these notes of the fingers."""
        return [changed for note in notes for changed in self._take(note, legato)]

    def forget(self) -> None:
        """All fingers are up: the caller has ended their notes."""
        self._held.clear()
        self._voice = None

    def _take(self, note: Note, legato: bool) -> list[Note]:
        if isinstance(note, NoteOff):
            return self._lift(note, legato)
        newest = next(reversed(self._held), None)
        begins = note.key not in self._held
        self._held[note.key] = note.point
        if self._voice is None:
            self._voice = note.key
            return [NoteOn(note.key, note.point, note.at)]
        if not begins:
            return [NoteMove(self._voice, note.point, note.at)] if note.key == newest else []
        return self._change(self._voice, note.point, note.at, legato)

    def _lift(self, note: NoteOff, legato: bool) -> list[Note]:
        newest = next(reversed(self._held), None)
        if self._held.pop(note.key, None) is None or self._voice is None:
            return []
        if note.key != newest:
            return []
        if self._held:
            return self._change(self._voice, next(reversed(self._held.values())), note.at, legato)
        voice, self._voice = self._voice, None
        return [NoteOff(voice, note.at)]

    def _change(self, voice: int, point: Point, at: float | None, legato: bool) -> list[Note]:
        if legato:
            return [NoteMove(voice, point, at)]
        return [NoteOff(voice, at), NoteOn(voice, point, at)]
