"""When a box tells its server how it is: regularly, and at once when it gets a new trouble.

The shell brings the figures every few seconds, and the reporter says which of them are worth a message.
"""

from __future__ import annotations

from collections import deque

import msgspec

from formant_net.health.troubles import troubles
from formant_net.protocol.steering import Health

REMEMBER_S = 60.0
"""Breaks are counted over this time: a single one is no trouble for ever."""


class Reporter:
    """Keeps the figures of the last minute, and what the server knows. `now` is s of one monotonic clock."""

    def __init__(self) -> None:
        self._past: deque[tuple[float, Health]] = deque()
        self._told_at = 0.0
        self._told_to = 0
        self._told: frozenset[str] = frozenset()

    def report(self, figures: Health, registrations: int, every_s: float | None, now: float) -> Health | None:
        """The message to send now, if any.

        figures         how the box is; its `troubles` are ignored
        registrations   how often a server has registered this box: a new one is told at once
        every_s         seconds between two messages; None: this server wants none
        """
        while len(self._past) > 1 and now - self._past[1][0] >= REMEMBER_S:
            self._past.popleft()
        since, before = self._past[0] if self._past else (now, None)
        found = troubles(figures, before, max(REMEMBER_S, now - since))
        self._past.append((now, figures))
        if every_s is None or not registrations:
            return None
        is_new = registrations != self._told_to
        if not is_new and now - self._told_at < every_s and set(found) <= self._told:
            return None
        self._told_at, self._told_to, self._told = now, registrations, frozenset(found)
        return msgspec.structs.replace(figures, troubles=found)
