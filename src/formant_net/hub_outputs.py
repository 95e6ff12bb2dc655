"""What the server core asks its shell to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from formant_net import messages as m
from formant_net.errors import ProtocolError

CLOSE_DONE, CLOSE_AWAY, CLOSE_REFUSED, CLOSE_FULL = 1000, 1001, 1008, 1013
"""Close codes of RFC 6455: normal, going away, policy violation, try again later."""


@dataclass(frozen=True, slots=True)
class Send:
    """One message to several connections; the shell encodes it once. Text is encoded already: another edge has."""

    to: tuple[int, ...]
    message: m.Message | str


@dataclass(frozen=True, slots=True)
class SendAll:
    """Several messages to several connections: each is encoded once, each connection is written to once."""

    to: tuple[int, ...]
    messages: tuple[m.Message, ...]


@dataclass(frozen=True, slots=True)
class Post:
    """One message to another edge (bus.py). Report with `on_unreachable` if that run of it is gone.

    about    source and target of a message that is passed on, empty otherwise
    """

    node: str
    payload: bytes
    about: tuple[str, str] | tuple[()] = ()


@dataclass(frozen=True, slots=True)
class Close:
    """Close this connection after what was sent to it before."""

    conn: int
    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Probe:
    """Send a WebSocket ping; report the answer with `alive`."""

    conn: int


@dataclass(frozen=True, slots=True)
class Event:
    """Something worth a line in the log. Never carries a key or a secret."""

    level: Literal["debug", "info", "warning"]
    name: str
    fields: Mapping[str, Any]


Output = Send | SendAll | Post | Close | Probe | Event


class Outbox:
    """Collects what is to be done, in order, and stamps it.

    wall_offset_s    wall clock minus `now`. The shell sets it, again and again: a wall clock may be put right
    """

    def __init__(self) -> None:
        self.wall_offset_s = 0.0
        self._outputs: list[Output] = []

    def send(self, to: int | tuple[int, ...], message: m.Message | str) -> None:
        """One message to one connection or to several."""
        self._outputs.append(Send(to if isinstance(to, tuple) else (to,), message))

    def send_all(self, to: tuple[int, ...], messages: tuple[m.Message, ...]) -> None:
        """Several messages to several connections."""
        self._outputs.append(SendAll(to, messages))

    def post(self, node: str, payload: bytes, about: tuple[str, str] | tuple[()] = ()) -> None:
        """A message to another edge."""
        self._outputs.append(Post(node, payload, about))

    def close(self, conn: int, code: int, reason: str) -> None:
        """Close it after what was sent before."""
        self._outputs.append(Close(conn, code, reason))

    def probe(self, conn: int) -> None:
        """Ask whether it is alive."""
        self._outputs.append(Probe(conn))

    def event(self, level: Literal["debug", "info", "warning"], name: str, **fields: Any) -> None:
        """A line for the log; fields that are None are left out."""
        self._outputs.append(Event(level, name, {k: v for k, v in fields.items() if v is not None}))

    def error(self, conn: int, error: ProtocolError) -> None:
        """What was wrong, in the words of the protocol."""
        self.send(conn, m.Error(code=error.code, message=error.message, about=error.about))

    def wall(self, now: float) -> float:
        """The wall clock, s since 1970: tokens and passwords end by it."""
        return now + self.wall_offset_s

    def timestamp(self, now: float) -> int:
        """The wall clock, ms since 1970: for people and logs."""
        return round(self.wall(now) * 1000)

    def drain(self) -> list[Output]:
        """Everything, once."""
        outputs, self._outputs = self._outputs, []
        return outputs
