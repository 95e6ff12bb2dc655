"""Which links are being set up: a few at a time, fairly shared among those who want one.

Rights come first, then shares (standing.py), then who failed least, then who came first.
"""

from __future__ import annotations

from formant_net.protocol.standing import FULL, Shares, Standing
from formant_net.timers.allowance import Allowance


class Setups:
    """Places for links that are being made, and the controllers that wait for one.

    A controller that does not answer, or answers and does not open, keeps its place for `patience_s` for each of the
    two steps. It keeps the place longer while no other controller waits.

    guests    an allowance for links to guests: a guest who comes back under new ids costs players nothing more
    """

    def __init__(self, most: int, patience_s: float, guests: Allowance) -> None:
        self._most = most
        self._patience_s = patience_s
        self._guests = guests
        self._busy: dict[str, float] = {}
        """When each controller got its place or answered, whichever is later."""
        self._answered: set[str] = set()
        self._shares: Shares[str] = Shares()
        self._waiting: dict[str, tuple[int, Standing]] = {}
        self._players = 0
        """How many of those that wait are no guests."""

    def begin(self, name: str, failures: int, now: float, standing: Standing = FULL) -> bool:
        """True: it has a place from now on. False: it waits, and `next` will name it."""
        room = name in self._busy or len(self._busy) < self._most
        if room and (not standing.guest or self._guests.take(now)):
            self._busy[name] = now
            self._answered.discard(name)
            self._shares.add(name, standing)
            self._wait_over(name)
            return True
        self._wait_over(name)
        self._waiting[name] = (failures, standing)
        self._players += not standing.guest
        return False

    def again(self, standing: Standing, now: float) -> bool:
        """Whether a link may be made anew in its place, because the controller has come back. It costs as much."""
        return not standing.guest or self._guests.take(now)

    def gives_way(self, standing: Standing, now: float) -> str | None:
        """Who has to make room at once for a controller of this standing: the one that has had its place longest."""
        if standing.guest and not self._guests.some(now):
            return None
        return min(
            self._shares.give_way(standing), key=lambda name: (name in self._answered, self._busy[name]), default=None
        )

    def answered(self, name: str, now: float) -> None:
        """It makes progress: its patience counts from `now`, s."""
        if name in self._busy:
            self._busy[name] = now
            self._answered.add(name)

    def end(self, name: str) -> None:
        """It is set up, lost or forgotten."""
        self._busy.pop(name, None)
        self._answered.discard(name)
        self._shares.remove(name)

    def forget(self, name: str) -> None:
        """It is not wanted any more."""
        self.end(name)
        self._wait_over(name)

    def waits(self, name: str) -> bool:
        """Whether it waits for a place."""
        return name in self._waiting

    def next(self, now: float) -> str | None:
        """Whose turn it is, if there is a place."""
        if not self._waiting or len(self._busy) >= self._most:
            return None
        if not self._players and not self._guests.some(now):
            return None  # a storm of guests may wait: they are not looked through for each that comes and goes
        name = min(self._waiting, key=self._turn)
        self._wait_over(name)
        return name

    def deadline(self, *, begins: bool = True) -> float | None:
        """When the oldest set-up has to make room, or a guest may begin, s; None while nobody waits.

        begins    `next` is asked as well. Otherwise nobody begins, and only those with a place count
        """
        if not self._waiting:
            return None
        if len(self._busy) < self._most:
            return self._guests.when() if begins else None
        return min(self._busy.values()) + self._patience_s

    def slow(self, now: float) -> list[str]:
        """Who has to make room now, the oldest first: as many as wait."""
        if not self._waiting or len(self._busy) < self._most:
            return []
        slow = sorted((at, name) for name, at in self._busy.items() if now >= at + self._patience_s)
        return [name for _, name in slow[: len(self._waiting)]]

    def _wait_over(self, name: str) -> None:
        waited = self._waiting.pop(name, None)
        if waited is not None:
            self._players -= not waited[1].guest

    def _turn(self, name: str) -> tuple[bool, tuple[int, int], int]:
        failures, standing = self._waiting[name]
        return standing.guest, self._shares.held(standing), failures
