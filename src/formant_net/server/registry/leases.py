"""Leases and the table of them that every registry keeps: who holds an id, at which edge, and until when."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from formant_net.protocol.messages import Role
from formant_net.protocol.standing import FULL, Standing
from formant_net.timers.deadlines import Deadlines


@dataclass(frozen=True, slots=True)
class Place:
    """One run of one edge.

    edge       the name that the operator gave it
    node       id of this run: the address of messages for its clients, and the first part of every `ws_id`
    location   a name, or `LAT,LON` in degrees (protocol/location.py); may be empty
    """

    edge: str
    node: str
    location: str = ""


@dataclass(frozen=True, slots=True)
class Lease:
    """The lease of one client.

    ws_id     the socket that holds the lease, unique over all edges and restarts
    proof     another edge checks the client's `resume` secret against this (registration.py); "" for none
    home      who may take the id without the secret: a hash of the address it came from, or `token` for nobody
    since     when that socket took the lease, seconds of the local monotonic clock
    standing  whether the client is a guest, and the group whose limits it counts against
    """

    id: str
    role: Role
    ws_id: str
    place: Place
    meta: Mapping[str, Any] = field(default_factory=dict)
    proof: str = field(default="", repr=False)
    since: float = 0.0
    home: str = ""
    standing: Standing = FULL

    @property
    def edge(self) -> str:
        """The name of the client's edge."""
        return self.place.edge


class LeaseTable:
    """Leases by id, by place and by deadline. A lease expires strictly after its deadline, if it has one.

    A call costs one dict access, O(log n) if it queues a deadline, and the length of the answer if it lists leases.
    Reads leave out expired leases that have not been removed yet.
    """

    def __init__(self) -> None:
        self._leases: dict[str, Lease] = {}
        self._until: dict[str, float] = {}
        self._deadlines: Deadlines[str] = Deadlines()
        self._places: dict[tuple[Place, Role, bool], dict[str, Lease]] = {}

    def __len__(self) -> int:
        return len(self._leases)

    def set(self, lease: Lease, until: float = math.inf) -> None:
        """Add a lease. It replaces any other lease of the same id. Without `until` it lasts until `end`."""
        before = self._leases.get(lease.id)
        if before is not None and _list_of(before) != _list_of(lease):
            self._leave(before)
        self._leases[lease.id] = lease
        self._places.setdefault(_list_of(lease), {})[lease.id] = lease
        self.extend(lease.id, until)

    def extend(self, id: str, until: float) -> None:
        """Move the deadline of a lease to `until` (s; infinity: no deadline). The table must hold the id."""
        self._until[id] = until
        if until == math.inf:
            self._deadlines.discard(id)
        else:
            self._deadlines.set(id, until)

    def end(self, id: str) -> Lease | None:
        """Remove the lease of an id and return it. Returns None if there was none."""
        lease = self._leases.pop(id, None)
        if lease is not None:
            del self._until[id]
            self._deadlines.discard(id)
            self._leave(lease)
        return lease

    def peek(self, id: str) -> Lease | None:
        """The lease of an id, expired or not."""
        return self._leases.get(id)

    def get(self, id: str, now: float) -> Lease | None:
        """The lease of an id, unless it has expired."""
        lease = self._leases.get(id)
        return lease if lease is not None and self._until[id] >= now else None

    def due(self, now: float) -> list[Lease]:
        """Remove the expired leases and return them, the earliest deadline first."""
        return [lease for id in self._deadlines.due(now) if (lease := self.end(id)) is not None]

    def next(self) -> float | None:
        """The earliest deadline, s, or None."""
        return self._deadlines.next()

    def listed(self, prefix: str, now: float) -> list[Lease]:
        """The leases whose id begins with `prefix`, oldest entry first. Visits every lease: for tools and tests."""
        return [lease for id, lease in self._leases.items() if id.startswith(prefix) and self._until[id] >= now]

    def places(self, role: Role) -> list[Place]:
        """The places that hold leases of this role."""
        return list(dict.fromkeys(place for place, of, _ in self._places if of == role))

    def at(self, place: Place, role: Role, now: float, *, guests: bool) -> Iterator[Lease]:
        """The leases of a role at one place, of guests or of the others, oldest entry first.

        The iterator visits only as many leases as its caller takes.
        """
        for id, lease in self._places.get((place, role, guests), {}).items():
            if self._until[id] >= now:
                yield lease

    def count(self, role: Role) -> int:
        """How many leases of this role there are."""
        return sum(len(leases) for (_, of, _), leases in self._places.items() if of == role)

    def _leave(self, lease: Lease) -> None:
        here = self._places[_list_of(lease)]
        del here[lease.id]
        if not here:
            del self._places[_list_of(lease)]


def _list_of(lease: Lease) -> tuple[Place, Role, bool]:
    return lease.place, lease.role, lease.standing.guest


class LeaseReads:
    """The reads that every registry answers from its table."""

    _table: LeaseTable

    def find(self, id: str, now: float) -> Lease | None:
        return self._table.get(id, now)

    def leases(self, prefix: str = "", *, now: float) -> list[Lease]:
        return self._table.listed(prefix, now)

    def places(self, role: Role) -> list[Place]:
        return self._table.places(role)

    def at(self, place: Place, role: Role, now: float, *, guests: bool) -> Iterator[Lease]:
        return self._table.at(place, role, now, guests=guests)

    def count(self, role: Role) -> int:
        return self._table.count(role)
