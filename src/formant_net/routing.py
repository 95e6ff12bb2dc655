"""Routing: a message of one client reaches another, at this edge or at the one that holds its lease."""

from __future__ import annotations

import msgspec

from formant_net import bus
from formant_net import messages as m
from formant_net.clients import Client, Clients
from formant_net.discovery import Counters
from formant_net.errors import ProtocolError
from formant_net.hub_outputs import Outbox
from formant_net.leases import Place
from formant_net.registry import Registry

Routed = m.Offer | m.Answer | m.IceCandidate


class Routing:
    """Passes messages on. Each costs two dict accesses and one encoding, however many clients and edges there are."""

    def __init__(self, clients: Clients, registry: Registry, outbox: Outbox, place: Place, counters: Counters) -> None:
        self._clients = clients
        self._registry = registry
        self._out = outbox
        self._place = place
        self._counters = counters
        self.owed: set[int] = set()
        """Synths whose offer could not be passed on because other edges cannot be reached: they get a list later."""

    def route(self, client: Client, message: Routed, now: float) -> None:
        """A message of a registered client. Raises ProtocolError ("unknown-target", "wrong-role")."""
        about = m.wire_name(message)
        offers = isinstance(message, m.Offer)
        if not isinstance(message, m.IceCandidate) and offers != (client.role == "synth"):
            raise ProtocolError("wrong-role", "a synth offers and a controller answers, never the other way", about)
        target = self._clients.holder(message.target)
        lease = None if target is not None else self._registry.find(message.target, now)
        there = target or lease
        if there is None or (lease is not None and lease.place.node == self._place.node):
            raise unknown(message.target, about)
        if there.role == client.role:
            raise ProtocolError(
                "wrong-role", f"{message.target} is a {there.role} too: there is no link to make", about
            )
        stamped = msgspec.structs.replace(
            message,
            source=client.id,
            sender_id=client.id,
            timestamp=self._out.timestamp(now),
            settings=msgspec.UNSET if client.grant.settings else False,
        )
        if target is not None:
            self._counters.routed += 1
            self._out.send(target.conn, stamped)
        elif lease is not None:
            self._pass_on(client, stamped, lease.place, about)

    def relayed(self, relay: bus.Relay) -> None:
        """A message from a client of another edge for one of ours. It goes out as it came, without being read."""
        target = self._clients.holder(relay.target)
        if target is None:
            gone = bus.Undelivered(source=relay.source, target=relay.target, about=relay.about)
            self._out.post(relay.node, bus.encode(gone))
            return
        self._counters.routed += 1
        self._out.send(target.conn, bytes(relay.frame).decode())

    def undelivered(self, source: str, target: str, about: str = "") -> None:
        """A message that was passed on has not found its target."""
        client = self._clients.holder(source)
        if client is not None:
            error = unknown(target, about)
            self._counters.errors[error.code] += 1
            self._out.error(client.conn, error)

    def _pass_on(self, client: Client, stamped: Routed, there: Place, about: str) -> None:
        if not self._registry.online:
            if client.role == "synth":
                self.owed.add(client.conn)
            raise ProtocolError(
                "unknown-target",
                f"{stamped.target} is at edge {there.edge}, which cannot be reached from here now: wait for a new list",
                about,
            )
        self._counters.relayed += 1
        frame = msgspec.Raw(m.encode(stamped).encode())
        relay = bus.Relay(source=client.id, target=stamped.target, node=self._place.node, about=about, frame=frame)
        self._out.post(there.node, bus.encode(relay), (client.id, stamped.target))


def unknown(target: str, about: str) -> ProtocolError:
    """Nobody has that id."""
    return ProtocolError("unknown-target", f"nobody is registered as {target}: do not wait for it", about)
