"""What a synth keeps of one controller while one link to it lasts: its fingers and its limits."""

from __future__ import annotations

from collections.abc import Callable

from formant_net.protocol.timing import Timing
from formant_net.synth.mono import Mono
from formant_net.synth.play_limits import LinkGuard, PlayLimits
from formant_net.synth.touches import Note, Touches


class Player:
    """One controller over one link. A new link begins with a new Player: touches are numbered anew on it.

    new_key    gives keys for voices: positive integers that are never used again
    now        when the link was begun, s
    """

    def __init__(self, timing: Timing, limits: PlayLimits, new_key: Callable[[], int], now: float) -> None:
        self.guard = LinkGuard(limits, now)
        self.touches = Touches(timing, self._key, limits.voices)
        self.mono = Mono()
        self._new_key = new_key
        self.has_played = False
        """Whether a finger has been down on this link, which means that a person plays."""

    def sing(self, notes: list[Note], *, mono: bool, legato: bool) -> list[Note]:
        """The notes to sing for these notes of the fingers; with `mono`, those of one voice."""
        return self.mono.take(notes, legato=legato) if mono else notes

    def _key(self, now: float) -> int | None:
        """A key for a new note at `now`, or None when this controller starts notes too fast."""
        return self._new_key() if self.guard.notes.take(now) else None
