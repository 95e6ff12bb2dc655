"""What one controller may cost a synth, so that it cannot take the instrument from the others.

A message on a data channel costs a synth 0.1 to 0.2 ms before our code sees it (SCTP is Python). So a flood is not only
left unread: its link is closed, and its sender not called for a while.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from enum import Enum

from formant_net.allowance import Allowance
from formant_net.limits import check_range, read_settings
from formant_net.messages import MAX_FINGERS


@dataclass(frozen=True, slots=True)
class PlayLimits:
    """All values are > 0."""

    controllers: int = 100
    """One Python process feeds about 110 peers at 60 Hz; beyond that everybody's latency grows without limit."""
    setups: int = 24
    """Links that are made at once: each is 20 ms of processor time, and one that never answers waits 10 s."""
    patience_s: float = 3.0
    """An offer without an answer gives way so soon, if another controller waits for its place. A page needs 0.3 s."""
    voices: int = 16
    """Fingers of one controller."""
    notes_per_s: float = 60.0
    """New notes of one controller, sustained: a drum roll of three hands."""
    notes_burst: int = 64
    messages_per_s: float = 400.0
    """Messages of one controller, sustained: twice what a screen of 120 Hz with its repetitions sends."""
    messages_burst: int = 400
    shun_s: float = 30.0
    """A controller whose link was closed for what it did is not called again so soon."""

    def __post_init__(self) -> None:
        for one in fields(self):
            check_range(one.name, getattr(self, one.name), _TOP.get(one.name, 1e6))

    @classmethod
    def parse(cls, settings: Iterable[str]) -> PlayLimits:
        """`["voices=8"]` with the defaults for the rest. Raises LimitError."""
        return cls(**read_settings(cls(), settings))


_TOP = {"voices": float(MAX_FINGERS), "controllers": 1000.0}


HANDFUL = 16
"""Fingers that a message costs nothing more for: three hands."""


class Verdict(Enum):
    """What to do with a message."""

    READ = "read"
    DROP = "drop"
    FLOOD = "flood"
    """Too many for too long: the link has to end."""


class LinkGuard:
    """Counts what comes over one link."""

    __slots__ = ("_messages", "_patience", "notes", "settings")

    def __init__(self, limits: PlayLimits, now: float) -> None:
        self._messages = Allowance(limits.messages_per_s, limits.messages_burst, now)
        # What is dropped is counted as well: a tenth too much for long, or very much at once, is a flood.
        self._patience = Allowance(limits.messages_per_s / 10.0, (limits.messages_burst + 1) // 2, now)
        self.notes = Allowance(limits.notes_per_s, limits.notes_burst, now)
        self.settings = True
        """Whether this controller may change what everybody hears; its server says so."""

    def message(self, now: float, fingers: int = 0) -> Verdict:
        """A message has come, with so many fingers in it: more than one player has count as further messages."""
        if self._messages.take(now):
            self._messages.charge(fingers // HANDFUL)
            return Verdict.READ
        return Verdict.DROP if self._patience.take(now) else Verdict.FLOOD


class Shunned:
    """Names that are not to be called for a while."""

    _MOST = 1024

    def __init__(self, shun_s: float) -> None:
        self._shun_s = shun_s
        self._until: dict[str, float] = {}

    def add(self, name: str, now: float) -> None:
        """From now on for `shun_s`."""
        self._until = {one: until for one, until in self._until.items() if until > now}
        if len(self._until) < self._MOST:
            self._until[name] = now + self._shun_s

    def until(self, name: str, now: float) -> float | None:
        """The end of its time, or None if it may be called."""
        until = self._until.get(name)
        return until if until is not None and until > now else None
