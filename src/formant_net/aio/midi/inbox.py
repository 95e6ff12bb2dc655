"""Bytes on their way from the threads of a MIDI library to the event loop: one wake-up for a whole batch."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress

MOST = 100_000
"""Messages that may wait. There are more only if the loop has hung for half a minute."""

Batch = list[tuple[str, bytes]]
"""Each message with the name of its port, in order of arrival."""


class Inbox:
    """`put` from any thread; `take` is called in the loop.

    take    gets a batch, and whether messages before it were lost
    """

    def __init__(self, take: Callable[[Batch, bool], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._take = take
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._woken = False
        self._lost = False

    def put(self, port: str, data: bytes) -> None:
        """A message of a port. Never blocks, never raises."""
        if len(self._waiting) >= MOST:
            self._lost = True
            return
        self._waiting.append((port, data))
        if not self._woken:
            self._woken = True
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._drain)

    def _drain(self) -> None:
        self._woken = False  # before looking: what comes from now on wakes the loop again
        batch: Batch = []
        with suppress(IndexError):
            while True:
                batch.append(self._waiting.popleft())
        lost, self._lost = self._lost, False
        if batch or lost:
            self._take(batch, lost)
