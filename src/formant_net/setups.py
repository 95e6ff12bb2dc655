"""Which links are being set up: a few at a time, those that never failed first."""

from __future__ import annotations


class Setups:
    """Places for links that are being made, and the controllers that wait for one.

    A guest that never answers holds its place only while nobody waits for it, or for `patience_s`.
    """

    def __init__(self, most: int, patience_s: float) -> None:
        self._most = most
        self._patience_s = patience_s
        self._busy: dict[str, float] = {}
        self._waiting: dict[str, int] = {}

    def begin(self, name: str, failures: int, now: float) -> bool:
        """True: it has a place from now on. False: it waits, and `next` will name it."""
        if name in self._busy or len(self._busy) < self._most:
            self._busy[name] = now
            self._waiting.pop(name, None)
            return True
        self._waiting[name] = failures
        return False

    def end(self, name: str) -> None:
        """It is set up, lost or forgotten."""
        self._busy.pop(name, None)

    def forget(self, name: str) -> None:
        """It is not wanted any more."""
        self._busy.pop(name, None)
        self._waiting.pop(name, None)

    def waits(self, name: str) -> bool:
        """Whether it waits for a place."""
        return name in self._waiting

    def next(self) -> str | None:
        """Whose turn it is, if there is a place: the one that failed least, then the one that came first."""
        if not self._waiting or len(self._busy) >= self._most:
            return None
        name = min(self._waiting, key=self._waiting.__getitem__)
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
