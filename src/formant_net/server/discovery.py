"""Discovery: which controllers a synth is told of, in which order, and when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec
from msgspec import UNSET

from formant_net.protocol import codec
from formant_net.protocol import messages as m
from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.location import distance_km
from formant_net.server.clients import Client, Clients
from formant_net.server.outputs import Outbox
from formant_net.server.registry.leases import Lease, Place
from formant_net.server.registry.registry import Joined, Left, Registry
from formant_net.timers.allowance import Allowance

LIST_BYTES = codec.MAX_SIGNALING_BYTES - 2048
"""Bytes of one list: a client reads at most MAX_SIGNALING_BYTES. It holds about 500 controllers with a name each."""
NOTICES_PER_S = 100.0
NOTICES = 20
"""A few joins are sent at once. In a storm they are collected and sent this many times a second."""
_encoder = msgspec.json.Encoder()


@dataclass(slots=True)
class Counters:
    """What happened since the start, for /healthz."""

    received: int = 0
    routed: int = 0
    relayed: int = 0
    """Messages passed on to another edge; `routed` counts those for clients of this one."""
    unknown_types: int = 0
    joined: int = 0
    left: int = 0
    expired: int = 0
    errors: Counter[str] = field(default_factory=Counter)


class Discovery:
    """Tells the synths of one edge of the controllers of all edges."""

    def __init__(self, clients: Clients, registry: Registry, outbox: Outbox, place: Place, counters: Counters) -> None:
        self._clients = clients
        self._registry = registry
        self._out = outbox
        self._place = place
        self._counters = counters
        self._allowance: Allowance | None = None
        self._news: dict[str, m.Message] = {}
        self._tell_at: float | None = None

    def list_controllers(self, client: Client, now: float, after: str | None = None) -> None:
        """The controllers, as many as a message holds: no guests first, then own edge, then by distance, then as they
        came. With `after` the list goes on after that id; from the beginning, if that one has gone.

        Costs the number of edges and of controllers that are named or passed over, not of those that there are.
        Raises ProtocolError "wrong-role".
        """
        if client.role != "synth":
            raise ProtocolError("wrong-role", "only synths ask for controllers: wait for offers", "request-controllers")
        ids: list[str] = []
        details: dict[str, msgspec.Raw] = {}
        room = LIST_BYTES
        more = False
        for lease in self._after(after, now):
            detail = _encoder.encode(self._detail(lease, now))
            room -= 2 * len(lease.id) + len(detail) + 8
            if room < 0:
                more = True
                break
            ids.append(lease.id)
            details[lease.id] = msgspec.Raw(detail)
        total = self._registry.count("controller")
        self._out.send(
            client.conn,
            m.ControllersList(
                controllers=ids,
                details=details,  # type: ignore[arg-type]  # encoded once, above
                timestamp=self._out.timestamp(now),
                total=total if total > len(ids) else UNSET,
                more=more or UNSET,
                after=after or UNSET,
            ),
        )

    def _after(self, id: str | None, now: float) -> Iterator[Lease]:
        """All controllers in the order of a list; those after `id`, if it is among them."""
        last = self._registry.find(id, now) if id is not None else None
        if last is None or last.role != "controller":
            yield from self._in_order(now)
            return
        leases = self._in_order(now)
        for lease in leases:
            if lease.id == id:
                break
        yield from leases

    def _in_order(self, now: float) -> Iterator[Lease]:
        places = sorted(self._registry.places("controller"), key=self._distance)
        for guests in (False, True):
            for place in places:
                yield from self._registry.at(place, "controller", now, guests=guests)

    def changed(self, notice: Joined | Left, now: float) -> None:
        """A client has come or gone. Costs one message to every synth of this edge, or less in a storm."""
        message: m.Message
        timestamp = self._out.timestamp(now)
        if isinstance(notice, Joined):
            lease = notice.lease
            if lease.role != "controller":
                return
            self._counters.joined += 1
            id = lease.id
            location = lease.place.location or UNSET
            message = m.ControllerJoined(
                controller_id=id,
                timestamp=timestamp,
                edge=lease.edge,
                location=location,
                meta=dict(lease.meta) if lease.meta else UNSET,
                settings=False if lease.standing.guest else UNSET,
                group=lease.standing.group or UNSET,
            )
        else:
            if notice.role != "controller":
                return
            self._counters.left += 1
            self._counters.expired += notice.reason == "expired"
            id = notice.id
            message = m.ControllerLeft(controller_id=id, timestamp=timestamp, edge=notice.edge)
        # What came after it replaces it: a synth has to know only how it ended.
        self._news.pop(id, None)
        self._news[id] = message

    def tell(self, now: float) -> None:
        """Tell the synths what has changed, now or a moment later."""
        if not self._news or (self._tell_at is not None and now < self._tell_at):
            return
        if self._allowance is None:
            self._allowance = Allowance(NOTICES_PER_S, NOTICES, now)
        if not self._allowance.take(now):
            self._tell_at = now + 1.0 / NOTICES_PER_S
            return
        self._tell_at = None
        news, self._news = tuple(self._news.values()), {}
        if synths := self._clients.synths:
            self._out.send_all(synths, news)

    def next_deadline(self) -> float | None:
        """When `tell` has something to do, or None."""
        return self._tell_at

    def _distance(self, place: Place) -> tuple[bool, float, str]:
        return place.edge != self._place.edge, distance_km(place.location, self._place.location), place.edge

    @staticmethod
    def _detail(lease: Lease, now: float) -> m.ControllerDetail:
        return m.ControllerDetail(
            edge=lease.edge,
            age_s=round(max(0.0, now - lease.since), 3),
            meta=dict(lease.meta),
            location=lease.place.location or UNSET,
            settings=False if lease.standing.guest else UNSET,
            group=lease.standing.group or UNSET,
        )
