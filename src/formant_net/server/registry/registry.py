"""The interface of a registry, which holds the leases of all clients: which are there, and at which edge.

A lease belongs to the socket that took it (`ws_id`). Only the edge of that socket ends it, with `delete`: when the
socket closes, and when its client has been silent for the TTL (liveness.py). The registry itself ends only leases of
edges that have died: strictly after the TTL without a sign of life.

Changes go in as calls and come out as notices, on which the hub acts. No call returns whether it succeeded.

`MemoryRegistry` (memory.py) serves one edge, or several in one process. `SharedRegistry` (shared.py) works on a network
engine. There the calls become writes to the engine. A local copy answers the reads; the engine's change feed keeps it
current, without polling. The notices, also those of other edges, appear in `drain()` when the feed brings them. Both
classes pass tests/formant_net/server/registry/test_registry_contract.py.

Out of scope: who may take an id (id_contest.py), when a client is silent (liveness.py), what a synth does with the
news (synth/linking/roster.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from formant_net.protocol.messages import Role
from formant_net.server.registry.leases import Lease, Place

Reason = Literal["closed", "expired"]


@dataclass(frozen=True, slots=True)
class Joined:
    """A client has joined, or came back on another socket. For the edge that put the lease: the lease is granted."""

    lease: Lease


@dataclass(frozen=True, slots=True)
class Left:
    """A client has left: its socket was closed, or it was silent for the TTL ("expired")."""

    id: str
    role: Role
    edge: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Disputed:
    """Another socket holds the id. Only the edge that put the lease gets this notice.

    The edge puts the lease again with `over=holder.ws_id` to take the id, or gives up with `delete`.
    """

    id: str
    ws_id: str
    holder: Lease


@dataclass(frozen=True, slots=True)
class Lost:
    """Another edge has taken the id over. Only the edge that held the lease gets this notice."""

    id: str
    ws_id: str
    holder: Lease


Notice = Joined | Left | Disputed | Lost


@dataclass(frozen=True, slots=True)
class Write:
    """Ask the engine to write a key.

    value       new content; for a client that has left (`gone`), the reason
    expected    the revision that the key must have, 0 if there must be no key; None: any
    ttl_s       seconds without another write after which the engine may forget the key
    serial      number that the engine's answer to this write carries
    """

    key: str
    value: bytes
    expected: int | None
    gone: bool
    ttl_s: int
    serial: int


@dataclass(frozen=True, slots=True)
class Restart:
    """End this session with the engine, which does not answer, and begin another."""

    reason: str


class Registry(Protocol):
    """The calls that the hub makes on a registry."""

    touch_moves_deadlines: bool
    """Whether a `touch` may move `next_deadline`."""

    @property
    def place(self) -> Place:
        """The edge that this registry belongs to."""

    def put(self, lease: Lease, now: float, *, over: str | None = None) -> None:
        """Take a free id, or that of the socket `over`, for a socket of this edge. Renew a lease that the socket has.

        `Joined` follows when the lease is granted, once for each socket. `Disputed` follows if another has the id.
        """

    def touch(self, id: str, ws_id: str, now: float) -> None:
        """Record a sign of life for the other edges: if this edge dies, they keep the lease for the TTL from now on.

        Ignored for a socket that does not hold the lease.
        """

    def delete(self, id: str, ws_id: str, now: float, reason: Reason = "closed") -> None:
        """End the lease. Ignored for a socket that does not hold it."""

    def find(self, id: str, now: float) -> Lease | None:
        """The lease of an id, at any edge."""

    def leases(self, prefix: str = "", *, now: float) -> list[Lease]:
        """The leases whose id starts with `prefix`, oldest entry first."""

    def places(self, role: Role) -> list[Place]:
        """The places that have clients of this role."""

    def at(self, place: Place, role: Role, now: float, *, guests: bool) -> Iterator[Lease]:
        """The clients of a role at one edge, the guests or the others, oldest entry first."""

    def count(self, role: Role) -> int:
        """How many clients of this role there are at all edges."""

    def others(self) -> list[Place]:
        """The other edges that are known to run."""

    def urls(self) -> list[str]:
        """The URLs of the other edges, as `http://HOST:PORT/`, of those that publish one."""

    def expire(self, now: float) -> None:
        """End the expired leases of dead edges, and do whatever else is due."""

    def next_deadline(self) -> float | None:
        """When `expire` must be called next, s, or None."""

    def drain(self) -> list[Notice]:
        """The notices since the last call, in order."""

    def writes(self) -> list[Write | Restart]:
        """The requests to the engine since the last call, in order; empty without an engine."""

    @property
    def online(self) -> bool:
        """True while other edges can be reached."""

    def degraded(self) -> str | None:
        """What does not work at the moment, as a sentence, or None."""
