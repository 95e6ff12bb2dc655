"""When a box says how loud it is: as often as its server asks, and less often while its level stays the same.

Out of scope: how the level is measured (formant_dsp/output/callback.pyx).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from formant_net.protocol.steering import QUIET_DB, Level

LEAST_S = 0.1
"""A server that wants levels more often gets them as often as this."""
SAME_S = 1.0
"""A level that stays the same is told again after so many seconds, so that a desk knows that it is not old."""


@dataclass(frozen=True, slots=True)
class Measure:
    """The shell is to bring the peak since the last time; `on` false: nothing is to be measured any more."""

    on: bool


class Meter:
    """What the server wants to know, and what it was told. No clock: `now` is passed in."""

    def __init__(self) -> None:
        self._every_s = 0.0
        self._next: float | None = None
        self._told_db: float | None = None
        self._told_at = 0.0

    def ask(self, every_s: float, now: float) -> None:
        """The server wants levels from now on; 0: it wants none. The first measurement begins now."""
        self._every_s = max(LEAST_S, every_s)
        self._next = now + self._every_s if every_s > 0.0 else None
        self._told_db = None

    def stop(self) -> None:
        """The server that wanted levels is gone."""
        self._next = None

    @property
    def on(self) -> bool:
        """Whether the server wants levels."""
        return self._next is not None

    def next_deadline(self) -> float | None:
        """When the peak is wanted, s, or None."""
        return self._next

    def due(self, now: float) -> bool:
        """Whether the peak is wanted now."""
        if self._next is None or now < self._next:
            return False
        self._next = now + self._every_s
        return True

    def level(self, peak: float | None, now: float) -> Level | None:
        """What to tell. `peak`: the greatest magnitude of a sample, 1 is full scale; None: nothing was measured."""
        if peak is None or not self.on or not math.isfinite(peak):
            return None
        db = round(min(60.0, max(QUIET_DB, 20.0 * math.log10(peak))), 1) if peak > 0.0 else QUIET_DB
        if db == self._told_db and now < self._told_at + SAME_S:
            return None
        self._told_db, self._told_at = db, now
        return Level(peak_db=db)
