"""The messages between edges: signaling that is passed on, the question who holds an id, and how boxes are.

A message goes to one run of one edge (`node`). Messages from one edge to another arrive in the order in which they were
sent, once or not at all. Messages to a node that has ended are `undelivered`. Edges trust each other because each has
the engine's credentials: nothing here is checked again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.steering import DeskBox, Health


class Relay(msgspec.Struct, frozen=True, kw_only=True, tag="relay", tag_field="type"):
    """A client's message for a client of the receiving edge. `frame` is the text that goes out, encoded once.

    node    the sender's edge: it gets `Undelivered` when the target is not there
    """

    source: str
    target: str
    node: str
    about: str
    frame: msgspec.Raw


class Undelivered(msgspec.Struct, frozen=True, kw_only=True, tag="undelivered", tag_field="type"):
    """The target of a `Relay` is not at the edge that received it."""

    source: str
    target: str
    about: str


class Claim(msgspec.Struct, frozen=True, kw_only=True, tag="claim", tag_field="type"):
    """A new socket (`ws_id`, at `node`) wants the id of a client of the receiving edge: is that client alive?"""

    id: str
    ws_id: str
    node: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True, tag="verdict", tag_field="type"):
    """The answer to a `Claim`. `free` is False when the holder gave a sign of life."""

    id: str
    ws_id: str
    free: bool


class Watch(msgspec.Struct, frozen=True, kw_only=True, tag="watch", tag_field="type"):
    """The edge `node` has a desk, or none any more (`on` False): it wants to know how boxes are."""

    node: str
    on: bool


class BoxNews(msgspec.Struct, frozen=True, kw_only=True, tag="box-news", tag_field="type"):
    """How a box of the edge `node` is. To edges with a desk."""

    node: str
    box: DeskBox


class HealthNews(msgspec.Struct, frozen=True, kw_only=True, tag="health-news", tag_field="type"):
    """What a box of another edge has said of how it is, `age_s` seconds ago. To edges with a desk."""

    id: str
    age_s: float
    health: Health


class Meter(msgspec.Struct, frozen=True, kw_only=True, tag="meter", tag_field="type"):
    """The edge `node` has a desk that shows levels, or none any more (`on` False): it wants `LevelNews`."""

    node: str
    on: bool


class LevelNews(msgspec.Struct, frozen=True, kw_only=True, tag="level-news", tag_field="type"):
    """How loud boxes of another edge are, dB of full scale by their ids. To edges that asked by `Meter`."""

    peak_db: dict[str, float]


class Followed(msgspec.Struct, frozen=True, kw_only=True, tag="followed", tag_field="type"):
    """The boxes of the edge `node` were told what follows from revision `rev`. To edges with a desk."""

    node: str
    rev: int


class Identify(msgspec.Struct, frozen=True, kw_only=True, tag="identify", tag_field="type"):
    """A desk at another edge wants this box of the receiving edge to sing its tune for so long; 0: to stop."""

    id: str
    seconds: float


Envelope = (
    Relay | Undelivered | Claim | Verdict | Watch | BoxNews | HealthNews | Meter | LevelNews | Followed | Identify
)

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Envelope)


def encode(envelope: Envelope) -> bytes:
    """The message as JSON. The frame of a `Relay` is copied into it unchanged."""
    return _encoder.encode(envelope)


def decode(payload: bytes) -> Envelope:
    """The message in `payload`. Raises ProtocolError "bad-message" for what no edge of this version sends."""
    try:
        return _decoder.decode(payload)  # type: ignore[no-any-return]
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ProtocolError("bad-message", f"not a message between edges: {error}") from error


class MemoryBus:
    """The bus of edges in one process. Each message arrives immediately and in order."""

    def __init__(self) -> None:
        self._nodes: dict[str, Callable[[bytes], None]] = {}

    def attach(self, node: str, receive: Callable[[bytes], None]) -> None:
        """Deliver messages for `node` to `receive` from now on."""
        self._nodes[node] = receive

    def detach(self, node: str) -> None:
        """Remove a node. Messages to it are undelivered from now on."""
        del self._nodes[node]

    def post(self, node: str, payload: bytes) -> bool:
        """Send one message to a node. Returns False if the node is not attached."""
        receive = self._nodes.get(node)
        if receive is None:
            return False
        receive(payload)
        return True
