"""The registry in memory: for one edge without others, or for several edges in one process.

registry.py describes its calls and notices.
"""

from __future__ import annotations

import math
from dataclasses import replace

from formant_net.server.registry.leases import Lease, LeaseReads, LeaseTable, Place
from formant_net.server.registry.registry import Disputed, Joined, Left, Lost, Notice, Reason, Restart, Write


class MemoryStore:
    """The leases of all edges of one process. Each edge has a `MemoryRegistry` on it."""

    def __init__(self) -> None:
        self.table = LeaseTable()
        self.seen: dict[str, float] = {}
        self.registries: dict[str, MemoryRegistry] = {}

    def forsake(self, registry: MemoryRegistry) -> None:
        """Treat an edge as dead: its leases expire by the TTL. Costs O(n) for n leases."""
        node = registry.place.node
        del self.registries[node]
        for lease in self.table.listed("", -math.inf):
            if lease.place.node == node:
                self.table.extend(lease.id, self.seen[lease.id] + registry.ttl_s)


class MemoryRegistry(LeaseReads):
    """One edge's registry in memory. Every call takes effect immediately. Costs are those of `LeaseTable`.

    store    shared by the edges of one ensemble; each hub must call `drain()` after a change by another
    """

    touch_moves_deadlines = False

    def __init__(self, place: Place, ttl_s: float, store: MemoryStore | None = None) -> None:
        self.place = place
        self.ttl_s = ttl_s
        self._store = store or MemoryStore()
        self._table = self._store.table
        self._seen = self._store.seen
        self._notices: list[Notice] = []
        self._store.registries[place.node] = self

    def put(self, lease: Lease, now: float, *, over: str | None = None) -> None:
        held = self._table.get(lease.id, now)
        if held is not None and held.ws_id == lease.ws_id:
            self._table.set(replace(lease, since=held.since))
            self._seen[lease.id] = now
            return
        if held is not None and held.ws_id != over:
            self._notices.append(Disputed(lease.id, lease.ws_id, held))
            return
        self._table.set(lease)
        self._seen[lease.id] = now
        other = self._store.registries.get(held.place.node) if held is not None else None
        if held is not None and other is not None and other is not self:
            other._notices.append(Lost(held.id, held.ws_id, lease))
        self._tell(Joined(lease))

    def touch(self, id: str, ws_id: str, now: float) -> None:
        held = self._table.get(id, now)
        if held is not None and held.ws_id == ws_id:
            self._seen[id] = now

    def delete(self, id: str, ws_id: str, now: float, reason: Reason = "closed") -> None:
        held = self._table.peek(id)
        if held is not None and held.ws_id == ws_id:
            self._table.end(id)
            del self._seen[id]
            self._tell(Left(id, held.role, held.edge, reason))

    def others(self) -> list[Place]:
        return [other.place for other in self._store.registries.values() if other is not self]

    def urls(self) -> list[str]:
        return []

    def expire(self, now: float) -> None:
        for lease in self._table.due(now):
            del self._seen[lease.id]
            self._tell(Left(lease.id, lease.role, lease.edge, "expired"))

    def next_deadline(self) -> float | None:
        return self._table.next()

    def drain(self) -> list[Notice]:
        notices, self._notices = self._notices, []
        return notices

    def writes(self) -> list[Write | Restart]:
        return []

    @property
    def online(self) -> bool:
        return True

    def degraded(self) -> str | None:
        return None

    def _tell(self, notice: Notice) -> None:
        for registry in self._store.registries.values():
            registry._notices.append(notice)
