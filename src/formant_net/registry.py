"""The registry: leases of clients, the one truth about who is there, at which edge, and who can be played.

A lease belongs to the socket that took it (`ws_id`); it ends when that socket gives it back, or strictly after the
TTL without a sign of life. Changes go in as calls and come out as notices, which are what the hub acts on: no call
answers whether it succeeded.

`MemoryRegistry` serves one edge, or several in one process. `SharedRegistry` (shared_registry.py) is the same on a
network engine: the calls become writes to the engine, the reads are answered from a local copy that the engine's own
change feed keeps fresh (nobody ever polls it), and the notices, also those of other edges, appear in `drain()` when the
feed brings them. Both pass tests/formant_net/test_registry_contract.py.

Out of scope: who may take an id (admission.py), what synths make of it (roster.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from formant_net.leases import Lease, LeaseReads, LeaseTable, Place
from formant_net.messages import Role

Reason = Literal["closed", "expired"]


@dataclass(frozen=True, slots=True)
class Joined:
    """A client is there, or came back on another socket. To the edge that put the lease: it holds."""

    lease: Lease


@dataclass(frozen=True, slots=True)
class Left:
    """A client is gone: its socket closed, or nothing was heard of it for the TTL."""

    id: str
    role: Role
    edge: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Disputed:
    """To the edge that put a lease, and to it alone: another socket holds the id.

    Put again with `over=holder.ws_id` to take it, or give up with `delete`.
    """

    id: str
    ws_id: str
    holder: Lease


@dataclass(frozen=True, slots=True)
class Lost:
    """To the edge whose lease it was, and to it alone: another edge has taken it over."""

    id: str
    ws_id: str
    holder: Lease


Notice = Joined | Left | Disputed | Lost


class Registry(Protocol):
    """What the hub needs of a registry."""

    @property
    def place(self) -> Place:
        """The edge whose registry it is."""

    def put(self, lease: Lease, now: float, *, over: str | None = None) -> None:
        """Take a free id for this edge's socket, or that of the socket `over`; renew it if it is this socket's own.

        `Joined` follows when it holds, once for each socket; `Disputed` if another socket has it.
        """

    def touch(self, id: str, ws_id: str, now: float) -> None:
        """A sign of life: the lease lasts the TTL from now on. Ignored from a socket that does not hold it."""

    def delete(self, id: str, ws_id: str, now: float) -> None:
        """Give the lease back. Ignored from a socket that does not hold it."""

    def find(self, id: str, now: float) -> Lease | None:
        """The lease of an id, wherever it is."""

    def leases(self, prefix: str = "", *, now: float) -> list[Lease]:
        """The leases whose id starts with `prefix`, oldest entry first."""

    def places(self, role: Role) -> list[Place]:
        """Where clients of this role are."""

    def at(self, place: Place, role: Role, now: float) -> Iterator[Lease]:
        """The clients of a role at one edge, oldest entry first."""

    def count(self, role: Role) -> int:
        """How many clients of this role there are, everywhere."""

    def others(self) -> list[Place]:
        """The other edges that run, as far as is known."""

    def urls(self) -> list[str]:
        """Where clients reach the other edges, as `http://HOST:PORT/`; only those that say so."""

    def expire(self, now: float) -> None:
        """End the leases that are over, and do whatever else has fallen due."""

    def next_deadline(self) -> float | None:
        """When `expire` has something to do, or None."""

    def drain(self) -> list[Notice]:
        """What has changed since the last call, in order."""

    @property
    def online(self) -> bool:
        """True while other edges can be reached."""

    def degraded(self) -> str | None:
        """What does not work at the moment, in words, or None."""


class MemoryStore:
    """The leases of all edges of one process, which each have a `MemoryRegistry` on it."""

    def __init__(self) -> None:
        self.table = LeaseTable()
        self.registries: dict[str, MemoryRegistry] = {}


class MemoryRegistry(LeaseReads):
    """The registry in this process: every call takes effect at once. Costs as in `LeaseTable`.

    store    shared by edges that are one ensemble; their hubs have to look into `drain()` after each other's changes
    """

    def __init__(self, place: Place, ttl_s: float, store: MemoryStore | None = None) -> None:
        self.place = place
        self._ttl_s = ttl_s
        self._store = store or MemoryStore()
        self._table = self._store.table
        self._notices: list[Notice] = []
        self._store.registries[place.node] = self

    def put(self, lease: Lease, now: float, *, over: str | None = None) -> None:
        held = self._table.get(lease.id, now)
        if held is not None and held.ws_id == lease.ws_id:
            self._table.set(replace(lease, since=held.since), now + self._ttl_s)
            return
        if held is not None and held.ws_id != over:
            self._notices.append(Disputed(lease.id, lease.ws_id, held))
            return
        self._table.set(lease, now + self._ttl_s)
        if held is not None and held.place.node != self.place.node:
            self._store.registries[held.place.node]._notices.append(Lost(held.id, held.ws_id, lease))
        self._tell(Joined(lease))

    def touch(self, id: str, ws_id: str, now: float) -> None:
        held = self._table.get(id, now)
        if held is not None and held.ws_id == ws_id:
            self._table.extend(id, now + self._ttl_s)

    def delete(self, id: str, ws_id: str, now: float) -> None:
        held = self._table.peek(id)
        if held is not None and held.ws_id == ws_id:
            self._table.end(id)
            self._tell(Left(id, held.role, held.edge, "closed"))

    def others(self) -> list[Place]:
        return [other.place for other in self._store.registries.values() if other is not self]

    def urls(self) -> list[str]:
        return []

    def expire(self, now: float) -> None:
        for lease in self._table.due(now):
            self._tell(Left(lease.id, lease.role, lease.edge, "expired"))

    def next_deadline(self) -> float | None:
        return self._table.next()

    def drain(self) -> list[Notice]:
        notices, self._notices = self._notices, []
        return notices

    @property
    def online(self) -> bool:
        return True

    def degraded(self) -> str | None:
        return None

    def _tell(self, notice: Notice) -> None:
        for registry in self._store.registries.values():
            registry._notices.append(notice)
