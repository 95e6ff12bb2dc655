"""Discovery: which controllers a synth is told of, in which order, and when."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import msgspec
from msgspec import UNSET

from formant_net import messages as m
from formant_net.allowance import Allowance
from formant_net.clients import Client, Clients
from formant_net.errors import ProtocolError
from formant_net.hub_outputs import Outbox
from formant_net.leases import Lease, Place
from formant_net.location import distance_km
from formant_net.registry import Joined, Left, Registry

LIST_BYTES = m.MAX_SIGNALING_BYTES - 2048
"""What a list may take: a client reads no more than MAX_SIGNALING_BYTES. About 500 controllers with a name each."""
NOTICES_PER_S = 100.0
NOTICES = 20
"""A few joins are told at once; in a storm, what has come together is told so many times a second."""
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

    def list_controllers(self, client: Client, now: float) -> None:
        """The controllers, nearest first: own edge, then by distance, then as they came; as many as a message holds.

        Costs the number of edges and of controllers that are named, not of those that there are.
        Raises ProtocolError "wrong-role".
        """
        if client.role != "synth":
            raise ProtocolError("wrong-role", "only synths ask for controllers: wait for offers", "request-controllers")
        ids: list[str] = []
        details: dict[str, msgspec.Raw] = {}
        room = LIST_BYTES
        for place in sorted(self._registry.places("controller"), key=self._distance):
            for lease in self._registry.at(place, "controller", now):
                detail = _encoder.encode(self._detail(lease, now))
                room -= 2 * len(lease.id) + len(detail) + 8
                if room < 0:
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
            ),
        )

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
        )
