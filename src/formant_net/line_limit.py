"""How many lines of one kind go into a log: who floods a server must not fill its disk, too."""

from __future__ import annotations

from collections import Counter


class LineLimit:
    """At most `most` lines of a kind in `per_s` seconds."""

    def __init__(self, most: int = 50, per_s: float = 10.0) -> None:
        self._most = most
        self._per_s = per_s
        self._until = 0.0
        self._counts: Counter[str] = Counter()

    def write(self, kind: str, now: float) -> bool:
        """Whether a line of this kind is to be written now."""
        if now >= self._until:
            self._counts.clear()
            self._until = now + self._per_s
        self._counts[kind] += 1
        return self._counts[kind] <= self._most

    def just_full(self, kind: str) -> bool:
        """True for the first line that was left out: that is worth a line itself."""
        return self._counts[kind] == self._most + 1
