"""The registry of several edges: it reconciles an edge's own leases with the content of a shared engine.

The engine is any key store with revisions that accepts a write only if the key still has a given revision, and that
reports every write to every edge (aio/server/engine.py). This core decides what is written and what a change means:

* Each edge writes only the keys of its own clients. A key has at most one write in flight. Changes that come meanwhile
  are merged into the next write.
* A write names the revision it replaces. So an id has one holder, the first one. Any other gets `Disputed`.
* Each sign of life renews the key, at most once in `renew_s`. The entry carries the time since that sign of life, so
  the other edges end the leases of a dead edge at the same moment, each by its own clock.
* This registry never ends a lease of its own edge: the hub does.
* A key that the engine drops has no meaning: the engine drops it at some time after the TTL.
* Without the engine every `put` is granted locally. When the engine is back, the edge reads its content, gives the
  notices of clients that left meanwhile, and writes every own lease again. So an engine that lost its data is filled.

Costs: `put`, `touch`, `delete` and a change from the engine take a few dict accesses and at most one write, for any
number of clients and edges. Only a new session with the engine visits every client, once.

Out of scope: the engine itself, who wins a dispute (id_contest.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import Enum, auto

from formant_net.server.registry import stored
from formant_net.server.registry.leases import Lease, LeaseReads, LeaseTable, Place
from formant_net.server.registry.pulse import Pulse
from formant_net.server.registry.registry import Disputed, Joined, Left, Lost, Notice, Reason, Restart, Write
from formant_net.timers.deadlines import Deadlines

ANSWER_S = 1.0
"""Seconds after which a waiting registration is granted locally, and the engine is reported as slow."""


class _Session(Enum):
    """State of the session with the engine."""

    DOWN = auto()
    READING = auto()
    UP = auto()


@dataclass(frozen=True, slots=True)
class _Stored:
    """The engine's last known content of a client's key.

    ws_id    "" when the client has left
    lease    the lease, if it is of another edge
    """

    revision: int
    ws_id: str
    mine: bool
    lease: Lease | None = None
    until: float = 0.0


_NOTHING = _Stored(0, "", mine=False)


@dataclass(slots=True)
class _Own:
    """A client of this edge, or one that has just left and whose key is not cleared yet.

    lease        None: the key must be cleared, for `reason`
    over         the socket that this client may take the id from
    told         the lease was granted: the table holds it, and the hub has got `Joined`
    confirmed    the engine has accepted the lease
    dirty        there is something new to write
    flying       serial number of the write of this key that is in flight; `flown`: its `ws_id`, "" if it clears the key
    disputed     the socket named in the last `Disputed` notice for this client
    """

    lease: Lease | None
    seen: float
    over: str | None = None
    reason: Reason = "closed"
    told: bool = False
    confirmed: bool = False
    dirty: bool = True
    written: float = -math.inf
    flying: int = 0
    flown: str = ""
    disputed: str = ""


class SharedRegistry(LeaseReads):
    """One edge's registry on an engine. The shell reports the engine's answers and changes with the `on_…` methods.

    pulse      whether the engine answers, and which other edges run
    renew_s    least seconds between two writes for one client; other edges may notice a dead edge later by this time
    """

    touch_moves_deadlines = True

    def __init__(self, place: Place, ttl_s: float, *, renew_s: float | None = None) -> None:
        self.place = place
        self._ttl_s = ttl_s
        self._renew_s = min(1.0, ttl_s / 20.0) if renew_s is None else renew_s
        self.pulse = Pulse(place, ttl_s)
        self._table = LeaseTable()
        self._own: dict[str, _Own] = {}
        self._stored: dict[str, _Stored] = {}
        self._renewals: Deadlines[str] = Deadlines()
        self._answers: Deadlines[str] = Deadlines()
        self._forgets: Deadlines[str] = Deadlines()
        self._notices: list[Notice] = []
        self._out: list[Write | Restart] = []
        self._session = _Session.DOWN
        self._serial = 0
        self._first = 1
        """Serial number of the first write of this session. Earlier writes get no answer any more."""
        self._why = "not connected yet"

    # --- calls of the hub (see Registry) ---------------------------------------------------------------------------

    def put(self, lease: Lease, now: float, *, over: str | None = None) -> None:
        own = self._own.get(lease.id)
        if own is not None and own.lease is not None and own.lease.ws_id == lease.ws_id:
            own.lease = replace(lease, since=own.lease.since)
            own.seen, own.dirty, own.disputed, own.over = now, True, "", over or own.over
            if own.told:
                self._table.set(own.lease)
        else:
            held = self._table.get(lease.id, now)
            if held is not None and held.place.node != self.place.node and held.ws_id != over:
                self._notices.append(Disputed(lease.id, lease.ws_id, held))
                return
            before = own
            own = self._own[lease.id] = _Own(lease, now, over)
            if before is not None:
                own.flying, own.flown = before.flying, before.flown
        if own.told:
            self._reconcile(lease.id, own, now)
        elif self._session is _Session.DOWN:
            self._grant(own, lease)
        else:
            self._answers.set(lease.id, now + ANSWER_S)
            self._reconcile(lease.id, own, now)

    def touch(self, id: str, ws_id: str, now: float) -> None:
        own = self._own.get(id)
        if own is None or own.lease is None or own.lease.ws_id != ws_id:
            return
        own.seen = now
        if now - own.written >= self._renew_s:
            own.dirty = True
            self._reconcile(id, own, now)
        elif id not in self._renewals:
            self._renewals.set(id, own.written + self._renew_s)

    def delete(self, id: str, ws_id: str, now: float, reason: Reason = "closed") -> None:
        own = self._own.get(id)
        if own is not None and own.lease is not None and own.lease.ws_id == ws_id:
            self._give_up(id, own, reason, now)

    def others(self) -> list[Place]:
        return self.pulse.others()

    def urls(self) -> list[str]:
        return self.pulse.urls()

    def expire(self, now: float) -> None:
        for lease in self._table.due(now):  # leases of another edge, which has died or is cut off
            self._notices.append(Left(lease.id, lease.role, lease.edge, "expired"))
            if lease.id not in self._own:
                self._stored.pop(lease.id, None)
        for id in self._renewals.due(now):
            own = self._own.get(id)
            if own is not None and own.lease is not None:
                own.dirty = True
                self._reconcile(id, own, now)
        for id in self._answers.due(now):
            own = self._own.get(id)
            if own is not None and own.lease is not None and not own.told:
                self.pulse.late = True
                self._grant(own, own.lease)
        for id in self._forgets.due(now):
            own = self._own.get(id)
            if own is not None and own.lease is None and self._session is not _Session.UP:
                del self._own[id]
            if id not in self._own and not self._stored.get(id, _NOTHING).ws_id:
                self._stored.pop(id, None)
        self._out += self.pulse.due(now)

    def next_deadline(self) -> float | None:
        queues = (self._table, self._renewals, self._answers, self._forgets)
        moments = (*(queue.next() for queue in queues), self.pulse.next_deadline())
        return min((moment for moment in moments if moment is not None), default=None)

    def drain(self) -> list[Notice]:
        notices, self._notices = self._notices, []
        return notices

    def writes(self) -> list[Write | Restart]:
        out, self._out = self._out, []
        return out

    @property
    def online(self) -> bool:
        return self._session is _Session.UP

    def degraded(self) -> str | None:
        served = "changes at other edges are not known; clients of this edge are served"
        if self._session is _Session.DOWN:
            return f"the registry cannot be reached ({self._why}): {served}"
        if self.pulse.late:
            return f"the registry answers late or not at all: {served}"
        return None

    # --- reports of the engine -------------------------------------------------------------------------------------

    def on_up(self, now: float, *, fresh: bool) -> None:
        """A session has begun; the engine's content follows. `fresh`: the engine has lost what it held before."""
        self._first = self._serial + 1
        self._session = _Session.READING
        if fresh:
            self._stored.clear()
            for own in self._own.values():
                own.confirmed = False
        self.pulse.session_begins(now)

    def on_entry(self, key: str, value: bytes, gone: bool, revision: int, stored_s: float, now: float) -> None:
        """An edge wrote a key `stored_s` seconds ago. The key now has this `revision`."""
        if key.startswith(stored.CLIENTS):
            self._apply(stored.id_of(key), value, gone, revision, stored_s, now)
        elif key.startswith(stored.EDGES):
            node = key.removeprefix(stored.EDGES)
            self.pulse.heard(node, None if gone else stored.decode_edge(value), stored_s, now)

    def on_snapshot(self, now: float) -> None:
        """All that the engine held when the session began has been reported. Costs O(n) for n clients."""
        self._session = _Session.UP
        for id, own in list(self._own.items()):
            own.dirty = True
            self._reconcile(id, own, now)
        self.pulse.session_runs(now)
        self._out += self.pulse.due(now)

    def on_written(self, key: str, revision: int, serial: int, now: float) -> None:
        """The engine accepted a write."""
        id = stored.id_of(key)
        own = self._own.get(id)
        if own is None or own.flying != serial:
            return
        own.flying = 0
        if self._stored.get(id, _NOTHING).revision < revision:  # otherwise the feed was faster than the answer
            self._stored[id] = _Stored(revision, own.flown, mine=bool(own.flown))
            if not own.flown:
                self._forgets.set(id, now + self._ttl_s)
        self._reconcile(id, own, now)

    def on_refused(self, key: str, value: bytes | None, gone: bool, revision: int, serial: int, now: float) -> None:
        """The engine refused a write because the key has another revision and this `value` (None: there is no key)."""
        id = stored.id_of(key)
        own = self._own.get(id)
        if own is None or own.flying != serial:
            return
        own.flying = 0
        if value is None:
            self._stored.pop(id, None)  # the engine has dropped the key
        else:
            self._apply(id, value, gone, revision, 0.0, now)
        if self._own.get(id) is own:
            self._reconcile(id, own, now)

    def on_down(self, reason: str, now: float) -> None:
        """The session has ended or could not begin, for this `reason`. Registrations that wait are granted locally."""
        self._session = _Session.DOWN
        self._why = reason
        self.pulse.session_ends()
        self._out.clear()
        for id in self._answers.due(math.inf):
            own = self._own.get(id)
            if own is not None and own.lease is not None and not own.told:
                self._grant(own, own.lease)

    # --- inside ----------------------------------------------------------------------------------------------------

    def _apply(self, id: str, value: bytes, gone: bool, revision: int, stored_s: float, now: float) -> None:
        """Take in the content of a client's key, unless this revision is known already."""
        if revision <= self._stored.get(id, _NOTHING).revision:
            return
        entry = None if gone else stored.decode_client(value)
        if entry is None:
            self._stored[id] = _Stored(revision, "", mine=False)
            self._forgets.set(id, now + self._ttl_s)
        elif entry.node == self.place.node:
            self._stored[id] = _Stored(revision, entry.ws_id, mine=True)
        else:
            # Never early: the other edge may have delayed its last sign of life by up to `renew_s`.
            until = now - stored_s - entry.idle_s + self._ttl_s + self._renew_s
            self._stored[id] = _Stored(revision, entry.ws_id, False, entry.lease(now, stored_s), until)
        own = self._own.get(id)
        if own is None or not own.told:
            self._show(id, "expired" if gone and stored.decode_gone(value).reason == "expired" else "closed", now)
        if own is not None:
            self._reconcile(id, own, now)

    def _show(self, id: str, reason: Reason, now: float) -> None:
        """Bring the table in line with the lease of another edge, and give the notice of the change."""
        kept = self._stored.get(id, _NOTHING)
        held = self._table.peek(id)
        if kept.lease is not None:
            if kept.until >= now:
                self._table.set(kept.lease, kept.until)
                if held is None or held.ws_id != kept.ws_id:
                    self._notices.append(Joined(kept.lease))
        elif held is not None and not kept.mine and held.place.node != self.place.node:
            self._table.end(id)
            self._notices.append(Left(id, held.role, held.edge, reason))

    def _reconcile(self, id: str, own: _Own, now: float) -> None:
        """Take the next step from the key's present content towards the content that this edge wants."""
        if self._session is not _Session.UP or own.flying >= self._first:
            return
        kept = self._stored.get(id, _NOTHING)
        lease = own.lease
        if lease is None:
            if kept.mine or (own.dirty and not kept.ws_id):
                self._write(id, own, stored.encode(stored.Gone(own.reason)), kept.revision, now)
            else:
                del self._own[id]
                if kept.lease is not None:
                    self._show(id, "closed", now)
        elif kept.ws_id == lease.ws_id or not kept.ws_id or kept.mine or kept.ws_id == own.over:
            if kept.ws_id == lease.ws_id:
                own.confirmed = True
                own.over, own.disputed = None, ""
                if not own.told:
                    self._grant(own, lease)
            if own.dirty or not own.confirmed or kept.ws_id != lease.ws_id:
                self._write(id, own, stored.client_entry(lease, now, own.seen), kept.revision, now)
        elif own.confirmed and kept.lease is not None:
            del self._own[id]
            self._renewals.discard(id)
            self._notices.append(Lost(id, lease.ws_id, kept.lease))
            self._show(id, "closed", now)
        elif own.disputed != kept.ws_id and kept.lease is not None:
            own.disputed = kept.ws_id
            self._answers.discard(id)
            self._notices.append(Disputed(id, lease.ws_id, kept.lease))

    def _write(self, id: str, own: _Own, value: bytes, expected: int, now: float) -> None:
        gone = own.lease is None
        own.dirty = False
        own.written = now
        own.flying = self._next()
        own.flown = "" if own.lease is None else own.lease.ws_id
        self._renewals.discard(id)
        keep_s = math.ceil(self._ttl_s + self._renew_s) + 2
        self._out.append(Write(stored.client_key(id), value, expected, gone, keep_s, own.flying))

    def _next(self) -> int:
        self._serial += 1
        return self._serial

    def _grant(self, own: _Own, lease: Lease) -> None:
        """Grant a lease of this edge and give its notice."""
        own.told = True
        self._answers.discard(lease.id)
        self._table.set(lease)
        self._notices.append(Joined(lease))

    def _give_up(self, id: str, own: _Own, reason: Reason, now: float) -> None:
        """End a lease of this edge: give the notice if it was granted, and clear its key."""
        lease, own.lease = own.lease, None
        own.reason = reason
        own.dirty = False
        self._answers.discard(id)
        self._renewals.discard(id)
        if own.told and lease is not None:
            self._table.end(id)
            self._notices.append(Left(id, lease.role, lease.edge, reason))
        own.told = False
        if self._session is not _Session.UP:  # other edges still hold the lease: the key must tell them later
            self._forgets.set(id, now + self._ttl_s)
        self._reconcile(id, own, now)
