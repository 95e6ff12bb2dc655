"""The server core: who is told of whom, and what is passed from peer to peer.

A change goes in (`connect`, `receive_frame`, `alive`, `disconnect`, `on_deadline`), then everything that follows from
it is taken out with `drain()`: frames to send, sockets to close or to probe, events to log. A connection is an integer
that the shell chose and never uses again; once it is closed here, whatever else arrives from it is ignored. That alone
settles the late close of an old socket after its id has moved to a new one.

Out of scope: sockets (aio/server.py), who may register (admission.py), leases (registry.py), anything played: no touch
ever passes through here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from formant_net import bus
from formant_net import messages as m
from formant_net.access import Access
from formant_net.admission import Admission
from formant_net.clients import UNDECIDED, Client, Clients, State
from formant_net.content import Content
from formant_net.discovery import Counters, Discovery
from formant_net.door import Door
from formant_net.errors import ProtocolError
from formant_net.hub_outputs import CLOSE_DONE, Outbox, Output
from formant_net.ice import IceServers
from formant_net.limits import Limits
from formant_net.registry import Disputed, Joined, Lost, Registry
from formant_net.relays import Relays
from formant_net.routing import Routing
from formant_net.timing import Timing

__all__ = ["Counters", "Hub"]


_COST: dict[type, int] = {m.Register: 10, m.RequestControllers: 10}
"""Messages that make the server do more than pass one on, in messages."""


class Hub:
    """Discovery and routing of one edge, that of the registry.

    registry      where clients are leased
    access        the keys and tokens that open it
    make_secret   gives an unguessable text each time (`secrets.token_urlsafe`)
    ice_servers   what `registered` and GET /ice-servers hand out
    """

    def __init__(
        self,
        registry: Registry,
        access: Access,
        *,
        make_secret: Callable[[], str],
        ice_servers: IceServers | None = None,
        timing: Timing | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.place = registry.place
        self.counters = Counters()
        self._registry = registry
        self._limits = limits or Limits()
        self._out = Outbox()
        self._clients = Clients()
        self._door = Door(access, self._limits)
        self.addresses = self._door.addresses
        self._content = Content(self._limits)
        self._relays = Relays(ice_servers or IceServers(), self._clients, self._out)
        shared = (self._clients, registry, self._out, self.place, self.counters)
        self._discovery = Discovery(*shared)
        self._routing = Routing(*shared)
        self._admission = Admission(
            self._clients,
            registry,
            self._door,
            self._out,
            place=self.place,
            make_secret=make_secret,
            relays=self._relays,
            timing=timing or Timing(),
            limits=self._limits,
            errors=self.counters.errors,
            handle=self._handle,
        )

    # --- in --------------------------------------------------------------------------------------------------------

    def connect(self, conn: int, now: float, address: str = "") -> None:
        """A socket has opened, from `address` (an IP address; "" is counted with nobody)."""
        self._admission.connect(conn, now, address)

    def receive_frame(self, conn: int, frame: str | bytes, now: float) -> None:
        """A frame has arrived: text, or bytes if it was a binary one."""
        client = self._clients.get(conn)
        if client is None:
            return
        self._admission.alive(client, now)
        self.counters.received += 1
        try:
            self._charge(client, now)
            if isinstance(frame, bytes):
                raise ProtocolError("bad-message", "binary frames carry nothing here: send JSON as text frames")
            message = m.decode_signaling(frame, self._limits.message_bytes)
            client.allowance.charge(_COST.get(type(message), 0))
            self._handle(client, message, now)
        except ProtocolError as error:
            self._admission.refuse(client, error, now)
        self._settle(now)

    def receive(self, conn: int, message: m.Signaling | m.Unknown, now: float) -> None:
        """The same for a message that is decoded already."""
        client = self._clients.get(conn)
        if client is None:
            return
        self._admission.alive(client, now)
        self.counters.received += 1
        try:
            self._handle(client, message, now)
        except ProtocolError as error:
            self._admission.refuse(client, error, now)
        self._settle(now)

    def alive(self, conn: int, now: float) -> None:
        """A sign of life that is not a message, such as a WebSocket pong."""
        client = self._clients.get(conn)
        if client is not None:
            self._admission.alive(client, now)
            self._settle(now)

    def disconnect(self, conn: int, now: float) -> None:
        """A socket has closed, for whatever reason."""
        client = self._clients.get(conn)
        if client is not None:
            if client.state is State.REGISTERED:
                self._out.event("info", f"{client.role} left", id=client.id)
            self._admission.remove(client, now)
            self._settle(now)

    def kick(self, client_id: str, reason: str, now: float) -> bool:
        """Send a client away for good (the operator's hand: no wire message does this). False if it is not here."""
        client = self._clients.holder(client_id)
        if client is None:
            return False
        self._out.event("info", f"{client.role} kicked", id=client.id, reason=reason)
        self._out.send(client.conn, m.Kicked(reason=reason))
        self._out.close(client.conn, CLOSE_DONE, "kicked")
        self._admission.remove(client, now)
        self._settle(now)
        return True

    def wind_down(self, within_s: float, now: float) -> None:
        """This edge is about to stop: everybody is asked to go elsewhere, newcomers are refused, routing goes on."""
        self._admission.closing = True
        if conns := tuple(client.conn for client in self._clients.registered()):
            self._out.send(conns, m.Move(within_s=within_s))
        self._out.event("info", "asking clients to move", clients=len(conns), within_s=within_s)

    def on_deadline(self, now: float) -> None:
        """Time has passed: leases expire, the silent are probed and then dropped."""
        self._registry.expire(now)
        self._admission.on_deadline(now)
        self._relays.on_deadline(now)
        self._settle(now)

    def on_access(self, now: float) -> None:
        """Keys were changed: whoever came in by one that is no longer valid has to go."""
        self._admission.on_access(now)
        self._settle(now)

    def on_registry(self, now: float) -> None:
        """The registry has news of its own (a shared one, from other edges)."""
        self._settle(now)
        if self._routing.owed and self._registry.online:
            owed, self._routing.owed = self._routing.owed, set()
            for client in filter(None, map(self._clients.get, owed)):
                self._discovery.list_controllers(client, now)

    def on_bus(self, payload: bytes, now: float) -> None:
        """A message from another edge."""
        try:
            match bus.decode(payload):
                case bus.Relay() as relay:
                    self._routing.relayed(relay)
                case bus.Undelivered(source=source, target=target, about=about):
                    self._routing.undelivered(source, target, about)
                case bus.Claim() as claim:
                    self._admission.claimed(claim, now)
                case bus.Verdict() as verdict:
                    self._admission.verdict(verdict, now)
        except ProtocolError as error:
            self._out.event("warning", "message of another edge ignored", reason=error.message)
        self._settle(now)

    def on_unreachable(self, node: str, about: tuple[str, str] | tuple[()], now: float) -> None:
        """A `Post` did not arrive: that run of an edge is gone."""
        if about:
            self._routing.undelivered(*about)
        self._admission.unreachable(node, now)
        self._settle(now)

    # --- out -------------------------------------------------------------------------------------------------------

    def drain(self) -> list[Output]:
        """Everything to do, in order; each is handed out once."""
        return self._out.drain()

    def next_deadline(self) -> float | None:
        """When `on_deadline` has something to do, or None."""
        parts = (self._admission, self._registry, self._discovery, self._relays)
        return min((moment for part in parts if (moment := part.next_deadline()) is not None), default=None)

    def ice_servers_for(self, key: str | None, address: str, now: float) -> list[dict[str, Any]]:
        """The answer to GET /ice-servers: relays that need a password are told only to those who know the key."""
        return self._relays.asked(self._door.knows(key, address, now, self._out.wall(now)), now)

    @property
    def edge(self) -> str:
        """The name of this server in lists and notices."""
        return self.place.edge

    @property
    def wall_offset_s(self) -> float:
        """Wall clock minus `now`. The shell sets it, again and again: a wall clock may be put right at any time."""
        return self._out.wall_offset_s

    @wall_offset_s.setter
    def wall_offset_s(self, offset_s: float) -> None:
        self._out.wall_offset_s = offset_s

    def clients(self) -> dict[str, m.Role]:
        """The registered ids and their roles."""
        return {client.id: client.role for client in self._clients.registered()}

    def edges(self) -> list[str]:
        """The names of the other edges that run, as far as is known."""
        return sorted(place.edge for place in self._registry.others())

    def other_sockets(self) -> list[str]:
        """Where the pages of this edge may go: origins of the other edges' WebSockets, `ws://HOST:PORT`."""
        return [f"ws{url.removeprefix('http').rstrip('/')}" for url in self._registry.urls()]

    def degraded(self) -> list[str]:
        """What does not work at the moment, in words."""
        faults = [self._registry.degraded()]
        if self._admission.closing:
            faults.append("stopping: clients are asked to move and new ones are refused")
        if len(self._clients) >= self._limits.clients:
            faults.append(f"full: {self._limits.clients} clients are connected and new ones are refused")
        return [fault for fault in faults if fault]

    # --- messages --------------------------------------------------------------------------------------------------

    def _handle(self, client: Client, message: m.Signaling | m.Unknown, now: float) -> None:
        if client.state in UNDECIDED:
            self._admission.hold(client, message)
            return
        match message:
            case m.Unknown():
                self.counters.unknown_types += 1
            case m.Register():
                self._admission.register(client, message, now)
            case m.Heartbeat():
                self._check_source(client, message.source, message)  # its life counted when it arrived
            case m.RequestControllers():
                self._check_source(client, message.source, message)
                self._discovery.list_controllers(client, now)
            case m.Offer() | m.Answer() | m.IceCandidate():
                self._check_source(client, message.source, message)
                self._content.check(client, message, now)
                self._routing.route(client, message, now)
            case _:
                name = m.wire_name(message)
                raise ProtocolError("wrong-way", f"only a server sends {name}: see docs/protocol.md", name)

    def _check_source(self, client: Client, source: str | None, message: m.Message) -> None:
        about = m.wire_name(message)
        if client.state is not State.REGISTERED:
            raise ProtocolError("not-registered", "send `register` with a client_id first", about)
        if source is not None and source != client.id:
            raise ProtocolError("wrong-source", f"this connection is {client.id}: leave `source` out or say so", about)

    def _charge(self, client: Client, now: float) -> None:
        """Take one message off the allowances of the client and of its address."""
        if not client.allowance.take(now):
            if client.state is State.NEW:
                text = f"{self._limits.newcomer_messages} messages are heard before `register`: register first"
                raise ProtocolError("too-fast", text, fatal=True)
            text = f"more than {self._limits.rate_per_s:g} messages a second are dropped: send less"
            raise ProtocolError("too-fast", text, fatal=client.allowance.refused > self._limits.burst)
        if not self.addresses.message(client.address, now):
            rate = self._limits.address_rate_per_s
            raise ProtocolError(
                "too-fast", f"more than {rate:g} messages a second from your address are dropped: send less"
            )

    def _settle(self, now: float) -> None:
        """Do what follows from changes in the registry, and tell the synths."""
        while notices := self._registry.drain():
            for notice in notices:
                match notice:
                    case Disputed():
                        self._admission.disputed(notice, now)
                    case Lost():
                        self._admission.lost(notice, now)
                    case _:
                        if isinstance(notice, Joined):
                            self._admission.joined(notice.lease, now)
                        self._discovery.changed(notice, now)
        self._discovery.tell(now)
