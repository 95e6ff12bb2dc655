"""The server core: who is registered, who is told of whom, and what is passed from peer to peer.

A change goes in (`connect`, `receive_frame`, `alive`, `disconnect`, `on_deadline`), then everything that follows from
it is taken out with `drain()`: frames to send, sockets to close or to probe, events to log. A connection is an integer
that the shell chose and never uses again; once it is closed here, whatever else arrives from it is ignored. That alone
settles the late close of an old socket after its id has moved to a new one.

Out of scope: sockets (aio/server.py), leases (registry.py), anything played: no touch ever passes through here.
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Literal

import msgspec

from formant_net import messages as m
from formant_net.access import Access
from formant_net.allowance import Allowance
from formant_net.deadlines import Deadlines
from formant_net.errors import ProtocolError
from formant_net.hub_outputs import (
    CLOSE_AWAY,
    CLOSE_DONE,
    CLOSE_FULL,
    CLOSE_REFUSED,
    Close,
    Event,
    Output,
    Probe,
    Send,
)
from formant_net.registry import Joined, Registry
from formant_net.timing import Timing

PREFIXES: tuple[tuple[str, m.Role], ...] = (("synth-", "synth"), ("ctrl-", "controller"), ("touch-ctrl-", "controller"))
"""The role of an id that names none."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one edge takes on, and what it takes from one client."""

    clients: int = 4096
    rate_per_s: float = 200.0
    """Messages of one client, sustained. A page that answers 100 synths with 10 candidates each stays below it."""
    burst: int = 2000
    """Messages of one client at once: a synth that offers to 1,000 controllers when it arrives."""
    held: int = 32
    """Messages that a client may send before it hears whether it is registered."""


@dataclass(slots=True)
class Counters:
    """What happened since the start, for /healthz."""

    received: int = 0
    routed: int = 0
    unknown_types: int = 0
    joined: int = 0
    left: int = 0
    expired: int = 0
    errors: Counter[str] = field(default_factory=Counter)


class _State(Enum):
    NEW = auto()
    """Connected, not registered."""
    WAITING = auto()
    """Asked for an id that another connection holds; that one is being probed."""
    REGISTERED = auto()


@dataclass(slots=True, eq=False)
class _Client:
    conn: int
    seen: float
    allowance: Allowance
    state: _State = _State.NEW
    id: str = ""
    role: m.Role = "controller"
    ws_id: str = ""
    resume: str = ""
    asked: m.Register | None = None
    held: list[m.Signaling | m.Unknown] = field(default_factory=list)
    warned_at: float | None = None


_COST: dict[type, int] = {m.Register: 10, m.RequestControllers: 10}
"""Messages that make the server do more than pass one on, in messages."""


