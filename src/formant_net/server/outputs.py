"""The outputs of the server core: what it asks its shell to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from msgspec import UNSET

from formant_net.fleet.agreed import Keep
from formant_net.protocol import messages as m
from formant_net.protocol.errors import ProtocolError
from formant_net.server.registry.registry import Restart, Write

CLOSE_DONE, CLOSE_AWAY, CLOSE_REFUSED, CLOSE_FULL = 1000, 1001, 1008, 1013
"""Close codes of RFC 6455: normal, going away, policy violation, try again later."""


@dataclass(frozen=True, slots=True)
class Send:
    """One message to several connections. The shell encodes it once. A text was encoded by another edge already."""

    to: tuple[int, ...]
    message: m.Message | str


@dataclass(frozen=True, slots=True)
class SendAll:
    """Several messages to several connections. The shell encodes each message and writes to each connection once."""

    to: tuple[int, ...]
    messages: tuple[m.Message, ...]


@dataclass(frozen=True, slots=True)
class Post:
    """One message to another edge (bus.py). The shell calls `on_unreachable` if that run of the edge has ended.

    about    source and target of a relayed message, empty otherwise
    """

    node: str
    payload: bytes
    about: tuple[str, str] | tuple[()] = ()


@dataclass(frozen=True, slots=True)
class Close:
    """Close this connection after the messages that were sent to it before."""

    conn: int
    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Probe:
    """Send a WebSocket ping. The shell reports the answer with `alive`."""

    conn: int


@dataclass(frozen=True, slots=True)
class Event:
    """An event for the log. It never carries a key or a secret."""

    level: Literal["debug", "info", "warning"]
    name: str
    fields: Mapping[str, Any]


Output = Send | SendAll | Post | Close | Probe | Event | Write | Restart | Keep


class Outbox:
    """Collects outputs in order, and converts `now` to wall-clock time.

    wall_offset_s    wall clock minus `now`, s. The shell sets it before each change: a wall clock may be corrected
    """

    def __init__(self) -> None:
        self.wall_offset_s = 0.0
        self._outputs: list[Output] = []

    def send(self, to: int | tuple[int, ...], message: m.Message | str) -> None:
        """Send one message to one connection or to several."""
        self._outputs.append(Send(to if isinstance(to, tuple) else (to,), message))

    def send_all(self, to: tuple[int, ...], messages: tuple[m.Message, ...]) -> None:
        """Send several messages to several connections."""
        self._outputs.append(SendAll(to, messages))

    def post(self, node: str, payload: bytes, about: tuple[str, str] | tuple[()] = ()) -> None:
        """Send a message to another edge."""
        self._outputs.append(Post(node, payload, about))

    def close(self, conn: int, code: int, reason: str) -> None:
        """Close a connection after the messages that were sent to it before."""
        self._outputs.append(Close(conn, code, reason))

    def probe(self, conn: int) -> None:
        """Ask a connection for a sign of life."""
        self._outputs.append(Probe(conn))

    def event(self, level: Literal["debug", "info", "warning"], name: str, **fields: Any) -> None:
        """Log an event. Fields that are None are left out."""
        self._outputs.append(Event(level, name, {k: v for k, v in fields.items() if v is not None}))

    def error(self, conn: int, error: ProtocolError) -> None:
        """Send a ProtocolError as an `error` message."""
        target = error.target or UNSET
        request = UNSET if error.request is None else error.request
        self.send(
            conn,
            m.Error(code=error.code, message=error.message, about=error.about, target=target, request=request),
        )

    def wall(self, now: float) -> float:
        """The wall clock, s since 1970. Tokens and relay passwords expire by it."""
        return now + self.wall_offset_s

    def timestamp(self, now: float) -> int:
        """The wall clock, ms since 1970, for people and logs."""
        return round(self.wall(now) * 1000)

    def drain(self) -> list[Output]:
        """Return the outputs since the last call, in order."""
        outputs, self._outputs = self._outputs, []
        return outputs
