"""The queue of connections that have sent something and are not registered: they take turns together.

A server reads what registered clients send as soon as it comes. All newcomers together get one short turn in each turn
of the event loop. So however many come, a registered client waits for one such turn at most. Addresses take turns, too:
a newcomer waits for one of each other address, however many others wait.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol

from formant_net.aio.driver import clock

TURN_S = 0.001
"""Seconds of the turn of all newcomers: two or three requests, or registrations."""


class Arrival(Protocol):
    """A connection with unread data. `group`: the address that it is counted with."""

    group: str

    def feed(self) -> None:
        """Read some of it, for a short time."""


class Arrivals:
    """Newcomers of one server: of each address in the order in which they have sent something."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: dict[str, deque[Arrival]] = {}
        """By address; the one whose turn is next stands first."""
        self._count = 0
        self._scheduled = False

    def __len__(self) -> int:
        return self._count

    def add(self, arrival: Arrival) -> None:
        """It has sent something. It must not be in the queue."""
        self._waiting.setdefault(arrival.group, deque()).append(arrival)
        self._count += 1
        self._schedule()

    def _turn(self) -> None:
        self._scheduled = False
        end = clock() + TURN_S
        for _ in range(self._count):  # those that come again have had their turn
            group = next(iter(self._waiting))
            of_one = self._waiting.pop(group)
            arrival = of_one.popleft()
            if of_one:
                self._waiting[group] = of_one
            self._count -= 1
            arrival.feed()
            if clock() >= end:
                break
        self._schedule()

    def _schedule(self) -> None:
        if self._waiting and not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._turn)
