"""The server core: it takes every change, hands it to the part that it concerns, and returns what is to be done.

A change goes in (`connect`, `receive_frame`, `alive`, `disconnect`, `on_deadline`), then everything that follows from
it is taken out with `drain()`: frames to send, sockets to close or to probe, events to log. A connection is an integer
that the shell chose and never uses again. After the hub has closed it, everything else that arrives from it is ignored.
So an old socket that closes late, after its id has moved to a new one, does no harm.

Out of scope: sockets (aio/server/server.py), and anything played: no touch ever passes through here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from formant_net.fleet.agreed import Agreed
from formant_net.fleet.document import Document
from formant_net.protocol import codec, steering
from formant_net.protocol import messages as m
from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.ice import IceServers
from formant_net.protocol.standing import Standing
from formant_net.protocol.timing import Timing
from formant_net.server.access.door import Door
from formant_net.server.access.join_keys import Access
from formant_net.server.access.limits import Limits
from formant_net.server.clients import BEAT_CHARS, UNDECIDED, Client, Clients, State
from formant_net.server.content import Content
from formant_net.server.desks.steering import Steering
from formant_net.server.discovery import Counters, Discovery
from formant_net.server.edges.elsewhere import Elsewhere
from formant_net.server.health.levels import Levels
from formant_net.server.health.newest import Newest
from formant_net.server.id_contest import IdContest
from formant_net.server.liveness import Liveness
from formant_net.server.outputs import CLOSE_DONE, Outbox, Output
from formant_net.server.rates import Rates
from formant_net.server.registration import Registration
from formant_net.server.registry import bus
from formant_net.server.registry.registry import Disputed, Joined, Left, Lost, Registry
from formant_net.server.relays import Relays
from formant_net.server.routing import Routing

__all__ = ["Counters", "Hub"]


class Hub:
    """Discovery and routing of one edge, that of the registry.

    registry      where clients are leased
    access        the keys and tokens that open it
    make_secret   gives an unguessable text each time (`secrets.token_urlsafe`)
    ice_servers   what `registered` and GET /ice-servers hand out
    fleet         what is wanted of the boxes; None: this edge has no desk
    agreed        the same, for an edge that agrees on it with others
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
        fleet: Document | None = None,
        agreed: Agreed | None = None,
    ) -> None:
        timing = timing or Timing()
        self.place = registry.place
        self.counters = Counters()
        self._registry = registry
        self._moved = True
        self._limits = limits or Limits()
        self._out = Outbox()
        self._clients = Clients()
        self._door = Door(access, self._limits)
        self.addresses = self._door.addresses
        self._rates = Rates(self._limits, self.addresses)
        self._relays = Relays(ice_servers or IceServers(), self._clients, self._out)
        shared = (self._clients, registry, self._out, self.place, self.counters)
        self._discovery = Discovery(*shared)
        self._routing = Routing(*shared, Content(self._limits))
        self._elsewhere = Elsewhere(registry, self._out) if agreed is not None else None
        self.steering = Steering(self._clients, self._out, fleet, agreed, self._elsewhere)
        self.health = Newest(self._clients, self._out)
        self._levels = Levels(self._clients, self._out, self._elsewhere)
        self._contest = IdContest(self._clients, registry, self._out, self.place.node, timing)
        self._liveness = Liveness(self._clients, self._out, timing, self._limits)
        self._registration = Registration(
            self._clients,
            registry,
            self._out,
            self._contest,
            self._liveness,
            door=self._door,
            place=self.place,
            make_secret=make_secret,
            relays=self._relays,
            timing=timing,
            limits=self._limits,
            errors=self.counters.errors,
        )

    # --- in --------------------------------------------------------------------------------------------------------

    def connect(self, conn: int, address: str, now: float) -> None:
        """A socket has opened, from `address` (an IP address; "" is counted with nobody)."""
        self._moved = True
        self._registration.connect(conn, address, now)

    def receive_frame(self, conn: int, frame: str | bytes, now: float) -> None:
        """A frame has arrived: text, or bytes if it was a binary one."""
        client = self._clients.get(conn)
        if client is None:
            return
        self._heard(client, now)
        self.counters.received += 1
        try:
            self._rates.message(client, now)
            if frame == client.beat:
                self._settle(now)  # a heartbeat as the last one: its life counted
                return
            if isinstance(frame, bytes):
                raise ProtocolError("bad-message", "binary frames are not used: send JSON in text frames")
            message = codec.decode_signaling(frame, self._limits.message_bytes)
            self._rates.charge(client, message)
            self._handle(client, message, now)
            if isinstance(message, m.Heartbeat) and client.state is State.REGISTERED and len(frame) <= BEAT_CHARS:
                client.beat = frame
        except ProtocolError as error:
            self._moved = True
            if error.code == "too-fast" and not error.about and self._registration.would_say(client, now):
                error.about, error.request = codec.asked_in(frame)
            self._registration.refuse(client, error, now)
        self._settle(now)

    def alive(self, conn: int, now: float) -> None:
        """A sign of life that is not a message, such as a WebSocket pong."""
        client = self._clients.get(conn)
        if client is not None:
            self._heard(client, now)
            self._settle(now)

    def disconnect(self, conn: int, now: float) -> None:
        """A socket has closed, for whatever reason."""
        client = self._clients.get(conn)
        if client is not None:
            self._moved = True
            if client.state is State.REGISTERED:
                self._out.event("info", f"{client.role} left", id=client.id)
            self._registration.remove(client, now)
            self._settle(now)

    def kick(self, client_id: str, reason: str, now: float) -> bool:
        """Send a client away for good (the operator's hand: no wire message does this). False if it is not here."""
        self._moved = True
        client = self._clients.holder(client_id)
        if client is None:
            return False
        self._out.event("info", f"{client.role} kicked", id=client.id, reason=reason)
        self._out.send(client.conn, m.Kicked(reason=reason))
        self._out.close(client.conn, CLOSE_DONE, "kicked")
        self._registration.remove(client, now)
        self._settle(now)
        return True

    def wind_down(self, within_s: float, now: float) -> None:
        """This edge is about to stop: clients are asked to move, newcomers are refused, routing goes on."""
        self._moved = True
        self._registration.closing = True
        if conns := tuple(client.conn for client in self._clients.registered()):
            self._out.send(conns, m.Move(within_s=within_s))
        self._out.event("info", "asking clients to move", clients=len(conns), within_s=within_s)

    def on_deadline(self, now: float) -> None:
        """Time has passed: the silent are probed and then dropped, contests end, leases of dead edges expire."""
        self._moved = True
        self._registry.expire(now)
        for over in self._liveness.due(now):
            self._registration.end(over, now)
        for outcome in self._contest.due(now):
            self._registration.decide(outcome, now)
        self._relays.on_deadline(now)
        self.steering.on_deadline(now)
        self._levels.on_deadline(now)
        self._settle(now)

    def on_access(self, now: float) -> None:
        """Keys were changed: clients whose key is no longer valid are sent away."""
        self._moved = True
        self._registration.on_access(now)
        self._settle(now)

    def on_registry(self, now: float) -> None:
        """The registry has news of its own (a shared one, from other edges)."""
        self._moved = True
        self._settle(now)
        self.steering.edges_changed(now)
        self._levels.edges_changed(now)
        self._forget()
        if self._routing.owed and self._registry.online:
            owed, self._routing.owed = self._routing.owed, set()
            for client in filter(None, map(self._clients.get, owed)):
                self._discovery.list_controllers(client, now)

    def on_bus(self, payload: bytes, now: float) -> None:
        """A message from another edge."""
        self._moved = True
        try:
            match bus.decode(payload):
                case bus.Relay() as relay:
                    self._routing.relayed(relay)
                case bus.Undelivered(source=source, target=target, about=about):
                    self._routing.undelivered(source, target, about)
                case bus.Claim() as claim:
                    self._contest.claimed(claim, now)
                case bus.Verdict() as verdict:
                    self._registration.decide(self._contest.verdict(verdict), now)
                case bus.Watch() | bus.BoxNews() | bus.Followed() | bus.Identify() as news:
                    self.steering.heard(news)
                    if isinstance(news, bus.Watch) and news.on and self._elsewhere is not None:
                        for id, (health, age_s) in self.health.own(now).items():
                            self._elsewhere.said(id, health, age_s, news.node)
                case bus.Meter() as asked:
                    if self._elsewhere is not None:
                        self._elsewhere.meterer(asked)
                        self._levels.edges_changed(now)
                case bus.LevelNews(peak_db=peak_db):
                    self._levels.heard(peak_db, now)
                case bus.HealthNews(id=id, age_s=age_s, health=health):
                    if self._clients.holder(id) is None:  # else it has moved here, and has said something newer
                        self.health.put(id, health, now, age_s)
        except ProtocolError as error:
            self._out.event("warning", "message of another edge ignored", reason=error.message)
        self._settle(now)

    def on_unreachable(self, node: str, about: tuple[str, str] | tuple[()], now: float) -> None:
        """A `Post` did not arrive: that run of an edge is gone."""
        self._moved = True
        if about:
            self._routing.undelivered(*about)
        if self._elsewhere is not None:
            self._elsewhere.gone(node, now)
            self._levels.edges_changed(now)
        for outcome in self._contest.unreachable(node):
            self._registration.decide(outcome, now)
        self._settle(now)

    # --- out -------------------------------------------------------------------------------------------------------

    def drain(self) -> list[Output]:
        """Everything to do, in order; each is handed out once. What the registry wants of its engine comes last."""
        outputs = self._out.drain()
        if writes := self._registry.writes():
            outputs += writes
        if kept := self.steering.writes():
            outputs += kept
        return outputs

    def next_deadline(self) -> float | None:
        """When `on_deadline` has something to do, or None."""
        earliest = self._liveness.next_deadline()  # no generator and no `min`: this is asked after each message
        for moment in (
            self._contest.next_deadline(),
            self._registry.next_deadline(),
            self._discovery.next_deadline(),
            self._relays.next_deadline(),
            self.steering.next_deadline(),
            self._levels.next_deadline(),
        ):
            if moment is not None and (earliest is None or moment < earliest):
                earliest = moment
        return earliest

    def moved(self) -> bool:
        """Whether `next_deadline` may be earlier than at the last call. Heartbeats and routed messages leave it."""
        moved, self._moved = self._moved, False
        return moved

    def ice_servers_for(
        self, key: str | None, address: str, now: float, *, in_url: bool = False
    ) -> list[dict[str, Any]]:
        """The answer to GET /ice-servers: relays that need a password are told only to those who know the key.

        in_url    the key stood in the URL (`Door.admit`)
        """
        return self._relays.asked(self._door.knows(key, address, now, self._out.wall(now), in_url=in_url), now)

    def may_scrape(self, given: str | None, token: str | None, address: str, now: float) -> bool:
        """Whether somebody who gives this key or token may read the metrics; `token`: the one made for that."""
        return self._door.may_scrape(given, token, address, now, self._out.wall(now))

    @property
    def edge(self) -> str:
        """The name of this server in lists and notices."""
        return self.place.edge

    @property
    def wall_offset_s(self) -> float:
        """Wall clock minus `now`. The shell sets it regularly, because a wall clock may be corrected at any time."""
        return self._out.wall_offset_s

    @wall_offset_s.setter
    def wall_offset_s(self, offset_s: float) -> None:
        self._out.wall_offset_s = offset_s

    def standing(self, conn: int) -> Standing | None:
        """The standing of a connection; None: it has not registered."""
        client = self._clients.get(conn)
        return client.standing if client is not None and client.state is State.REGISTERED else None

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
        faults = [self._registry.degraded(), self._desk_fault()]
        if self._registration.closing:
            faults.append("stopping: clients are asked to move and new ones are refused")
        if self._registration.full:
            faults.append(f"full: {self._limits.clients} clients are connected and new ones are refused")
        return [fault for fault in faults if fault]

    # --- inside ----------------------------------------------------------------------------------------------------

    def _desk_fault(self) -> str | None:
        """Why no desk can change anything, unless the registry's own fault says it."""
        fault = self.steering.fault
        return f"no desk can change anything: {fault}" if fault and self._registry.online else None

    def _heard(self, client: Client, now: float) -> None:
        """A sign of life."""
        client.seen = now
        if client.state is State.REGISTERED:
            self._registry.touch(client.id, client.ws_id, now)
            self._moved |= self._registry.touch_moves_deadlines
            if (beaten := self._contest.alive(client)) is not None:
                self._moved = True
                self._registration.decide(beaten, now)

    def _handle(self, client: Client, message: codec.Signaling | m.Unknown, now: float) -> None:
        if client.state in UNDECIDED:
            self._registration.hold(client, message)
            return
        # The first cases leave all deadlines as they are: of a heartbeat the registry was told already.
        match message:
            case m.Offer() | m.Answer() | m.IceCandidate():
                self._routing.route(client, message, now)
            case m.Heartbeat():
                client.check_source(message.source, "heartbeat")  # its life counted when it arrived
            case m.RequestControllers():
                client.check_source(message.source, "request-controllers")
                self._discovery.list_controllers(client, now, message.after)
            case m.Register():
                self._moved = True
                client.beat = None  # it may have another id now
                self._registration.register(client, message, now)
            case m.Unknown():
                self.counters.unknown_types += 1
            case steering.Level():
                client.check_source(None, "level")
                self._moved |= self._levels.take(client, message, now)
            case steering.DeskMeters():
                self._moved = True
                client.check_source(None, "desk-meters")
                self._levels.watch(client, message, now)
            case steering.Health():
                self.health.take(client, message, now)
                if self._elsewhere is not None:
                    self._elsewhere.said(client.id, message)
            case _ if isinstance(message, steering.Steering):
                self._moved = True
                self.steering.handle(client, message, now)
                if isinstance(message, steering.DeskOpen) and message.health:
                    self.health.watch(client, now)
            case _:
                name = codec.wire_name(message)
                raise ProtocolError("wrong-way", f"only a server sends {name}: see docs/integrate/protocol.md", name)

    def _settle(self, now: float) -> None:
        """Act on changes in the registry, and tell the synths."""
        while notices := self._registry.drain():
            self._moved = True
            for notice in notices:
                match notice:
                    case Disputed():
                        self._registration.disputed(notice, now)
                    case Lost():
                        self._registration.lost(notice, now)
                    case Joined() | Left():
                        if isinstance(notice, Joined):
                            self._begin(self._registration.granted(notice.lease, now), now)
                        self._discovery.changed(notice, now)
                        if self._elsewhere is not None:
                            self._moved_box(notice, now)
        self._discovery.tell(now)
        if self._clients.changes:
            changes, self._clients.changes = self._clients.changes, []
            for client, here in changes:
                (self.steering.arrived if here else self.steering.left)(client, now)
                (self.health.arrived if here else self.health.left)(client, now)
                (self._levels.arrived if here else self._levels.left)(client, now)
        self._forget()

    def _forget(self) -> None:
        """Forget the health of boxes that a desk has deleted, at any edge."""
        forgotten, self.steering.forgotten = self.steering.forgotten, []
        for id in forgotten:
            self.health.forget(id)

    def _moved_box(self, notice: Joined | Left, now: float) -> None:
        """A box has come to another edge, or has left one."""
        id, role = (notice.lease.id, notice.lease.role) if isinstance(notice, Joined) else (notice.id, notice.role)
        if role == "synth":
            lease = self._registry.find(id, now)
            if lease is None or lease.place.node != self.place.node:
                self.steering.elsewhere(id, lease, now)

    def _begin(self, client: Client | None, now: float) -> None:
        """A client is registered: handle the messages that it sent while it waited."""
        if client is None:
            return
        held, client.held = client.held, []
        for message in held:
            if client.conn not in self._clients:
                return
            try:
                self._handle(client, message, now)
            except ProtocolError as error:
                self._registration.refuse(client, error, now)
