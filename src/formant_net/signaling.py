"""A client's conversation with a server: connect, register, stay registered, come back, or stop when told to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from msgspec import UnsetType

from formant_net.backoff import Backoff
from formant_net.effects import Check, Connect, Disconnect, Effect, Stop, Told, Transmit
from formant_net.errors import ProtocolError
from formant_net.messages import (
    Error,
    Heartbeat,
    IceServers,
    Kicked,
    Message,
    Move,
    Register,
    Registered,
    Role,
    Unknown,
    wire_name,
)
from formant_net.timing import Timing
from formant_net.trust import SYSTEM, Trust


@dataclass(frozen=True, slots=True)
class Server:
    """One server of the list: address of its WebSocket, the key it asks for (None: an open one), how it is known."""

    ws_url: str
    key: str | None = field(default=None, repr=False)
    trust: Trust = SYSTEM
    address: str | None = None
    """Where it is, if its name stands for several machines."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who registers. `meta` is shown to others in `controllers-list`."""

    client_id: str
    role: Role
    meta: Mapping[str, Any] | None = None


class State(Enum):
    """Where the conversation stands."""

    IDLE = "idle"
    WAITING = "waiting"
    """until `retry_at`"""
    CONNECTING = "connecting"
    REGISTERING = "registering"
    REGISTERED = "registered"
    STOPPED = "stopped"
    """final: kicked, refused for good, or closed by ourselves"""


class Event(Enum):
    """What can happen to it."""

    DIAL = "dial"
    OPENED = "opened"
    ACCEPTED = "registered"
    MOVED = "moved"
    """another server has been asked to register us, while this one still did"""
    FAILED = "failed"
    STOPPED = "stopped"


TABLE: Mapping[tuple[State, Event], State] = {
    (State.IDLE, Event.DIAL): State.CONNECTING,
    (State.WAITING, Event.DIAL): State.CONNECTING,
    (State.CONNECTING, Event.OPENED): State.REGISTERING,
    (State.REGISTERING, Event.ACCEPTED): State.REGISTERED,
    (State.CONNECTING, Event.FAILED): State.WAITING,
    (State.REGISTERING, Event.FAILED): State.WAITING,
    (State.REGISTERED, Event.FAILED): State.WAITING,
    (State.WAITING, Event.MOVED): State.REGISTERING,
    (State.CONNECTING, Event.MOVED): State.REGISTERING,
    (State.REGISTERING, Event.MOVED): State.REGISTERING,
    (State.REGISTERED, Event.MOVED): State.REGISTERING,
    **{(state, Event.STOPPED): State.STOPPED for state in State},
}

FOR_GOOD = ("bad-key", "token-expired", "not-allowed")
"""Refusals that no further try changes: another key or token is needed."""
DIAL_S = 15.0
"""A WebSocket that is neither open nor refused by then is given up: the shell's own limit is shorter."""


MOVE_S = 10.0
"""Who is asked to move does so within half of this, however long the server would wait."""
MAX_SERVERS = 32
CHECKS = 3
"""So many checks in a row, over `home_s`, have to find a better server well before we move there."""


@dataclass(slots=True)
class _Move:
    """A conversation with another server that is begun while the present one goes on."""

    attempt: int
    index: int
    until: float
    opened: bool = False


