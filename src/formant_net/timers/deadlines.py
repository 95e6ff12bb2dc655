"""Deadlines that are cheap to move: a dict (the truth) plus a heap that is corrected only when it is read."""

from __future__ import annotations

import heapq
import math
from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class Deadlines(Generic[Key]):
    """At most one deadline a key, in seconds of the caller's clock. A deadline is over strictly after its moment.

    Signs of life move a deadline thousands of times before it ever passes. So `set` to a later moment changes only the
    dict. The heap keeps the old, too early entry and moves it when it comes to the top.
    """

    def __init__(self) -> None:
        self._when: dict[Key, float] = {}
        self._queued: dict[Key, float] = {}  # the one heap entry that counts for each key; any other is a leftover
        self._heap: list[tuple[float, int, Key]] = []
        self._serial = 0  # entries of the same moment come out in the order they went in; keys are never compared

    def __len__(self) -> int:
        return len(self._when)

    def __contains__(self, key: Key) -> bool:
        return key in self._when

    def set(self, key: Key, when: float) -> None:
        """Give `key` the deadline `when`, instead of any it had."""
        self._when[key] = when
        queued = self._queued.get(key)
        if queued is None or when < queued:
            self._push(key, when)

    def discard(self, key: Key) -> None:
        """Forget the deadline of `key`, if it has one."""
        self._when.pop(key, None)

    def due(self, now: float) -> list[Key]:
        """The keys whose deadline lies before `now`, earliest first; they are forgotten."""
        over: list[Key] = []
        while (top := self._settle()) is not None and top < now:
            _, _, key = heapq.heappop(self._heap)
            del self._queued[key], self._when[key]
            over.append(key)
        return over

    def next(self) -> float | None:
        """The first moment at which `due` has something, or None."""
        top = self._settle()
        # Strictly after: at exactly the deadline `due` is still empty, and a timer set to it would fire for nothing.
        return None if top is None else math.nextafter(top, math.inf)

    def _settle(self) -> float | None:
        """Correct the top of the heap and return its moment."""
        while self._heap:
            when, _, key = self._heap[0]
            truth = self._when.get(key)
            if self._queued.get(key) != when:
                heapq.heappop(self._heap)
            elif truth is None:
                heapq.heappop(self._heap)
                del self._queued[key]
            elif truth != when:
                heapq.heappop(self._heap)
                del self._queued[key]
                self._push(key, truth)
            else:
                return when
        return None

    def _push(self, key: Key, when: float) -> None:
        if len(self._heap) > 2 * len(self._when) + 16:  # leftovers outnumber the living: build it anew
            self._queued = dict(self._when)
            self._heap = [(moment, serial, other) for serial, (other, moment) in enumerate(self._when.items())]
            heapq.heapify(self._heap)
            self._serial = len(self._heap)
            return
        self._serial += 1
        self._queued[key] = when
        heapq.heappush(self._heap, (when, self._serial, key))
