"""Routing: a message of one client reaches another, at this edge or at the one that holds its lease."""

from __future__ import annotations

import msgspec

from formant_net.protocol import codec
from formant_net.protocol import messages as m
from formant_net.protocol.errors import ProtocolError
from formant_net.server.clients import Client, Clients, Replies
from formant_net.server.content import Content
from formant_net.server.discovery import Counters
from formant_net.server.outputs import Outbox
from formant_net.server.registry import bus
from formant_net.server.registry.leases import Place
from formant_net.server.registry.registry import Registry

Routed = m.Offer | m.Answer | m.IceCandidate


class Routing:
    """Passes messages on. Each costs two dict accesses and one encoding, however many clients and edges there are."""

    def __init__(
        self,
        clients: Clients,
        registry: Registry,
        outbox: Outbox,
        place: Place,
        counters: Counters,
        content: Content,
    ) -> None:
        self._clients = clients
        self._registry = registry
        self._out = outbox
        self._place = place
        self._counters = counters
        self._content = content
        self.owed: set[int] = set()
        """Synths whose offer could not be passed on because other edges cannot be reached: they get a list later."""

    def route(self, client: Client, message: Routed, now: float) -> None:
        """Check a message of a client and pass it on. Raises ProtocolError: what is wrong with it, or with its target.

        Codes: "not-registered", "wrong-source", "wrong-role", "unknown-target", and those of `Content`.
        """
        try:
            self._route(client, message, now)
        except ProtocolError as error:
            error.target = message.target
            raise

    def _route(self, client: Client, message: Routed, now: float) -> None:
        about = codec.wire_name(message)
        client.check_source(message.source, about)
        if isinstance(message, m.IceCandidate):
            client.says_ice = isinstance(message, m.Ice)
        offers = isinstance(message, m.Offer)
        if client.role == "desk":
            raise ProtocolError("wrong-role", "a desk has no links: it steers through the server", about)
        if not isinstance(message, m.IceCandidate) and offers != (client.role == "synth"):
            raise ProtocolError(
                "wrong-role",
                "a synth sends offers and a controller sends answers: see docs/integrate/protocol.md",
                about,
            )
        if client.standing.guest and not offers:
            replies = client.callers.get(message.target)
            if replies is None:
                raise unknown(message.target, about)  # even if that id exists: a guest must not find out
            _count(replies, message, about)
        target = self._clients.holder(message.target)
        lease = None if target is not None else self._registry.find(message.target, now)
        there = target or lease
        if there is None or (lease is not None and lease.place.node == self._place.node):
            raise unknown(message.target, about)
        if there.role == client.role:
            raise ProtocolError(
                "wrong-role", f"{message.target} is also a {there.role}: a link needs a synth and a controller", about
            )
        message = self._content.clean(message)  # it costs the most, so it comes late
        if offers:
            self._content.count_offer(client, message.target, now, guest=there.standing.guest)
        stamped = msgspec.structs.replace(
            message,
            source=client.id,
            sender_id=client.id,
            timestamp=self._out.timestamp(now),
            settings=msgspec.UNSET if client.grant.settings else False,
            group=msgspec.UNSET if offers else client.standing.group or msgspec.UNSET,
        )
        if target is not None:
            self._counters.routed += 1
            if offers:
                target.called_by(client.id)
            self._out.send(target.conn, _spelled_for(target, stamped))
        elif lease is not None:
            if isinstance(stamped, m.Ice):  # between edges there is one spelling
                stamped, about = codec.spelled(stamped, ice=False), "ice-candidate"
            self._pass_on(client, stamped, lease.place, about)

    def relayed(self, relay: bus.Relay) -> None:
        """A message from a client of another edge for one of ours. It goes out as it came, without being read, unless
        it is a candidate that our client spells otherwise."""
        target = self._clients.holder(relay.target)
        if target is None:
            gone = bus.Undelivered(source=relay.source, target=relay.target, about=relay.about)
            self._out.post(relay.node, bus.encode(gone))
            return
        self._counters.routed += 1
        if relay.about == "offer":
            target.called_by(relay.source)
        frame = bytes(relay.frame).decode()
        if target.says_ice and relay.about == "ice-candidate":
            message = codec.decode_signaling(frame)
            if isinstance(message, m.IceCandidate):
                self._out.send(target.conn, _spelled_for(target, message))
                return
        self._out.send(target.conn, frame)

    def undelivered(self, source: str, target: str, about: str = "") -> None:
        """A message that was passed on has not found its target."""
        client = self._clients.holder(source)
        if client is not None:
            if about == "offer" and client.offers is not None:
                client.offers.give_back(target)
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
        frame = msgspec.Raw(codec.encode(stamped).encode())
        relay = bus.Relay(source=client.id, target=stamped.target, node=self._place.node, about=about, frame=frame)
        self._out.post(there.node, bus.encode(relay), (client.id, stamped.target))


def _count(replies: Replies, message: Routed, about: str) -> None:
    """Count what a guest says to a synth that has called it. Raises ProtocolError "too-fast"."""
    if isinstance(message, m.IceCandidate):
        replies.candidates -= 1
        left, what = replies.candidates, "candidates"
    else:
        replies.answers -= 1
        left, what = replies.answers, "answers"
    if left < 0:
        raise ProtocolError("too-fast", f"{message.target} gets no more {what} to one offer: wait for the next", about)


def unknown(target: str, about: str) -> ProtocolError:
    """Nobody has that id."""
    text = f"nobody is registered as {target}: do not wait for it"
    return ProtocolError("unknown-target", text, about, target=target)


def _spelled_for(target: Client, message: Routed) -> Routed:
    """A candidate is spelled as its receiver spells its own: some clients know `ice` alone, some `ice-candidate`."""
    return codec.spelled(message, ice=target.says_ice) if isinstance(message, m.IceCandidate) else message
