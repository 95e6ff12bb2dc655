"""The registry: leases of controllers, the one truth about who can be played.

A lease belongs to the socket that took it (`ws_id`); it ends when that socket gives it back, or strictly after the
TTL without a sign of life. Changes go in as calls and come out as notices, which are what the hub announces.

`MemoryRegistry` serves one edge. A registry shared by several edges implements the same interface on a network engine
without any change to the hub: the calls become messages to the engine, the reads are answered from a local copy that
the engine's own change feed keeps fresh (nobody ever polls it), and the notices, also those of other edges, appear in
`drain()` when the feed brings them.

Out of scope: who may take an id (hub.py), what synths make of it (roster.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from formant_net.deadlines import Deadlines


@dataclass(frozen=True, slots=True)
class Lease:
    """One controller that can be played.

    ws_id    the socket that holds it, unique over all edges and restarts
    since    when that socket took it, seconds of the local monotonic clock
    """

    id: str
    ws_id: str
    edge: str
    meta: Mapping[str, Any]
    since: float


@dataclass(frozen=True, slots=True)
class Joined:
    """A controller is there, or came back on another socket."""

    lease: Lease


@dataclass(frozen=True, slots=True)
class Left:
    """A controller is gone: its socket closed, or nothing was heard of it for the TTL."""

    id: str
    edge: str
    reason: Literal["closed", "expired"]


Notice = Joined | Left


class Registry(Protocol):
    """What the hub needs of a registry. No call answers whether it succeeded: notices tell what came to be."""

    def put(self, id: str, ws_id: str, meta: Mapping[str, Any], now: float) -> None:
        """Take the lease for this socket, from whichever held it; renew it and its `meta` if it is this one's."""

    def touch(self, id: str, ws_id: str, now: float) -> None:
        """A sign of life: the lease lasts the TTL from now on. Ignored from a socket that does not hold it."""

    def delete(self, id: str, ws_id: str) -> None:
        """Give the lease back. Ignored from a socket that does not hold it."""

    def leases(self, prefix: str = "") -> list[Lease]:
        """The leases whose id starts with `prefix`, oldest entry first."""

    def expire(self, now: float) -> list[str]:
        """End the leases that are over; their ids. Their notices come out of `drain()` like any other."""

    def next_deadline(self) -> float | None:
        """When `expire` has something to do, or None."""

    def drain(self) -> list[Notice]:
        """What has changed since the last call, in order."""

    def degraded(self) -> str | None:
        """What does not work at the moment, in words, or None."""


class MemoryRegistry:
    """The registry of a single edge, in this process: every call takes effect at once."""

    def __init__(self, edge: str, ttl_s: float) -> None:
        self._edge = edge
        self._ttl_s = ttl_s
        self._leases: dict[str, Lease] = {}
        self._deadlines: Deadlines[str] = Deadlines()
        self._notices: list[Notice] = []

    def put(self, id: str, ws_id: str, meta: Mapping[str, Any], now: float) -> None:
        held = self._leases.get(id)
        if held is not None and held.ws_id == ws_id:
            self._leases[id] = replace(held, meta=meta)
        else:
            self._leases[id] = Lease(id, ws_id, self._edge, meta, since=now)
            self._notices.append(Joined(self._leases[id]))
        self._deadlines.set(id, now + self._ttl_s)

    def touch(self, id: str, ws_id: str, now: float) -> None:
        held = self._leases.get(id)
        if held is not None and held.ws_id == ws_id:
            self._deadlines.set(id, now + self._ttl_s)

    def delete(self, id: str, ws_id: str) -> None:
        held = self._leases.get(id)
        if held is not None and held.ws_id == ws_id:
            self._deadlines.discard(id)
            self._end(id, "closed")

    def leases(self, prefix: str = "") -> list[Lease]:
        return [lease for id, lease in self._leases.items() if id.startswith(prefix)]

    def expire(self, now: float) -> list[str]:
        ids = self._deadlines.due(now)
        for id in ids:
            self._end(id, "expired")
        return ids

    def next_deadline(self) -> float | None:
        return self._deadlines.next()

    def drain(self) -> list[Notice]:
        notices, self._notices = self._notices, []
        return notices

    def degraded(self) -> str | None:
        return None

    def _end(self, id: str, reason: Literal["closed", "expired"]) -> None:
        lease = self._leases.pop(id)
        self._notices.append(Left(id, lease.edge, reason))
