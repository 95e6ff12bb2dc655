"""Limits on what one controller may cost a synth, so that it cannot take the instrument from the others.

A message on a data channel costs a synth 0.1 to 0.2 ms before our code sees it, because aiortc's SCTP is written in
Python. So ignoring a flood is not enough: its link is closed, and its sender is blocked for `block_s`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from enum import Enum

from formant_net.protocol.messages import MAX_FINGERS
from formant_net.protocol.settings import check_range, read_settings
from formant_net.timers.allowance import Allowance


@dataclass(frozen=True, slots=True)
class PlayLimits:
    """All values are > 0."""

    controllers: int = 100
    """One Python process feeds about 110 peers at 60 Hz; beyond that everybody's latency grows without limit."""
    setups: int = 24
    """Links that are set up at the same time. Each takes 20 ms of processor time; one without an answer waits 10 s."""
    guest_setups_per_s: float = 10.0
    """Links to guests that are begun, sustained. Each costs 5 to 20 ms in which nobody else is served."""
    guest_setups_burst: int = 100
    """As many as there are places: a hall of phones is linked at once."""
    patience_s: float = 3.0
    """Seconds after which an unanswered offer gives its place to a controller that waits. A page needs 0.3 s."""
    voices: int = 16
    """Fingers of one controller."""
    notes_per_s: float = 60.0
    """New notes of one controller, sustained: a drum roll of three hands."""
    notes_burst: int = 64
    messages_per_s: float = 400.0
    """Messages of one controller, sustained: twice what a screen of 120 Hz with its repetitions sends."""
    messages_burst: int = 400
    block_s: float = 30.0
    """Seconds for which a controller is not called again after its link was closed for what it did."""

    def __post_init__(self) -> None:
        for one in fields(self):
            check_range(one.name, getattr(self, one.name), _TOP.get(one.name, 1e6))

    @classmethod
    def parse(cls, settings: Iterable[str]) -> PlayLimits:
        """`["voices=8"]` with the defaults for the rest. Raises SettingError."""
        return cls(**read_settings(cls(), settings))


_TOP = {"voices": float(MAX_FINGERS), "controllers": 1000.0}


HANDFUL = 16
"""Fingers that one message may carry at no extra cost: three hands."""


class Verdict(Enum):
    """What to do with a message."""

    READ = "read"
    DROP = "drop"
    FLOOD = "flood"
    """The rate was exceeded for too long: close the link."""


class LinkGuard:
    """Counts what comes over one link."""

    __slots__ = ("_messages", "_patience", "notes")

    def __init__(self, limits: PlayLimits, now: float) -> None:
        self._messages = Allowance(limits.messages_per_s, limits.messages_burst, now)
        # Dropped messages are counted as well. A flood is a tenth above the rate for long, or very many at once.
        self._patience = Allowance(limits.messages_per_s / 10.0, (limits.messages_burst + 1) // 2, now)
        self.notes = Allowance(limits.notes_per_s, limits.notes_burst, now)

    def message(self, now: float, fingers: int = 0) -> Verdict:
        """A message with `fingers` fingers has come. Fingers beyond those of one player count as further messages."""
        if self._messages.take(now):
            self._messages.charge(fingers // HANDFUL)
            return Verdict.READ
        return Verdict.DROP if self._patience.take(now) else Verdict.FLOOD
