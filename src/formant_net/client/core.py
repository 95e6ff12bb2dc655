"""The base class of the synth and controller cores: the conversation with the server, the effects, one timer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar, cast

from formant_net.client.effects import Notice
from formant_net.client.servers import Server
from formant_net.client.signaling import Identity, Signaling
from formant_net.protocol.codec import wire_name
from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.messages import Error, Message, Role, Unknown
from formant_net.protocol.timing import Timing
from formant_net.timers.wakeup import Wakeup

Out = TypeVar("Out")


class ClientCore(Generic[Out]):
    """One client of a server. No I/O, no clock: `now` is s of one monotonic clock.

    Every event ends with one `_settle(now)`, which collects its effects. `Out` is the type of the effects that `drain`
    returns.
    """

    role: ClassVar[str]

    def __init__(
        self,
        client_id: str,
        role: Role,
        meta: Mapping[str, Any] | None,
        servers: Sequence[Server],
        timing: Timing,
        random: Callable[[], float],
        *,
        persistent: bool = False,
        searching: bool = False,
    ) -> None:
        self.counters: Counter[str] = Counter()
        self._id = client_id
        self._timing = timing
        self._random = random
        self._signaling = Signaling(
            Identity(client_id, role, meta), servers, timing, random, persistent=persistent, searching=searching
        )
        self._wakeup = Wakeup()
        self._out: list[Out] = []

    @property
    def online(self) -> bool:
        """True while a server has this client registered."""
        return self._signaling.online

    @property
    def registrations(self) -> int:
        """How often a server has registered this client."""
        return self._signaling.registrations

    @property
    def health_s(self) -> float | None:
        """Seconds after which the server wants `health` again; None: it wants none, or there is no server."""
        return self._signaling.health_s if self.online else None

    @property
    def server(self) -> Server:
        """The server that is in use or tried next."""
        return self._signaling.server

    def start(self, now: float) -> None:
        """Begin: connect to the server."""
        self._signaling.start(now)
        self._settle(now)

    def found(self, server: Server, now: float) -> None:
        """A server was found on the network."""
        self._signaling.found(server, now)
        self._settle(now)

    def opened(self, attempt: int, now: float) -> None:
        """The WebSocket of `attempt` is open."""
        self._signaling.opened(attempt, now)
        self._settle(now)

    def closed(self, attempt: int, reason: str, now: float) -> None:
        """The WebSocket of `attempt` is closed or was never open. Links go on."""
        self._signaling.closed(attempt, reason, now)
        self._settle(now)

    def receive(self, attempt: int, message: Message | Unknown, now: float) -> None:
        """A message from the server. Raises ProtocolError when it is not expected; nothing has changed then."""
        before = self._signaling.registrations
        mine = self._signaling.receive(attempt, message, now)
        if self._signaling.registrations != before:
            self._registered()
        if mine is not None:
            self._receive(mine, now)
        self._settle(now)

    def checked(self, number: int, ok: bool, now: float) -> None:
        """The result of a check of a better server of the list."""
        self._signaling.checked(number, ok, now)
        self._settle(now)

    def next_deadline(self) -> float | None:
        """When `on_deadline` wants to be called at the latest (it may be early), s, or None."""
        return self._wakeup.at

    def drain(self) -> list[Out]:
        """What is to be done, in order."""
        out, self._out = self._out, []
        return out

    def _settle(self, now: float) -> None:
        """After an event: collects effects and deadlines."""
        self._out += cast("list[Out]", self._signaling.drain())
        self._wakeup.by(self._signaling.next_deadline())

    def _registered(self) -> None:
        """A server has registered this client."""

    def _receive(self, message: Message | Unknown, now: float) -> None:
        """A message that is not about registering."""
        raise NotImplementedError

    def _otherwise(self, message: Message | Unknown) -> None:
        """A message that no client acts on. Raises ProtocolError if it is not meant for this role."""
        if isinstance(message, Error):
            self.counters["refused"] += 1
            refusal = Notice("server refuses", {"code": message.code, "reason": message.message}, warning=True)
            self._out.append(cast(Out, refusal))
        elif isinstance(message, Unknown):
            self.counters["unknown"] += 1
        else:
            name = wire_name(message)
            source = getattr(message, "source", None) or "the server"
            raise ProtocolError("unexpected", f"{source} sent {name!r} to a {self.role}: ignored", name)
