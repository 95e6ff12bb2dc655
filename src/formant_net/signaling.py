"""A client's conversation with a server: connect, register, stay registered, come back, or stop when told to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from formant_net.backoff import Backoff
from formant_net.effects import Connect, Disconnect, Effect, Stop, Told, Transmit
from formant_net.errors import ProtocolError
from formant_net.messages import (
    Error,
    Heartbeat,
    IceServers,
    Kicked,
    Message,
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
    **{(state, Event.STOPPED): State.STOPPED for state in State},
}

FOR_GOOD = ("bad-key", "token-expired", "not-allowed")
"""Refusals that no further try changes: another key or token is needed."""
DIAL_S = 15.0
"""A WebSocket that is neither open nor refused by then is given up: the shell's own limit is shorter."""


class Signaling:
    """The client half of the WebSocket protocol over a list of servers.

    servers    tried in turn: the one that just worked again, then the next
    random     floats in 0…1 for the back-off
    """

    def __init__(
        self, identity: Identity, servers: Sequence[Server], timing: Timing, random: Callable[[], float]
    ) -> None:
        if not servers:
            raise ValueError("at least one server is needed")
        self.state = State.IDLE
        self.attempt = 0
        self.ice_servers: tuple[Mapping[str, Any], ...] = ()
        self._identity = identity
        self._servers = tuple(servers)
        self._timing = timing
        self._backoff = Backoff(timing, random)
        self._index = 0
        self._resume: str | None = None
        self._was_registered = False
        self._deadline: float | None = None
        self._heartbeat_s = timing.heartbeat_s
        self._out: list[Effect] = []

    @property
    def online(self) -> bool:
        """True while the server knows us and can pass messages on."""
        return self.state is State.REGISTERED

    @property
    def url(self) -> str:
        """The server that is in use or tried next."""
        return self._servers[self._index].ws_url

    def start(self, now: float) -> None:
        """Begin: dial the first server."""
        self._dial(now)

    def opened(self, attempt: int, now: float) -> None:
        """The WebSocket is open."""
        if attempt != self.attempt or self.state is not State.CONNECTING:
            return
        self._step(Event.OPENED)
        self._deadline = now + self._timing.register_s
        who = self._identity
        self.send(
            Register(
                client_id=who.client_id,
                role=who.role,
                key=self._servers[self._index].key,
                resume=self._resume,
                meta=dict(who.meta) if who.meta else None,
            )
        )

    def closed(self, attempt: int, reason: str, now: float) -> None:
        """The WebSocket closed or could not be opened; `reason` in words."""
        if attempt == self.attempt and self.state in (State.CONNECTING, State.REGISTERING, State.REGISTERED):
            self._fail(reason, now)

    def receive(self, attempt: int, message: Message | Unknown, now: float) -> Message | Unknown | None:
        """Takes what concerns the conversation itself; returns all else, for the core around it.

        raises    ProtocolError when the server says what it may not say now; nothing has changed then
        """
        if attempt != self.attempt or self.state not in (State.REGISTERING, State.REGISTERED):
            return None
        if isinstance(message, Registered):
            self._accepted(message, now)
        elif isinstance(message, IceServers) and self.state is State.REGISTERED:
            self.ice_servers = tuple(message.ice_servers)
        elif isinstance(message, Kicked):
            self.stop(f"the server has sent this client away: {message.reason}; start it again to come back", now)
        elif isinstance(message, Error) and self.state is State.REGISTERING:
            self._refused(message, now)
        elif self.state is State.REGISTERED:
            return message
        else:
            name = wire_name(message)
            raise ProtocolError("unexpected", f"server {self.url} sent {name!r} before it had registered us", name)
        return None

    def send(self, message: Message) -> None:
        """Send on the present WebSocket."""
        self._out.append(Transmit(self.attempt, message))

    def stop(self, reason: str, now: float, *, refused: bool = False) -> None:
        """The end, as the server or the operator wants it: nothing is tried again."""
        if self.state is State.STOPPED:
            return
        if self.state in (State.CONNECTING, State.REGISTERING, State.REGISTERED):
            self._out.append(Disconnect(self.attempt))
        self._step(Event.STOPPED)
        self._deadline = None
        self._out.append(Stop(reason, refused))

    def next_deadline(self) -> float | None:
        """When `on_deadline` is due, s, or None."""
        return self._deadline

    def on_deadline(self, now: float) -> None:
        """Time to dial again, to say that we live, or to give an attempt up."""
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

    def drain(self) -> list[Effect]:
        """What is to be done, in order."""
        out, self._out = self._out, []
        return out

    def _dial(self, now: float) -> None:
        self._step(Event.DIAL)
        self.attempt += 1
        self._deadline = now + DIAL_S
        self._out.append(Connect(self.url, self.attempt, self._servers[self._index].trust))

    def _accepted(self, message: Registered, now: float) -> None:
        self._step(Event.ACCEPTED)
        self._resume = message.resume
        self._was_registered = True
        self.ice_servers = tuple(message.ice_servers)
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
        self._step(Event.FAILED)
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
