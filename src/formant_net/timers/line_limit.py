"""A limit on log lines of one kind, so that a misbehaving peer cannot fill the disk."""

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

    def forget(self) -> None:
        """Begin anew."""
        self._counts.clear()

    def just_full(self, kind: str) -> bool:
        """True for the first line that was left out, which the log should mention once."""
        return self._counts[kind] == self._most + 1
