"""What edges say to each other: signaling passed on, and whose an id is.

A message goes to one run of one edge (`node`). From one edge to another, messages arrive in the order in which they
were sent, once or not at all; to a node that is gone they are `undelivered`. The engine's credentials are what edges
trust each other by: nothing here is checked again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from formant_net.errors import ProtocolError


class Relay(msgspec.Struct, frozen=True, kw_only=True, tag="relay", tag_field="type"):
    """A client's message for a client of the edge that gets this. `frame`: as it goes out, encoded once.

    node    where the sender is: undeliverable ones are said there
    """

    source: str
    target: str
    node: str
    about: str
    frame: msgspec.Raw


class Undelivered(msgspec.Struct, frozen=True, kw_only=True, tag="undelivered", tag_field="type"):
    """The target of a `Relay` is not here."""

    source: str
    target: str
    about: str


class Claim(msgspec.Struct, frozen=True, kw_only=True, tag="claim", tag_field="type"):
    """A newcomer (`ws_id`, at `node`) wants the id of a client of the edge that gets this: is that one alive?"""

    id: str
    ws_id: str
    node: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True, tag="verdict", tag_field="type"):
    """The answer to a `Claim`. Not `free`: the holder gave a sign of life."""

    id: str
    ws_id: str
    free: bool


Envelope = Relay | Undelivered | Claim | Verdict

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Envelope)


def encode(envelope: Envelope) -> bytes:
    """JSON; the frame of a `Relay` stands in it as it is."""
    return _encoder.encode(envelope)


def decode(payload: bytes) -> Envelope:
    """Raises ProtocolError "bad-message": an edge of another version, or somebody who is no edge."""
    try:
        return _decoder.decode(payload)  # type: ignore[no-any-return]
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ProtocolError("bad-message", f"not a message between edges: {error}") from error


class MemoryBus:
    """The bus of edges in one process: everything arrives at once, in order."""

    def __init__(self) -> None:
        self._nodes: dict[str, Callable[[bytes], None]] = {}

    def attach(self, node: str, receive: Callable[[bytes], None]) -> None:
        """From now on messages for `node` go to `receive`."""
        self._nodes[node] = receive

    def detach(self, node: str) -> None:
        """The node is gone."""
        del self._nodes[node]

    def post(self, node: str, payload: bytes) -> bool:
        """One message. False if the node is not there: it is undelivered."""
        receive = self._nodes.get(node)
        if receive is None:
            return False
        receive(payload)
        return True
