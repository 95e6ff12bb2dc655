"""A client's conversation with its server: it connects, registers, stays registered, reconnects or stops."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import UnsetType

from formant_net.client.effects import Connect, Disconnect, Effect, Notice, Stop, Transmit
from formant_net.client.moves import Moves, Moving
from formant_net.client.servers import Server, ServerList
from formant_net.client.states import TABLE, Event, State
from formant_net.protocol.codec import wire_name
from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.messages import (
    ControllerJoined,
    ControllersList,
    Error,
    Heartbeat,
    IceServers,
    Kicked,
    Message,
    Move,
    Offer,
    Register,
    Registered,
    RequestControllers,
    Role,
    Unknown,
)
from formant_net.protocol.timing import Timing
from formant_net.timers.backoff import Backoff


@dataclass(frozen=True, slots=True)
class Identity:
    """Who registers. `meta` is shown to others in `controllers-list`."""

    client_id: str
    role: Role
    meta: Mapping[str, Any] | None = None


_PROOFS: Mapping[Role, tuple[type[Message], ...]] = {
    "synth": (ControllersList, ControllerJoined),
    "controller": (Offer,),
}
"""Messages that a server sends only to a registered client, by role."""
FOR_GOOD = ("bad-key", "token-expired", "not-allowed")
"""Codes of refusals that a retry does not change: another key or token is needed."""
_MEND = "take the join address the server printed, or give --key"
QUIET_S = 1.0
"""Seconds without an answer to `register` after which a synth asks for the list: some servers know no `registered`, and
the list is an answer as well."""


class Signaling:
    """The client half of the WebSocket protocol over a list of servers.

    A client moves when its server asks it to, or when a better server is well again. It registers at the new server
    before it leaves the old one. Links go on: they need no server.

    Some servers do not send `registered`. Such a server has accepted the client when it sends a message that only
    registered clients get: the list or a join to a synth, an offer to a controller.

    servers    the best first; tried in turn, beginning with the one that worked last
    random     floats in 0…1 for the back-off
    persistent a refused key does not stop the client: it tries again slowly, as an unattended box must
    searching  servers are searched for on the network and reported with `found`; the list may begin empty, and no
               refusal stops the client
    """

    def __init__(
        self,
        identity: Identity,
        servers: Sequence[Server],
        timing: Timing,
        random: Callable[[], float],
        *,
        persistent: bool = False,
        searching: bool = False,
    ) -> None:
        self.state = State.IDLE
        self.attempt = 0
        self._attempts = 0
        self.ice_servers: tuple[Mapping[str, Any], ...] = ()
        self._identity = identity
        self._servers = ServerList(servers, searching=searching)
        self._moves = Moves(self._servers, timing, random)
        self._timing = timing
        self._random = random
        self._backoff = Backoff(timing, random)
        self._resume: str | None = None
        self._was_registered = False
        self._persistent = persistent or searching
        self._refusals = 0
        """Final refusals (wrong key or token) in a row."""
        self._deadline: float | None = None
        self._answer_by: float | None = None
        self._heartbeat_s = timing.heartbeat_s
        self.edge = self.location = ""
        """Edge and location of the server that has registered us."""
        self.health_s: float | None = None
        """Seconds after which the server wants a synth's `health` again; None: it does not want it."""
        self.registrations = 0
        """Count of registrations. After each a synth has to ask for the list."""
        self._ask_at: float | None = None
        """When to ask for the list if the server has not answered `register`, s."""
        self._silent_acceptance = False
        """True if the present server does not send `registered`, so that `register` gets no answer."""
        self._out: list[Effect] = []

    @property
    def online(self) -> bool:
        """True while the server has us registered and can pass messages on."""
        return self.state is State.REGISTERED

    @property
    def answers(self) -> bool:
        """True while the server has us registered and no answer to `verify` is outstanding."""
        return self.online and self._answer_by is None

    @property
    def server(self) -> Server:
        """The server that is in use or tried next."""
        return self._servers.current

    @property
    def url(self) -> str:
        """Its address."""
        return self.server.ws_url

    def start(self, now: float) -> None:
        """Begin: dial the first server, or wait for one to be found."""
        if len(self._servers):
            self._dial(now)

    def found(self, server: Server, now: float) -> None:
        """A server answers on the network. Without one that is in use it is dialled at once, whatever the back-off."""
        if self.state is State.STOPPED or self._moves.moving is not None:
            return
        if self._refusals and server in self._servers:
            return  # it has refused us, and is asked again in time
        in_use = self.state in (State.REGISTERING, State.REGISTERED)
        dialling = self.state is State.CONNECTING and self._servers.current == server
        self._servers.found(server, keep_current=in_use or dialling)
        if in_use or dialling:
            return
        if self.state is State.CONNECTING:
            self._out.append(Disconnect(self.attempt))
            self._step(Event.FAILED)
        self._backoff.reset()
        self._dial(now)

    def opened(self, attempt: int, now: float) -> None:
        """The WebSocket is open."""
        move = self._moves.moving
        if move is not None and attempt == move.attempt and not move.opened:
            move.opened = True
            self._register(attempt, move.place)
            return
        if attempt != self.attempt or self.state is not State.CONNECTING:
            return
        self._step(Event.OPENED)
        self._deadline = now + self._timing.register_s
        self._ask_at = now + QUIET_S if self._identity.role == "synth" else None
        self._register(attempt, self._servers.place)

    def closed(self, attempt: int, reason: str, now: float) -> None:
        """The WebSocket closed or could not be opened; `reason` in words."""
        if self._moves.moving is not None and attempt == self._moves.moving.attempt:
            self._out += self._moves.failed()
            return
        if attempt == self.attempt and self.state in (State.CONNECTING, State.REGISTERING, State.REGISTERED):
            self._fail(reason, now)

    def receive(self, attempt: int, message: Message | Unknown, now: float) -> Message | Unknown | None:
        """Takes what concerns the conversation itself; returns all else, for the core around it.

        raises    ProtocolError when the server says what it may not say now; nothing has changed then
        """
        move = self._moves.moving
        if move is not None and attempt == move.attempt:
            self._moving(move, message, now)
            return None
        if attempt != self.attempt or self.state not in (State.REGISTERING, State.REGISTERED):
            return None
        if move is not None and move.opened and isinstance(message, Kicked):
            self._take(move)  # we are registered there already, and shall hear of it in a moment
        elif isinstance(message, Move) and self.state is State.REGISTERED:
            self._moves.asked(message.within_s, now)
        elif isinstance(message, Registered):
            self._accepted(message, now)
        elif isinstance(message, IceServers) and self.state is State.REGISTERED:
            self.ice_servers = tuple(message.ice_servers)
        elif isinstance(message, Kicked):
            self.stop(f"the server has sent this client away: {message.why}; start it again to come back", now)
        elif isinstance(message, Error) and self.state is State.REGISTERING:
            self._refused(message, now)
        elif self.state is State.REGISTERED:
            if self._silent_acceptance or (isinstance(message, Error) and message.about == "register"):
                self._answer_by = None  # an error is an answer, too: the server is there
            return message
        elif isinstance(message, _PROOFS[self._identity.role]):
            self._taken_in(now)
            return message
        else:
            name = wire_name(message)
            raise ProtocolError("unexpected", f"server {self.url} sent {name!r} before it had registered us", name)
        return None

    def send(self, message: Message) -> None:
        """Send on the present WebSocket. Without a registration the message is dropped: a server refuses anything that
        comes before `register`, and discovery begins anew after it."""
        if self.state is State.REGISTERED:
            self._out.append(Transmit(self.attempt, message))

    def verify(self, now: float) -> None:
        """Ask the server whether it is still there, because something else failed. TCP needs minutes to notice."""
        if self.state is not State.REGISTERED or self._answer_by is not None:
            return
        if not self._silent_acceptance:
            self._register(self.attempt, self._servers.place)  # the server answers it, and it changes nothing
        elif self._identity.role == "synth":
            self.send(RequestControllers(source=self._identity.client_id))
        else:
            return  # such a server answers no question of a synth
        self._answer_by = now + self._timing.verify_s

    def stop(self, reason: str, now: float, *, refused: bool = False) -> None:
        """Stop for good, because the server or the operator says so. Nothing is tried again."""
        if self.state is State.STOPPED:
            return
        if self.state in (State.CONNECTING, State.REGISTERING, State.REGISTERED):
            self._out.append(Disconnect(self.attempt))
        if self._moves.moving is not None:
            self._out.append(Disconnect(self._moves.moving.attempt))
            self._moves.moving = None
        self._moves.lost()
        self._step(Event.STOPPED)
        self._deadline = self._answer_by = self._ask_at = None
        self._out.append(Stop(reason, refused))

    def next_deadline(self) -> float | None:
        """When `on_deadline` is due, s, or None."""
        moments = (self._deadline, self._answer_by, self._ask_at, self._moves.next_deadline())
        return min((moment for moment in moments if moment is not None), default=None)

    def on_deadline(self, now: float) -> None:
        """Dials again, sends a heartbeat, gives up an attempt or checks a better server, whatever is due."""
        if (late := self._moves.overdue(now)) is not None:
            self._out += [Disconnect(late.attempt), *self._moves.failed()]
        if self._answer_by is not None and now >= self._answer_by:
            self._out.append(Disconnect(self.attempt))
            self._fail("no answer in time", now)
            return
        if self._ask_at is not None and now >= self._ask_at:
            self._ask_at = None
            self._out.append(Transmit(self.attempt, RequestControllers(source=self._identity.client_id)))
        if (place := self._moves.place_due(now, online=self.online)) is not None:
            self._go(place, now)
        self._out += self._moves.checks_due(now)
        if self._deadline is None or now < self._deadline:
            return
        if self.state is State.WAITING:
            self._dial(now)
        elif self.state is State.REGISTERED:
            self._deadline = now + self._heartbeat_s
            self.send(Heartbeat(source=self._identity.client_id))
        else:
            self._out.append(Disconnect(self.attempt))
            self._fail("no answer in time", now)

    def checked(self, number: int, ok: bool, now: float) -> None:
        """The result of a check of a better server."""
        if self.state is State.REGISTERED and self._moves.checked(number, ok):
            self._go(number, now)

    def drain(self) -> list[Effect]:
        """What is to be done, in order."""
        out, self._out = self._out, []
        return out

    def _dial(self, now: float) -> None:
        self._step(Event.DIAL)
        if (move := self._moves.moving) is not None:  # its conversation takes over
            self._moves.done(move)
            self.attempt, self._deadline = move.attempt, move.until
            if move.opened:
                self._step(Event.OPENED)
            return
        self._attempts += 1
        self.attempt = self._attempts
        self._deadline = now + self._timing.open_s
        server = self._servers.current
        self._out.append(Connect(server.ws_url, self.attempt, server.trust, server.address))

    def _register(self, attempt: int, place: int) -> None:
        who = self._identity
        register = Register(
            client_id=who.client_id,
            role=who.role,
            key=self._servers[place].key,
            resume=self._resume,
            meta=dict(who.meta) if who.meta else None,
        )
        self._out.append(Transmit(attempt, register))

    def _go(self, place: int, now: float) -> None:
        """Begin to move."""
        self._attempts += 1
        self._out.append(self._moves.begin(self._attempts, place, now))

    def _moving(self, move: Moving, message: Message | Unknown, now: float) -> None:
        """Handles a message of the server to which we move."""
        if isinstance(message, Registered):
            if self.state in (State.CONNECTING, State.REGISTERING, State.REGISTERED):
                self._out.append(Disconnect(self.attempt))
            self._take(move)
            self._answer_by = None
            self._accepted(message, now)
        elif isinstance(message, Error | Kicked):
            self._out += [Disconnect(move.attempt), *self._moves.failed()]

    def _take(self, move: Moving) -> None:
        """Switch to the conversation with the new server."""
        self._step(Event.MOVED)
        self._moves.done(move)
        self.attempt, self._deadline = move.attempt, move.until

    def _accepted(self, message: Registered, now: float) -> None:
        asked, self._answer_by = self._answer_by, None
        if asked is None:
            self._step(Event.ACCEPTED)
        self._resume = message.resume
        self.ice_servers = tuple(message.ice_servers)
        if asked is not None:  # by `verify`: nothing else is new
            return
        location = message.location if isinstance(message.location, str) else ""
        # Bounded: a server cannot make us send a heartbeat each millisecond.
        heartbeat_s = min(3600.0, max(0.1, message.heartbeat_s))
        if not isinstance(message.servers, UnsetType):
            self._servers.learn(message.servers)
        every_s = message.health_s
        self.health_s = None if isinstance(every_s, UnsetType) else min(3600.0, max(0.1, every_s))
        self._is_in(message.edge, location, heartbeat_s, now)

    def _taken_in(self, now: float) -> None:
        """A server that does not send `registered` has shown that it accepted the client."""
        self._step(Event.ACCEPTED)
        self._resume, self.ice_servers, self.health_s = None, (), None
        self._is_in("", "", self._timing.heartbeat_s, now, silently=True)

    def _is_in(self, edge: str, location: str, heartbeat_s: float, now: float, *, silently: bool = False) -> None:
        self._silent_acceptance = silently
        self._ask_at = None
        self._was_registered = True
        self._refusals = 0
        self.edge, self.location = edge, location
        self.registrations += 1
        self._moves.registered(now)
        self._backoff.healthy(now)
        self._heartbeat_s = heartbeat_s
        # Synths have none: what the registry holds are controllers.
        self._deadline = now + heartbeat_s if self._identity.role == "controller" else None
        fields = {"id": self._identity.client_id, "server": self.url, "edge": edge}
        self._out.append(Notice("registered", fields))

    def _refused(self, message: Error, now: float) -> None:
        reason = f"{message.code}: {message.message}"
        if message.code in FOR_GOOD:
            self._refused_for_good(reason, now)
            return
        if message.code == "id-taken":
            reason += f" (give this one another --id than {self._identity.client_id})"
        self._out.append(Disconnect(self.attempt))
        self._fail(reason, now)

    def _refused_for_good(self, reason: str, now: float) -> None:
        """A refusal that only a person can resolve: report it, then retry slowly or stop."""
        only = len(self._servers) == 1
        if only and not self._was_registered and not self._persistent:
            self.stop(f"{reason} ({_MEND})", now, refused=True)
            return
        self._refusals += 1
        pause_s = 0.0
        if self._refusals >= len(self._servers):  # each of them has refused
            pause_s = self._timing.refused_s * (0.75 + 0.5 * self._random())
        self._out.append(Disconnect(self.attempt))
        self._fail(reason, now, event="refused", pause_s=pause_s, do=_MEND)

    def _fail(self, reason: str, now: float, *, event: str = "", pause_s: float = 0.0, **more: str) -> None:
        """The conversation has ended: try again after the back-off, or after `pause_s` if that is longer."""
        worked = self.state is State.REGISTERED
        self._answer_by = None
        self._step(Event.FAILED)
        self._moves.lost()
        self._ask_at = None
        if not event:
            self._refusals = 0
        delay_s = max(pause_s, self._backoff.failed(now))
        self._deadline = now + delay_s
        event = event or ("server lost" if worked else "server not reached")
        fields = {"server": self.url, "reason": reason, "retry_s": round(delay_s, 2), **more}
        self._out.append(Notice(event, fields, warning=True))
        if not worked:
            self._servers.use(self._servers.next_place)

    def _step(self, event: Event) -> None:
        after = TABLE.get((self.state, event))
        if after is None:
            said = "registered" if event is Event.ACCEPTED else event.value  # the server's message has that name
            raise ProtocolError(
                "unexpected", f"server {self.url}: {said!r} is not expected while {self.state.value}: ignored", said
            )
        self.state = after
