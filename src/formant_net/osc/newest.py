"""Values by name that go out at most so often, each name for itself; of several the newest goes."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Generic, TypeVar

Name = TypeVar("Name", bound=Hashable)
Value = TypeVar("Value")


class Newest(Generic[Name, Value]):
    """What waits to go out.

    interval_s    seconds between two values of one name
    most          names that are remembered. Beyond it those that went out longest ago are forgotten
    """

    def __init__(self, interval_s: float, most: int = 256) -> None:
        self._interval_s, self._most = interval_s, most
        self._waiting: dict[Name, Value] = {}
        self._sent_at: dict[Name, float] = {}

    def put(self, name: Name, value: Value) -> None:
        """A new value. It replaces one that waits."""
        if name in self._waiting or len(self._waiting) < self._most:
            self._waiting[name] = value

    def drop(self, name: Name) -> None:
        """What waits under this name does not go out."""
        self._waiting.pop(name, None)

    def due_at(self) -> float | None:
        """When `take` has something, s; None: nothing waits."""
        if not self._waiting:
            return None
        return min(self._sent_at.get(name, -math.inf) for name in self._waiting) + self._interval_s

    def take(self, now: float) -> list[tuple[Name, Value]]:
        """What goes out now."""
        due = [name for name in self._waiting if now >= self._sent_at.get(name, -math.inf) + self._interval_s]
        out = [(name, self._waiting.pop(name)) for name in due]
        for name in due:
            self._sent_at.pop(name, None)  # at the end of the order
            self._sent_at[name] = now
        while len(self._sent_at) > self._most:
            del self._sent_at[next(iter(self._sent_at))]
        return out
