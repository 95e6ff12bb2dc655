"""The registry of several edges: own leases, the engine's changes, and how the two are brought together.

The engine is any store of keys with revisions that takes a write only if the key is still at a given revision, and
tells everybody of every write (aio/nats.py). This core decides what is written and what a change means:

* Each edge writes only its own clients' keys, one write in flight a key; while one is, later wishes replace each other.
* A write names the revision it replaces. So an id has one holder: whoever was first; another is `Disputed`.
* Each sign of life renews the key, at most once in `renew_s`. How long ago it was travels with it, so everybody ends
  the lease at the same moment, by its own clock. That the engine drops a key means nothing ("not before", never "at").
* Without the engine everything that is asked here is granted here. When it is back, its content is read, what left
  meanwhile is told, and every own lease is written again: an engine that forgot everything is filled that way.

Costs: `put`, `touch`, `delete` and a change from the engine are a few dict accesses and at most one write, whatever the
number of clients and edges. Only a new session with the engine looks at everything, once.

Out of scope: the engine itself, whether a dispute is won (admission.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import Enum, auto

from formant_net import stored
from formant_net.deadlines import Deadlines
from formant_net.leases import Lease, LeaseReads, LeaseTable, Place
from formant_net.registry import Disputed, Joined, Left, Lost, Notice, Reason

PULSE_S = 5.0
"""An edge writes its own entry so often: others know that it runs, and it knows that the engine still answers."""
ANSWER_S = 1.0
"""A registration waits so long for the engine at most; then it is granted here, and the engine is called slow."""
ECHO_S = 3.0
"""A session in which an edge does not hear its own pulse for so long is given up."""
PULSES = 3
"""An edge of which so many pulses are missing is gone."""


@dataclass(frozen=True, slots=True)
class Write:
    """Ask the engine to write a key.

    value       new content; what stands under a key that is `gone` says why
    expected    the revision it must still be at, 0 if there is none; None: whatever it is at
    ttl_s       the engine may forget the key after so many seconds without another write
    serial      by which its answer is told
    """

    key: str
    value: bytes
    expected: int | None
    gone: bool
    ttl_s: int
    serial: int


@dataclass(frozen=True, slots=True)
class Restart:
    """Give this session with the engine up and begin another: it does not answer."""

    reason: str


class _Link(Enum):
    DOWN = auto()
    READING = auto()
    UP = auto()


@dataclass(frozen=True, slots=True)
class _Stored:
    """What the engine holds under a client's key, as far as it has told.

    ws_id    "" when the client is gone
    lease    that of another edge
    """

    revision: int
    ws_id: str
    mine: bool
    lease: Lease | None = None
    until: float = 0.0


_NOTHING = _Stored(0, "", mine=False)


@dataclass(slots=True)
class _Own:
    """A client of this edge, or one that was until just now.

    lease        None: the key is to go, for `reason`
    over         the socket that it may take the id from
    told         it was granted: the hub knows, and the table has it
    confirmed    the engine had it
    dirty        there is something to write
    flying       the serial of the write of this key that is under way; `flown`: its `ws_id`, "" for a key to go
    disputed     the socket with which the hub is to settle it
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
    """One edge's end of a registry on an engine. Feeds the engine with `writes()`, is fed by the `on_…` methods.

    url        where clients reach this edge, without a key; told to the other edges
    renew_s    at most one write a client in so many seconds; what others may be late by when an edge dies
    """

    def __init__(
        self, place: Place, ttl_s: float, *, url: str = "", renew_s: float | None = None, pulse_s: float = PULSE_S
    ) -> None:
        self.place = place
        self._ttl_s = ttl_s
        self._renew_s = min(1.0, ttl_s / 20.0) if renew_s is None else renew_s
        self._pulse_s = min(pulse_s, ttl_s / PULSES)
        self.url = url
        self._table = LeaseTable()
        self._own: dict[str, _Own] = {}
        self._stored: dict[str, _Stored] = {}
        self._edges: dict[str, stored.EdgeEntry] = {}
        self._alive: Deadlines[str] = Deadlines()
        self._renewals: Deadlines[str] = Deadlines()
        self._answers: Deadlines[str] = Deadlines()
        self._forgets: Deadlines[str] = Deadlines()
        self._notices: list[Notice] = []
        self._out: list[Write | Restart] = []
        self._link = _Link.DOWN
        self._serial = 0
        self._first = 1
        """Writes before this one belong to an earlier session: nobody will answer them."""
        self._why = "not connected yet"
        self._slow = False
        self._pulse_at: float | None = None
        self._echo_by: float | None = None

    # --- what the hub asks (see Registry) --------------------------------------------------------------------------

    def put(self, lease: Lease, now: float, *, over: str | None = None) -> None:
        own = self._own.get(lease.id)
        if own is not None and own.lease is not None and own.lease.ws_id == lease.ws_id:
            own.lease = replace(lease, since=own.lease.since)
            own.seen, own.dirty, own.disputed, own.over = now, True, "", over or own.over
            if own.told:
                self._table.set(own.lease, now + self._ttl_s)
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
        elif self._link is _Link.DOWN:
            self._grant(own, lease)
        else:
            self._answers.set(lease.id, now + ANSWER_S)
            self._reconcile(lease.id, own, now)

    def touch(self, id: str, ws_id: str, now: float) -> None:
        own = self._own.get(id)
        if own is None or own.lease is None or own.lease.ws_id != ws_id:
            return
        own.seen = now
        if own.told:
            self._table.extend(id, now + self._ttl_s)
        if now - own.written >= self._renew_s:
            own.dirty = True
            self._reconcile(id, own, now)
        elif id not in self._renewals:
            self._renewals.set(id, own.written + self._renew_s)

    def delete(self, id: str, ws_id: str, now: float) -> None:
        own = self._own.get(id)
        if own is not None and own.lease is not None and own.lease.ws_id == ws_id:
            self._give_up(id, own, "closed", now)

    def others(self) -> list[Place]:
        return [Place(entry.edge, node, entry.location) for node, entry in self._edges.items()]

    def urls(self) -> list[str]:
        return [entry.url for entry in self._edges.values() if entry.url]

    def expire(self, now: float) -> None:
        for lease in self._table.due(now):
            own = self._own.get(lease.id)
            self._notices.append(Left(lease.id, lease.role, lease.edge, "expired"))
            if own is None:
                self._stored.pop(lease.id, None)
            if own is not None and own.lease is not None and own.lease.ws_id == lease.ws_id:
                own.told = False
                self._give_up(lease.id, own, "expired", now)
        for id in self._renewals.due(now):
            own = self._own.get(id)
            if own is not None and own.lease is not None:
                own.dirty = True
                self._reconcile(id, own, now)
        for id in self._answers.due(now):
            own = self._own.get(id)
            if own is not None and own.lease is not None and not own.told:
                self._slow = True
                self._grant(own, own.lease)
        for id in self._forgets.due(now):
            own = self._own.get(id)
            if own is not None and own.lease is None and self._link is not _Link.UP:
                del self._own[id]
            if id not in self._own and not self._stored.get(id, _NOTHING).ws_id:
                self._stored.pop(id, None)
        for node in self._alive.due(now):
            self._edges.pop(node, None)
        self._beat(now)

    def next_deadline(self) -> float | None:
        queues = (self._table, self._alive, self._renewals, self._answers, self._forgets)
        moments = (*(queue.next() for queue in queues), self._pulse_at, self._echo_by)
        return min((moment for moment in moments if moment is not None), default=None)

    def drain(self) -> list[Notice]:
        notices, self._notices = self._notices, []
        return notices

    @property
    def online(self) -> bool:
        return self._link is _Link.UP

    def degraded(self) -> str | None:
        served = "what happens at other edges is not heard of; clients of this one are served"
        if self._link is _Link.DOWN:
            return f"the registry cannot be reached ({self._why}): {served}"
        if self._slow:
            return f"the registry answers late or not at all: {served}"
        return None

    # --- what the engine tells -------------------------------------------------------------------------------------

    def on_up(self, now: float, *, fresh: bool) -> None:
        """A session has begun, and what the engine holds follows. `fresh`: it has forgotten what it held before."""
        self._first = self._serial + 1
        self._link = _Link.READING
        if fresh:
            self._stored.clear()
            for own in self._own.values():
                own.confirmed = False
        for node in self._edges:  # nobody could tell us that they live: they have a while to do so
            self._alive.set(node, now + PULSES * self._pulse_s)
        self._pulse_at = None
        self._echo_by = now + 2.0 * ECHO_S

    def on_entry(self, key: str, value: bytes, gone: bool, revision: int, stored_s: float, now: float) -> None:
        """A key was written `stored_s` ago, by whomever, and is at `revision` now."""
        if key.startswith(stored.CLIENTS):
            self._apply(stored.id_of(key), value, gone, revision, stored_s, now)
        elif key.startswith(stored.EDGES):
            self._edge(key.removeprefix(stored.EDGES), None if gone else stored.decode_edge(value), stored_s, now)

    def on_snapshot(self, now: float) -> None:
        """Everything that the engine held when the session began has been told. Costs the number of all clients."""
        self._link = _Link.UP
        self._slow = False
        for id, own in list(self._own.items()):
            own.dirty = True
            self._reconcile(id, own, now)
        self._pulse_at = now
        self._beat(now)

    def on_written(self, key: str, revision: int, serial: int, now: float) -> None:
        """A write was taken."""
        id = stored.id_of(key)
        own = self._own.get(id)
        if own is None or own.flying != serial:
            return
        own.flying = 0
        if self._stored.get(id, _NOTHING).revision < revision:  # or else the feed has brought it already
            self._stored[id] = _Stored(revision, own.flown, mine=bool(own.flown))
            if not own.flown:
                self._forgets.set(id, now + self._ttl_s)
        self._reconcile(id, own, now)

    def on_refused(self, key: str, value: bytes | None, gone: bool, revision: int, serial: int, now: float) -> None:
        """A write was refused because the key is at another revision: `value` stands there (None: there is no key)."""
        id = stored.id_of(key)
        own = self._own.get(id)
        if own is None or own.flying != serial:
            return
        own.flying = 0
        if value is None:
            self._stored.pop(id, None)  # the engine has let it lapse
        else:
            self._apply(id, value, gone, revision, 0.0, now)
        if self._own.get(id) is own:
            self._reconcile(id, own, now)

    def on_down(self, reason: str, now: float) -> None:
        """The session has ended, or could not begin; `reason` in words. What waited for it is granted here."""
        self._link = _Link.DOWN
        self._why = reason
        self._pulse_at = self._echo_by = None
        self._out.clear()
        for id in self._answers.due(math.inf):
            own = self._own.get(id)
            if own is not None and own.lease is not None and not own.told:
                self._grant(own, own.lease)

    def writes(self) -> list[Write | Restart]:
        """What the engine is asked for, in order, each once."""
        out, self._out = self._out, []
        return out

    # --- inside ----------------------------------------------------------------------------------------------------

    def _apply(self, id: str, value: bytes, gone: bool, revision: int, stored_s: float, now: float) -> None:
        """What stands under a client's key, unless that is known already."""
        if revision <= self._stored.get(id, _NOTHING).revision:
            return
        entry = None if gone else stored.decode_client(value)
        if entry is None:
            self._stored[id] = _Stored(revision, "", mine=False)
            self._forgets.set(id, now + self._ttl_s)
        elif entry.node == self.place.node:
            self._stored[id] = _Stored(revision, entry.ws_id, mine=True)
        else:
            # Late by what its edge may have kept back, never early: it is that edge which knows.
            until = now - stored_s - entry.idle_s + self._ttl_s + self._renew_s
            self._stored[id] = _Stored(revision, entry.ws_id, False, entry.lease(now, stored_s), until)
        own = self._own.get(id)
        if own is None or not own.told:
            self._show(id, "expired" if gone and stored.decode_gone(value).reason == "expired" else "closed", now)
        if own is not None:
            self._reconcile(id, own, now)

    def _show(self, id: str, reason: Reason, now: float) -> None:
        """Bring the table in line with what another edge holds, and tell of it."""
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
        """Take the next step from what stands under the key to what this edge wants there."""
        if self._link is not _Link.UP or own.flying >= self._first:
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
        """The client is in: everybody here is told."""
        own.told = True
        self._answers.discard(lease.id)
        self._table.set(lease, own.seen + self._ttl_s)
        self._notices.append(Joined(lease))

    def _give_up(self, id: str, own: _Own, reason: Reason, now: float) -> None:
        """The client is gone: tell if it was granted, and clear its key."""
        lease, own.lease = own.lease, None
        own.reason = reason
        own.dirty = False
        self._answers.discard(id)
        self._renewals.discard(id)
        if own.told and lease is not None:
            self._table.end(id)
            self._notices.append(Left(id, lease.role, lease.edge, reason))
        own.told = False
        if self._link is not _Link.UP:  # others go on believing in it: they have to be told later, by the key
            self._forgets.set(id, now + self._ttl_s)
        self._reconcile(id, own, now)

    def _edge(self, node: str, entry: stored.EdgeEntry | None, stored_s: float, now: float) -> None:
        """An edge runs, or has gone."""
        if entry is None:
            self._edges.pop(node, None)
            self._alive.discard(node)
        elif node == self.place.node:
            if self._link is _Link.UP:
                self._echo_by = None
                self._slow = False
        elif stored_s < PULSES * self._pulse_s:
            self._edges[node] = entry
            self._alive.set(node, now + PULSES * self._pulse_s - stored_s)

    def _beat(self, now: float) -> None:
        """Say that this edge runs, and listen for the echo."""
        if self._pulse_at is not None and now >= self._pulse_at:
            self._pulse_at = now + self._pulse_s
            if self._echo_by is None:
                self._echo_by = now + ECHO_S
            key = stored.EDGES + self.place.node
            keep_s = math.ceil(PULSES * self._pulse_s) + 2
            place = self.place
            entry = stored.EdgeEntry(edge=place.edge, node=place.node, location=place.location, url=self.url)
            self._out.append(Write(key, stored.encode(entry), None, False, keep_s, self._next()))
        if self._echo_by is not None and now >= self._echo_by:
            self._echo_by = None
            self._slow = True
            self._out.append(Restart(f"no answer for {ECHO_S:g} s"))
