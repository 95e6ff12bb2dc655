"""Which links are being set up: a few at a time, fairly shared among those who want one.

Rights come first, then shares (standing.py), then who failed least, then who came first.
"""

from __future__ import annotations

from formant_net.protocol.standing import FULL, Shares, Standing


class Setups:
    """Places for links that are being made, and the controllers that wait for one.

    A controller that does not answer, or answers and does not open, keeps its place for `patience_s` for each of the
    two steps. It keeps the place longer while no other controller waits.
    """

    def __init__(self, most: int, patience_s: float) -> None:
        self._most = most
        self._patience_s = patience_s
        self._busy: dict[str, float] = {}
        """When each controller got its place or answered, whichever is later."""
        self._answered: set[str] = set()
        self._shares: Shares[str] = Shares()
        self._waiting: dict[str, tuple[int, Standing]] = {}

    def begin(self, name: str, failures: int, now: float, standing: Standing = FULL) -> bool:
        """True: it has a place from now on. False: it waits, and `next` will name it."""
        if name in self._busy or len(self._busy) < self._most:
            self._busy[name] = now
            self._answered.discard(name)
            self._shares.add(name, standing)
            self._waiting.pop(name, None)
            return True
        self._waiting[name] = (failures, standing)
        return False

    def gives_way(self, standing: Standing) -> str | None:
        """Who has to make room at once for a controller of this standing: the one that has had its place longest."""
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
        self._waiting.pop(name, None)

    def waits(self, name: str) -> bool:
        """Whether it waits for a place."""
        return name in self._waiting

    def next(self) -> str | None:
        """Whose turn it is, if there is a place."""
        if not self._waiting or len(self._busy) >= self._most:
            return None
        name = min(self._waiting, key=self._turn)
        del self._waiting[name]
        return name

    def deadline(self) -> float | None:
        """When the oldest set-up has to make room, s, or None while nobody waits."""
        return min(self._busy.values()) + self._patience_s if self._waiting and self._busy else None

    def slow(self, now: float) -> list[str]:
        """Who has to make room now, the oldest first: as many as wait."""
        if not self._waiting:
            return []
        slow = sorted((at, name) for name, at in self._busy.items() if now >= at + self._patience_s)
        return [name for _, name in slow[: len(self._waiting)]]

    def _turn(self, name: str) -> tuple[bool, tuple[int, int], int]:
        failures, standing = self._waiting[name]
        return standing.guest, self._shares.held(standing), failures
