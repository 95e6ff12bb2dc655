"""Virtual time: one true clock that only moves when told to, and the clocks of hosts, which are wrong and drift."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from typing import Any


class Clock:
    """True time, s, and what is to happen in it. What falls on one moment happens in the order it was asked for."""

    def __init__(self) -> None:
        self.now = 0.0
        self.done = 0
        """How many things have happened: what a run costs."""
        self._order = itertools.count()
        self._due: list[tuple[float, int, Callable[..., object], tuple[Any, ...]]] = []

    def after(self, delay_s: float, what: Callable[..., object], *args: Any) -> None:
        """Call `what(*args)` in `delay_s`."""
        heapq.heappush(self._due, (self.now + delay_s, next(self._order), what, args))

    def run_until(self, end: float) -> None:
        """Let time pass until `end`."""
        due = self._due
        while due and due[0][0] <= end:
            self.now, _, what, args = heapq.heappop(due)
            self.done += 1
            what(*args)
        self.now = end

    @property
    def pending(self) -> int:
        return len(self._due)


class HostClock:
    """The monotonic clock of one host: begins anywhere and runs fast or slow.

    offset_s    what it showed at true time 0
    rate        its seconds in one true second; crystals are within 1 ± 2e-4
    """

    def __init__(self, true: Clock, offset_s: float, rate: float) -> None:
        self._true, self._offset_s, self._rate = true, offset_s, rate

    @property
    def now(self) -> float:
        return self._true.now * self._rate + self._offset_s

    def until(self, moment: float) -> float:
        """True seconds until this clock shows `moment`; 0 if it has."""
        return max(0.0, (moment - self.now) / self._rate)

    def jump(self, seconds: float) -> None:
        """The host has slept (it stood still: negative), or somebody set it."""
        self._offset_s += seconds