class Hub:
    """Discovery and routing of one edge.

    registry      where controllers are leased
    access        the join key
    edge          the name of this server in lists and notices
    instance      unique to this run, part of every `ws_id`
    make_secret   gives an unguessable text each time (`secrets.token_urlsafe`)
    ice_servers   what `registered` and GET /ice-servers hand out
    """

    def __init__(
        self,
        registry: Registry,
        access: Access,
        *,
        edge: str,
        instance: str,
        make_secret: Callable[[], str],
        ice_servers: list[dict[str, Any]] | None = None,
        timing: Timing | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.edge = edge
        self.ice_servers = ice_servers or []
        self.counters = Counters()
        self.wall_offset_s = 0.0
        """Wall clock minus `now`. The shell sets it, again and again: a wall clock may be put right at any time."""
        self._registry = registry
        self._access = access
        self._instance = instance
        self._make_secret = make_secret
        self._timing = timing or Timing()
        self._limits = limits or Limits()
        # A client that beats in time is never pinged; one that is silent is asked twice before its time is up.
        self._quiet_s = 1.25 * self._timing.heartbeat_s
        self._clients: dict[int, _Client] = {}
        self._ids: dict[str, _Client] = {}
        self._synths: dict[int, _Client] = {}
        self._waiting: dict[str, _Client] = {}
        self._deadlines: Deadlines[int] = Deadlines()
        self._outputs: list[Output] = []

    # --- in --------------------------------------------------------------------------------------------------------

    def connect(self, conn: int, now: float) -> None:
        """A socket has opened."""
        if len(self._clients) >= self._limits.clients:
            full = ProtocolError(
                "server-full", f"this server has its {self._limits.clients} clients: try again later", fatal=True
            )
            self._send(conn, self._error(full))
            self._outputs.append(Close(conn, CLOSE_FULL, full.code))
            return
        allowance = Allowance(self._limits.rate_per_s, self._limits.burst, now)
        self._clients[conn] = _Client(conn, now, allowance)
        self._deadlines.set(conn, now + self._timing.register_s)

    def receive_frame(self, conn: int, frame: str | bytes, now: float) -> None:
        """A frame has arrived: text, or bytes if it was a binary one."""
        client = self._clients.get(conn)
        if client is None:
            return
        self._alive(client, now)
        self.counters.received += 1
        try:
            self._charge(client, now)
            if isinstance(frame, bytes):
                raise ProtocolError("bad-message", "binary frames carry nothing here: send JSON as text frames")
            message = m.decode_signaling(frame)
            client.allowance.charge(_COST.get(type(message), 0))
            self._handle(client, message, now)
        except ProtocolError as error:
            self._refuse(client, error, now)
        self._announce(now)

    def receive(self, conn: int, message: m.Signaling | m.Unknown, now: float) -> None:
        """The same for a message that is decoded already."""
        client = self._clients.get(conn)
        if client is None:
            return
        self._alive(client, now)
        self.counters.received += 1
        try:
            self._handle(client, message, now)
        except ProtocolError as error:
            self._refuse(client, error, now)
        self._announce(now)

    def alive(self, conn: int, now: float) -> None:
        """A sign of life that is not a message, such as a WebSocket pong."""
        client = self._clients.get(conn)
        if client is not None:
            self._alive(client, now)
            self._announce(now)

    def disconnect(self, conn: int, now: float) -> None:
        """A socket has closed, for whatever reason."""
        client = self._clients.get(conn)
        if client is not None:
            if client.state is _State.REGISTERED:
                self._event("info", f"{client.role} left", id=client.id)
            self._remove(client, now)
            self._announce(now)

    def kick(self, client_id: str, reason: str, now: float) -> bool:
        """Send a client away for good (the operator's hand: no wire message does this). False if it is not here."""
        client = self._ids.get(client_id)
        if client is None:
            return False
        self._event("info", f"{client.role} kicked", id=client.id, reason=reason)
        self._send(client.conn, m.Kicked(reason=reason))
        self._outputs.append(Close(client.conn, CLOSE_DONE, "kicked"))
        self._remove(client, now)
        self._announce(now)
        return True

    def on_deadline(self, now: float) -> None:
        """Time has passed: leases expire, the silent are probed and then dropped."""
        self._registry.expire(now)
        for conn in self._deadlines.due(now):
            client = self._clients.get(conn)
            if client is None:
                continue
            if client.state is _State.NEW:
                late = ProtocolError("register-timeout", "nothing was registered in time: connect again", fatal=True)
                self._refuse(client, late, now)
            elif client.state is _State.WAITING:
                self._let_in(client, now)
            else:
                self._check_silence(client, now)
        self._announce(now)

    def on_registry(self, now: float) -> None:
        """The registry has news of its own (a shared one, from other edges)."""
        self._announce(now)

    # --- out -------------------------------------------------------------------------------------------------------

    def drain(self) -> list[Output]:
        """Everything to do, in order; each is handed out once."""
        outputs, self._outputs = self._outputs, []
        return outputs

    def next_deadline(self) -> float | None:
        """When `on_deadline` has something to do, or None."""
        moments = [t for t in (self._deadlines.next(), self._registry.next_deadline()) if t is not None]
        return min(moments, default=None)

    def clients(self) -> dict[str, m.Role]:
        """The registered ids and their roles."""
        return {client.id: client.role for client in self._ids.values()}

    def degraded(self) -> list[str]:
        """What does not work at the moment, in words."""
        faults = [self._registry.degraded()]
        if len(self._clients) >= self._limits.clients:
            faults.append(f"full: {self._limits.clients} clients are connected and new ones are refused")
        return [fault for fault in faults if fault]

    # --- registration ----------------------------------------------------------------------------------------------

    def _register(self, client: _Client, asked: m.Register, now: float) -> None:
        self._access.check(asked.key)
        role = role_of(asked)
        if client.state is _State.REGISTERED:
            if (asked.client_id, role) != (client.id, client.role):
                raise ProtocolError(
                    "already-registered",
                    f"this connection is {client.id}: open another one for another id",
                    "register",
                )
            if role == "controller":
                self._registry.put(client.id, client.ws_id, asked.meta or {}, now)
            self._confirm(client)
            return
        holder = self._ids.get(asked.client_id)
        if holder is None:
            self._admit(client, asked, now, self._make_secret())
        elif asked.resume and hmac.compare_digest(asked.resume.encode(), holder.resume.encode()):
            self._take_over(client, asked, holder, now)
        elif asked.client_id in self._waiting:
            raise self._taken(asked)
        else:
            # Perhaps the same client after a network blink, which knows nothing of `resume`. Ask whether its old
            # connection still lives; the newcomer waits so long.
            client.state = _State.WAITING
            client.asked = asked
            self._waiting[asked.client_id] = client
            self._deadlines.set(client.conn, now + self._timing.probe_s)
            self._outputs.append(Probe(holder.conn))

    def _taken(self, asked: m.Register) -> ProtocolError:
        return ProtocolError(
            "id-taken",
            f"{asked.client_id} is connected and answers: register under another id, or close the other one",
            "register",
        )

    def _take_over(self, client: _Client, asked: m.Register, holder: _Client, now: float) -> None:
        """`client` gets the id of `holder`, which is sent away without a `controller-left`."""
        self._event("debug", "connection replaced", id=holder.id)
        reason = f"another connection has registered {holder.id}"
        self._send(holder.conn, m.Kicked(reason=reason))
        self._outputs.append(Close(holder.conn, CLOSE_DONE, "replaced"))
        del self._clients[holder.conn]
        self._deadlines.discard(holder.conn)
        self._synths.pop(holder.conn, None)
        if holder.role == "controller" and role_of(asked) != "controller":
            self._registry.delete(holder.id, holder.ws_id)
        other = self._waiting.pop(holder.id, None)
        # The secret stays: if this answer is lost with the connection, the client can still prove itself.
        self._admit(client, asked, now, holder.resume)
        if other is not None and other is not client and other.asked is not None:
            self._send_back(other, self._taken(other.asked), now)

    def _admit(self, client: _Client, asked: m.Register, now: float, resume: str) -> None:
        client.state = _State.REGISTERED
        client.id, client.role, client.resume = asked.client_id, role_of(asked), resume
        client.ws_id = f"{self._instance}-{client.conn}"
        client.asked = None
        self._ids[client.id] = client
        self._deadlines.set(client.conn, now + self._quiet_s)
        self._confirm(client)
        self._event("info", f"{client.role} registered", id=client.id)
        if client.role == "synth":
            self._synths[client.conn] = client
        else:
            self._registry.put(client.id, client.ws_id, asked.meta or {}, now)
        held, client.held = client.held, []
        for message in held:
            if client.conn not in self._clients:
                break
            try:
                self._handle(client, message, now)
            except ProtocolError as error:
                self._refuse(client, error, now)

    def _let_in(self, client: _Client, now: float) -> None:
        """The holder of the id that `client` waits for gave no sign of life: the id is free."""
        asked = client.asked
        if asked is None:
            return
        self._waiting.pop(asked.client_id, None)
        holder = self._ids.get(asked.client_id)
        if holder is None:
            self._admit(client, asked, now, self._make_secret())
        else:
            holder.resume = self._make_secret()  # whoever comes without the old secret does not get to know it
            self._take_over(client, asked, holder, now)

    def _send_back(self, client: _Client, error: ProtocolError, now: float) -> None:
        """The id that `client` waits for stays with its holder."""
        client.state = _State.NEW
        client.asked = None
        client.held = []
        self._deadlines.set(client.conn, now + self._timing.register_s)
        self._refuse(client, error, now)

    def _confirm(self, client: _Client) -> None:
        self._send(
            client.conn,
            m.Registered(
                client_id=client.id,
                edge=self.edge,
                resume=client.resume,
                ice_servers=self.ice_servers,
                heartbeat_s=self._timing.heartbeat_s,
                ttl_s=self._timing.ttl_s,
            ),
        )

    # --- life and death --------------------------------------------------------------------------------------------

    def _alive(self, client: _Client, now: float) -> None:
        client.seen = now
        if client.state is not _State.REGISTERED:
            return
        self._deadlines.set(client.conn, now + self._quiet_s)
        if client.role == "controller":
            self._registry.touch(client.id, client.ws_id, now)
        waiting = self._waiting.pop(client.id, None) if self._waiting else None
        if waiting is not None and waiting.asked is not None:
            self._send_back(waiting, self._taken(waiting.asked), now)

    def _check_silence(self, client: _Client, now: float) -> None:
        end = client.seen + self._timing.ttl_s
        if now > end:
            self._event("info", f"{client.role} silent", id=client.id, after_s=round(now - client.seen, 1))
            self._outputs.append(Close(client.conn, CLOSE_AWAY, "no sign of life"))
            self._remove(client, now)
        else:
            self._outputs.append(Probe(client.conn))
            self._deadlines.set(client.conn, min(now + self._quiet_s, end))

    def _remove(self, client: _Client, now: float) -> None:
        """Forget a connection; whoever waits for its id gets it."""
        del self._clients[client.conn]
        self._deadlines.discard(client.conn)
        self._synths.pop(client.conn, None)
        if client.state is _State.WAITING and client.asked is not None:
            del self._waiting[client.asked.client_id]
        if client.state is _State.REGISTERED:
            del self._ids[client.id]
            newcomer = self._waiting.get(client.id)
            if newcomer is not None:
                self._let_in(newcomer, now)
            # After the newcomer: if it took the lease over there is nothing to end, and synths hear of no gap.
            self._registry.delete(client.id, client.ws_id)

    # --- messages --------------------------------------------------------------------------------------------------

    def _handle(self, client: _Client, message: m.Signaling | m.Unknown, now: float) -> None:
        if client.state is _State.WAITING:
            if len(client.held) >= self._limits.held:
                raise ProtocolError("too-fast", "wait for `registered` before sending more", m.wire_name(message))
            client.held.append(message)
            return
        match message:
            case m.Unknown():
                self.counters.unknown_types += 1
            case m.Register():
                self._register(client, message, now)
            case m.Heartbeat():
                self._check_source(client, message.source, message)  # its life counted when it arrived
            case m.RequestControllers():
                self._check_source(client, message.source, message)
                self._list_controllers(client, now)
            case m.Offer() | m.Answer() | m.IceCandidate():
                self._check_source(client, message.source, message)
                self._route(client, message, now)
            case _:
                name = m.wire_name(message)
                raise ProtocolError("wrong-way", f"only a server sends {name}: see docs/protocol.md", name)

    def _check_source(self, client: _Client, source: str | None, message: m.Message) -> None:
        about = m.wire_name(message)
        if client.state is not _State.REGISTERED:
            raise ProtocolError("not-registered", "send `register` with a client_id first", about)
        if source is not None and source != client.id:
            raise ProtocolError("wrong-source", f"this connection is {client.id}: leave `source` out or say so", about)

    def _list_controllers(self, client: _Client, now: float) -> None:
        if client.role != "synth":
            raise ProtocolError("wrong-role", "only synths ask for controllers: wait for offers", "request-controllers")
        leases = self._registry.leases()
        details = {
            lease.id: m.ControllerDetail(
                edge=lease.edge, age_s=round(max(0.0, now - lease.since), 3), meta=dict(lease.meta)
            )
            for lease in leases
        }
        self._send(
            client.conn,
            m.ControllersList(controllers=list(details), details=details, timestamp=self._timestamp(now)),
        )

    def _route(self, client: _Client, message: m.Offer | m.Answer | m.IceCandidate, now: float) -> None:
        about = m.wire_name(message)
        offers = isinstance(message, m.Offer)
        if not isinstance(message, m.IceCandidate) and offers != (client.role == "synth"):
            raise ProtocolError("wrong-role", "a synth offers and a controller answers, never the other way", about)
        target = self._ids.get(message.target)
        if target is None:
            raise ProtocolError(
                "unknown-target", f"nobody is registered as {message.target}: do not wait for it", about
            )
        if target.role == client.role:
            raise ProtocolError(
                "wrong-role", f"{message.target} is a {target.role} too: there is no link to make", about
            )
        stamped = msgspec.structs.replace(
            message, source=client.id, sender_id=client.id, timestamp=self._timestamp(now)
        )
        self.counters.routed += 1
        self._send(target.conn, stamped)

    def _charge(self, client: _Client, now: float) -> None:
        """Take one message off the client's allowance."""
        if not client.allowance.take(now):
            text = f"more than {self._limits.rate_per_s:g} messages a second are dropped: send less"
            raise ProtocolError("too-fast", text, fatal=client.allowance.refused > self._limits.burst)

    def _refuse(self, client: _Client, error: ProtocolError, now: float) -> None:
        self.counters.errors[error.code] += 1
        if error.code == "too-fast" and not error.fatal:  # answering each would double the flood
            if client.warned_at is not None and now - client.warned_at < 1.0:
                return
            client.warned_at = now
        self._send(client.conn, self._error(error))
        self._event(
            "warning" if error.fatal else "debug",
            "client refused" if error.fatal else "message refused",
            id=client.id or None, code=error.code, about=error.about or None, reason=error.message,
        )  # fmt: skip
        if error.fatal:
            self._outputs.append(Close(client.conn, CLOSE_REFUSED, error.code))
            self._remove(client, now)

    def _announce(self, now: float) -> None:
        """Tell every synth what changed in the registry."""
        for notice in self._registry.drain():
            message: m.Message
            if isinstance(notice, Joined):
                self.counters.joined += 1
                lease = notice.lease
                message = m.ControllerJoined(controller_id=lease.id, timestamp=self._timestamp(now), edge=lease.edge)
            else:
                self.counters.left += 1
                self.counters.expired += notice.reason == "expired"
                message = m.ControllerLeft(controller_id=notice.id, timestamp=self._timestamp(now), edge=notice.edge)
            if self._synths:
                self._outputs.append(Send(tuple(self._synths), message))

    def _timestamp(self, now: float) -> int:
        return round((now + self.wall_offset_s) * 1000)

    def _error(self, error: ProtocolError) -> m.Error:
        return m.Error(code=error.code, message=error.message, about=error.about)

    def _send(self, conn: int, message: m.Message) -> None:
        self._outputs.append(Send((conn,), message))

    def _event(self, level: Literal["debug", "info", "warning"], name: str, **fields: Any) -> None:
        self._outputs.append(Event(level, name, {k: v for k, v in fields.items() if v is not None}))


def role_of(asked: m.Register) -> m.Role:
    """The role a registration asks for, by its `role` or by the prefix of its id. Raises ProtocolError "bad-role"."""
    by_id = next((role for prefix, role in PREFIXES if asked.client_id.startswith(prefix)), None)
    if by_id is None and asked.role is None:
        raise ProtocolError(
            "bad-role",
            f"{asked.client_id} tells no role: begin the id with synth-, ctrl- or touch-ctrl-, or send `role`",
            "register",
        )
    if by_id is not None and asked.role is not None and asked.role != by_id:
        raise ProtocolError(
            "bad-role", f"{asked.client_id} is the id of a {by_id}, not of a {asked.role}: change one", "register"
        )
    return asked.role or by_id or "controller"