class Signaling:
    """The client half of the WebSocket protocol over a list of servers.

    Who is asked to move, or finds a better server well again, registers there first and leaves here after. Links are
    not concerned: they need no server.

    servers    the best first; tried in turn: the one that just worked again, then the next
    random     floats in 0…1 for the back-off
    """

    def __init__(
        self, identity: Identity, servers: Sequence[Server], timing: Timing, random: Callable[[], float]
    ) -> None:
        if not servers:
            raise ValueError("at least one server is needed")
        self.state = State.IDLE
        self.attempt = 0
        self._attempts = 0
        self.ice_servers: tuple[Mapping[str, Any], ...] = ()
        self._identity = identity
        self._servers = tuple(servers)
        self._timing = timing
        self._random = random
        self._backoff = Backoff(timing, random)
        self._index = 0
        self._resume: str | None = None
        self._was_registered = False
        self._deadline: float | None = None
        self._answer_by: float | None = None
        self._heartbeat_s = timing.heartbeat_s
        self.edge = self.location = ""
        """Of the server that has registered us."""
        self.registrations = 0
        """Counts up: after each a synth has to ask for the list."""
        self._move: _Move | None = None
        self._check_at: float | None = None
        self._go_at: float | None = None
        self._well: dict[int, int] = {}
        self._out: list[Effect] = []

    @property
    def online(self) -> bool:
        """True while the server knows us and can pass messages on."""
        return self.state is State.REGISTERED

    @property
    def answers(self) -> bool:
        """True while the server knows us and owes no answer to `verify`."""
        return self.online and self._answer_by is None

    @property
    def url(self) -> str:
        """The server that is in use or tried next."""
        return self._servers[self._index].ws_url

    def start(self, now: float) -> None:
        """Begin: dial the first server."""
        self._dial(now)

    def opened(self, attempt: int, now: float) -> None:
        """The WebSocket is open."""
        move = self._move
        if move is not None and attempt == move.attempt and not move.opened:
            move.opened = True
            self._register(attempt, move.index)
            return
        if attempt != self.attempt or self.state is not State.CONNECTING:
            return
        self._step(Event.OPENED)
        self._deadline = now + self._timing.register_s
        self._register(attempt, self._index)

    def closed(self, attempt: int, reason: str, now: float) -> None:
        """The WebSocket closed or could not be opened; `reason` in words."""
        if self._move is not None and attempt == self._move.attempt:
            self._stay(now)
            return
        if attempt == self.attempt and self.state in (State.CONNECTING, State.REGISTERING, State.REGISTERED):
            self._fail(reason, now)

    def receive(self, attempt: int, message: Message | Unknown, now: float) -> Message | Unknown | None:
        """Takes what concerns the conversation itself; returns all else, for the core around it.

        raises    ProtocolError when the server says what it may not say now; nothing has changed then
        """
        move = self._move
        if move is not None and attempt == move.attempt:
            self._moving(move, message, now)
            return None
        if attempt != self.attempt or self.state not in (State.REGISTERING, State.REGISTERED):
            return None
        if move is not None and move.opened and isinstance(message, Kicked):
            self._take(move)  # we are registered there already, and shall hear of it in a moment
        elif isinstance(message, Move) and self.state is State.REGISTERED:
            # Not all at once: the next server would be busy with a thousand registrations.
            self._go_at = now + self._random() * min(message.within_s, MOVE_S) / 2.0
        elif isinstance(message, Registered):
            self._accepted(message, now)
        elif isinstance(message, IceServers) and self.state is State.REGISTERED:
            self.ice_servers = tuple(message.ice_servers)
        elif isinstance(message, Kicked):
            self.stop(f"the server has sent this client away: {message.reason}; start it again to come back", now)
        elif isinstance(message, Error) and self.state is State.REGISTERING:
            self._refused(message, now)
        elif self.state is State.REGISTERED:
            if isinstance(message, Error) and message.about == "register":
                self._answer_by = None  # it does not like to be asked, but it is there
            return message
        else:
            name = wire_name(message)
            raise ProtocolError("unexpected", f"server {self.url} sent {name!r} before it had registered us", name)
        return None

    def send(self, message: Message) -> None:
        """Send on the present WebSocket. Before it is registered, or without one, the message is dropped: a server
        that is told anything before `register` refuses it, and after it discovery begins anew."""
        if self.state is State.REGISTERED:
            self._out.append(Transmit(self.attempt, message))

    def verify(self, now: float) -> None:
        """Something else has failed: ask the server whether it is still there. TCP alone would not tell for minutes."""
        if self.state is State.REGISTERED and self._answer_by is None:
            self._answer_by = now + self._timing.verify_s
            self._register(self.attempt, self._index)  # which every server answers, and which changes nothing

    def stop(self, reason: str, now: float, *, refused: bool = False) -> None:
        """The end, as the server or the operator wants it: nothing is tried again."""
        if self.state is State.STOPPED:
            return
        if self.state in (State.CONNECTING, State.REGISTERING, State.REGISTERED):
            self._out.append(Disconnect(self.attempt))
        if self._move is not None:
            self._out.append(Disconnect(self._move.attempt))
            self._move = None
        self._step(Event.STOPPED)
        self._deadline = self._check_at = self._go_at = self._answer_by = None
        self._out.append(Stop(reason, refused))

    def next_deadline(self) -> float | None:
        """When `on_deadline` is due, s, or None."""
        moments = (
            self._deadline,
            self._check_at,
            self._go_at,
            self._answer_by,
            self._move.until if self._move else None,
        )
        return min((moment for moment in moments if moment is not None), default=None)

    def on_deadline(self, now: float) -> None:
        """Time to dial again, to say that we live, to give an attempt up, or to look how a better server is."""
        if self._move is not None and now >= self._move.until:
            self._out.append(Disconnect(self._move.attempt))
            self._stay(now)
        if self._answer_by is not None and now >= self._answer_by:
            self._out.append(Disconnect(self.attempt))
            self._fail("no answer in time", now)
            return
        if self._go_at is not None and now >= self._go_at:
            self._go_at = None
            if self._move is None and self.state is State.REGISTERED and len(self._servers) > 1:
                self._go((self._index + 1) % len(self._servers), now)
        if self._check_at is not None and now >= self._check_at:
            self._check(now)
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
        """How a better server is."""
        if self.state is not State.REGISTERED or number >= self._index:
            return
        self._well[number] = self._well.get(number, 0) + 1 if ok else 0
        if self._move is None and self._well[number] >= CHECKS:
            self._go(number, now)

    def drain(self) -> list[Effect]:
        """What is to be done, in order."""
        out, self._out = self._out, []
        return out

    def _dial(self, now: float) -> None:
        self._step(Event.DIAL)
        if self._move is not None:  # what was to follow the present server takes its place
            move, self._move = self._move, None
            self.attempt, self._index = move.attempt, move.index
            if move.opened:
                self._step(Event.OPENED)
            self._deadline = move.until
            return
        self._attempts += 1
        self.attempt = self._attempts
        self._deadline = now + DIAL_S
        server = self._servers[self._index]
        self._out.append(Connect(server.ws_url, self.attempt, server.trust, server.address))

    def _register(self, attempt: int, index: int) -> None:
        who = self._identity
        register = Register(
            client_id=who.client_id,
            role=who.role,
            key=self._servers[index].key,
            resume=self._resume,
            meta=dict(who.meta) if who.meta else None,
        )
        self._out.append(Transmit(attempt, register))

    def _learn(self, urls: Sequence[str]) -> None:
        """Other servers of the ensemble: they come after those that were given, and have the same key."""
        here = self._servers[self._index]
        known = {server.ws_url for server in self._servers}
        for url in dict.fromkeys(urls):
            if url.startswith(("ws://", "wss://")[here.ws_url.startswith("wss:") :]) and url not in known:
                if len(self._servers) >= MAX_SERVERS:
                    break
                self._servers += (Server(url, here.key, here.trust),)

    def _check(self, now: float) -> None:
        self._check_at = now + self._timing.home_s / CHECKS * (0.75 + 0.5 * self._random())
        for number, server in enumerate(self._servers[: self._index]):
            self._out.append(Check(server.ws_url, number, server.trust, server.address))

    def _go(self, index: int, now: float) -> None:
        """Begin to move."""
        server = self._servers[index]
        self._attempts += 1
        self._move = _Move(self._attempts, index, now + DIAL_S)
        self._out.append(Connect(server.ws_url, self._attempts, server.trust, server.address))

    def _moving(self, move: _Move, message: Message | Unknown, now: float) -> None:
        """What the server says to which we move."""
        if isinstance(message, Registered):
            if self.state in (State.CONNECTING, State.REGISTERING, State.REGISTERED):
                self._out.append(Disconnect(self.attempt))
            self._take(move)
            self._answer_by = None
            self._accepted(message, now)
        elif isinstance(message, Error | Kicked):
            self._out.append(Disconnect(move.attempt))
            self._stay(now)

    def _take(self, move: _Move) -> None:
        """From now on the conversation is the one that was begun beside it."""
        self._step(Event.MOVED)
        self._move = None
        self.attempt, self._index, self._deadline = move.attempt, move.index, move.until

    def _stay(self, now: float) -> None:
        """The move has failed; the present server is as good as it was."""
        move, self._move = self._move, None
        if move is not None:
            self._well[move.index] = 0
            self._out.append(Told("not moved", {"server": self._servers[move.index].ws_url}))

    def _accepted(self, message: Registered, now: float) -> None:
        asked, self._answer_by = self._answer_by, None
        if asked is None:
            self._step(Event.ACCEPTED)
        self._resume = message.resume
        self.ice_servers = tuple(message.ice_servers)
        if asked is not None:  # by `verify`: nothing else is new
            return
        self._was_registered = True
        self.edge = message.edge
        self.location = message.location if isinstance(message.location, str) else ""
        if not isinstance(message.servers, UnsetType):
            self._learn(message.servers)
        self.registrations += 1
        self._well.clear()
        self._check_at = now + self._timing.home_s / CHECKS if self._index > 0 else None
        self._backoff.healthy(now)
        # A server that asks for a heartbeat a millisecond does not get it.
        self._heartbeat_s = min(3600.0, max(0.1, message.heartbeat_s))
        # Synths have none: what the registry holds are controllers.
        self._deadline = now + self._heartbeat_s if self._identity.role == "controller" else None
        self._out.append(Told("registered", {"id": self._identity.client_id, "server": self.url, "edge": message.edge}))

    def _refused(self, message: Error, now: float) -> None:
        reason = f"{message.code}: {message.message}"
        if message.code in FOR_GOOD and not self._was_registered and len(self._servers) == 1:
            self.stop(f"{reason} (take the join address the server printed, or give --key)", now, refused=True)
            return
        if message.code == "id-taken":
            reason += f" (give this one another --id than {self._identity.client_id})"
        self._out.append(Disconnect(self.attempt))
        self._fail(reason, now)

    def _fail(self, reason: str, now: float) -> None:
        worked = self.state is State.REGISTERED
        self._answer_by = None
        self._step(Event.FAILED)
        self._check_at = self._go_at = None
        delay_s = self._backoff.failed(now)
        self._deadline = now + delay_s
        told = "server lost" if worked else "server not reached"
        fields = {"server": self.url, "reason": reason, "retry_s": round(delay_s, 2)}
        self._out.append(Told(told, fields, warning=True))
        if not worked:
            self._index = (self._index + 1) % len(self._servers)

    def _step(self, event: Event) -> None:
        after = TABLE.get((self.state, event))
        if after is None:
            raise ProtocolError(
                "unexpected",
                f"server {self.url}: {event.value!r} is not expected while {self.state.value}: ignored",
                event.value,
            )
        self.state = after
