"""Allowances by name, in bounded memory: an allowance that is full again equals a new one and is forgotten."""

from __future__ import annotations

from formant_net.timers.allowance import Allowance

ROOM = 32
"""Names up to which nothing is cleaned up."""


class Allowances:
    """One `Allowance` for each name, all with one rate. A call costs a dict access; rarely, a scan of all names."""

    __slots__ = ("_burst", "_by_name", "_rate", "_room")

    def __init__(self, rate_per_s: float, burst: int) -> None:
        self._rate = rate_per_s
        self._burst = burst
        self._by_name: dict[str, Allowance] = {}
        self._room = ROOM

    def __len__(self) -> int:
        return len(self._by_name)

    def some(self, name: str, now: float) -> bool:
        """True when `take` would have one for this name now."""
        one = self._by_name.get(name)
        return one is None or one.some(now)

    def take(self, name: str, now: float) -> bool:
        """One token of this name, if there is one."""
        one = self._by_name.get(name)
        if one is None:
            if len(self._by_name) >= self._room:  # the next scan comes when the number has doubled
                self._by_name = {name: one for name, one in self._by_name.items() if not one.full(now)}
                self._room = max(ROOM, 2 * len(self._by_name))
            one = self._by_name[name] = Allowance(self._rate, self._burst, now)
        return one.take(now)

    def give_back(self, name: str) -> bool:
        """One token of this name was not used after all. False if none was, or it is forgotten already."""
        one = self._by_name.get(name)
        if one is not None:
            one.give_back()
        return one is not None
