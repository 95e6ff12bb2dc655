"""A queue of connections that have sent something and wait until it is read: they take turns together.

A server reads what players and boxes send as soon as it comes. All newcomers together get one short turn in each turn
of the event loop, and all guests together another. So however many there are, and whatever they send, a player waits
for two such turns at most. In a queue tokens take turns, and addresses within a token: a newcomer waits for one of each
other address, however many others wait.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol

from formant_net.aio.driver import clock

TURN_S = 0.001
"""Seconds of one turn of a queue: two or three requests or registrations, or some fifty messages of guests."""


class Arrival(Protocol):
    """A connection with unread data. `group`: token and address that it is counted with (standing.py)."""

    group: str

    def feed(self) -> None:
        """Read some of it, for a short time."""


class Arrivals:
    """Newcomers or guests of one server: of each address in the order in which they have sent something."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: dict[str, dict[str, deque[Arrival]]] = {}
        """By token and address; the next one is the first in each."""
        self._count = 0
        self._scheduled = False

    def __len__(self) -> int:
        return self._count

    def add(self, arrival: Arrival) -> None:
        """It has sent something. It must not be in the queue."""
        groups = self._waiting.setdefault(arrival.group.partition(".")[0], {})
        groups.setdefault(arrival.group, deque()).append(arrival)
        self._count += 1
        self._schedule()

    def _turn(self) -> None:
        self._scheduled = False
        end = clock() + TURN_S
        for _ in range(self._count):  # those that come again have had their turn
            token = next(iter(self._waiting))
            groups = self._waiting.pop(token)
            group = next(iter(groups))
            of_one = groups.pop(group)
            arrival = of_one.popleft()
            if of_one:
                groups[group] = of_one
            if groups:
                self._waiting[token] = groups
            self._count -= 1
            arrival.feed()
            if clock() >= end:
                break
        self._schedule()

    def _schedule(self) -> None:
        if self._waiting and not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._turn)
