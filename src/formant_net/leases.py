"""Leases: who holds an id, where, and until when; the table in which every registry keeps them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from formant_net.deadlines import Deadlines
from formant_net.messages import Role


@dataclass(frozen=True, slots=True)
class Place:
    """One run of one edge.

    edge       its name, as the operator gave it
    node       unique to this run: where messages for its clients are sent, and the beginning of every `ws_id`
    location   a name, or `LAT,LON` in degrees (location.py); may be empty
    """

    edge: str
    node: str
    location: str = ""


@dataclass(frozen=True, slots=True)
class Lease:
    """One client that can be reached.

    ws_id    the socket that holds it, unique over all edges and restarts
    proof    what the client's `resume` secret is checked against by another edge (admission.py); "" for none
    home     whose it may be without the secret: a hash of the address it came from, or `token` for nobody's
    since    when that socket took it, seconds of the local monotonic clock
    """

    id: str
    role: Role
    ws_id: str
    place: Place
    meta: Mapping[str, Any] = field(default_factory=dict)
    proof: str = field(default="", repr=False)
    since: float = 0.0
    home: str = ""

    @property
    def edge(self) -> str:
        """The name of the edge that holds it."""
        return self.place.edge


class LeaseTable:
    """Leases by id, by place, and by deadline. A lease is over strictly after its deadline.

    Costs are a dict access each, O(log n) where a deadline is queued, and the length of the answer where one is listed.
    Reads leave out what is over already: nobody sees a lease that only waits for its sweep.
    """

    def __init__(self) -> None:
        self._leases: dict[str, Lease] = {}
        self._until: dict[str, float] = {}
        self._deadlines: Deadlines[str] = Deadlines()
        self._places: dict[tuple[Place, Role], dict[str, Lease]] = {}

    def __len__(self) -> int:
        return len(self._leases)

    def set(self, lease: Lease, until: float) -> None:
        """Hold it, in the place of any other of its id."""
        before = self._leases.get(lease.id)
        if before is not None and (before.place, before.role) != (lease.place, lease.role):
            self._leave(before)
        self._leases[lease.id] = lease
        self._places.setdefault((lease.place, lease.role), {})[lease.id] = lease
        self.extend(lease.id, until)

    def extend(self, id: str, until: float) -> None:
        """It lasts until then. The id must be held."""
        self._until[id] = until
        self._deadlines.set(id, until)

    def end(self, id: str) -> Lease | None:
        """Let it go; the lease that was held."""
        lease = self._leases.pop(id, None)
        if lease is not None:
            del self._until[id]
            self._deadlines.discard(id)
            self._leave(lease)
        return lease

    def peek(self, id: str) -> Lease | None:
        """The lease of an id, over or not."""
        return self._leases.get(id)

    def get(self, id: str, now: float) -> Lease | None:
        """The lease of an id, unless it is over."""
        lease = self._leases.get(id)
        return lease if lease is not None and self._until[id] >= now else None

    def due(self, now: float) -> list[Lease]:
        """Ends the leases that are over, and gives them, the earliest first."""
        return [lease for id in self._deadlines.due(now) if (lease := self.end(id)) is not None]

    def next(self) -> float | None:
        """When `due` has something, or None."""
        return self._deadlines.next()

    def listed(self, prefix: str, now: float) -> list[Lease]:
        """The leases whose id begins with `prefix`, oldest entry first. Looks at all: for tools and tests."""
        return [lease for id, lease in self._leases.items() if id.startswith(prefix) and self._until[id] >= now]

    def places(self, role: Role) -> list[Place]:
        """Where there are leases of this role."""
        return [place for place, of in self._places if of == role]

    def at(self, place: Place, role: Role, now: float) -> Iterator[Lease]:
        """The leases of a role at one place, oldest entry first; as many as are taken are looked at."""
        for id, lease in self._places.get((place, role), {}).items():
            if self._until[id] >= now:
                yield lease

    def count(self, role: Role) -> int:
        """How many leases of this role there are."""
        return sum(len(leases) for (_, of), leases in self._places.items() if of == role)

    def _leave(self, lease: Lease) -> None:
        here = self._places[lease.place, lease.role]
        del here[lease.id]
        if not here:
            del self._places[lease.place, lease.role]


class LeaseReads:
    """What every registry answers out of its table."""

    _table: LeaseTable

    def find(self, id: str, now: float) -> Lease | None:
        return self._table.get(id, now)

    def leases(self, prefix: str = "", *, now: float) -> list[Lease]:
        return self._table.listed(prefix, now)

    def places(self, role: Role) -> list[Place]:
        return self._table.places(role)

    def at(self, place: Place, role: Role, now: float) -> Iterator[Lease]:
        return self._table.at(place, role, now)

    def count(self, role: Role) -> int:
        return self._table.count(role)
