"""The codec of the wire messages: JSON text of each, and each from JSON text.

`decode_signaling` reads what travels on the WebSocket, `decode_channel` what travels on the data channels. Both check
types, ranges and sizes, and raise ProtocolError. A message of an unknown type is decoded as `Unknown`; the receiver
counts and ignores it.

Out of scope: the messages themselves (messages.py, steering.py).
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from formant_net.protocol import steering
from formant_net.protocol.bounds import BOUNDS
from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.fields import FingerId, Message, Seq, Stamp
from formant_net.protocol.messages import (
    Answer,
    Command,
    ControllerJoined,
    ControllerLeft,
    ControllersList,
    Error,
    Heartbeat,
    Ice,
    IceCandidate,
    IceServers,
    Kicked,
    Move,
    Offer,
    Param,
    Ping,
    Pong,
    Register,
    Registered,
    RequestControllers,
    Touch,
    Unknown,
)

MAX_SIGNALING_BYTES = 64 * 1024
"""A complete offer with all candidates is 1.5 to 6 kB; browsers with many interfaces reach 20 kB."""
MAX_CHANNEL_BYTES = BOUNDS.channel_bytes

Signaling = (
    Register
    | Registered
    | IceServers
    | RequestControllers
    | ControllersList
    | ControllerJoined
    | ControllerLeft
    | Heartbeat
    | Offer
    | Answer
    | IceCandidate
    | Move
    | Kicked
    | Error
    | steering.Steering
)
Channel = Touch | Ping | Pong | Param | Command


class _Head(Struct, frozen=True):
    type: Annotated[str, Meta(max_length=64)]


class _Asked(_Head, frozen=True):
    request: steering.RequestId | None = None


class _Release(Struct, frozen=True):
    """A touch that ends; it needs no coordinates."""

    active: bool
    id: FingerId | None = None
    seq: Seq | None = None
    t: Stamp | None = None
    points: UnsetType | None = UNSET


_encoder = msgspec.json.Encoder()
_head = msgspec.json.Decoder(_Head)
_asked = msgspec.json.Decoder(_Asked)
_release = msgspec.json.Decoder(_Release)
_signaling: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Signaling | Ice)
_channel: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Channel)
_signaling_names = frozenset(t.__struct_config__.tag for t in (*Signaling.__args__, Ice))
_channel_names = frozenset(t.__struct_config__.tag for t in Channel.__args__)


def encode(message: Message) -> str:
    """JSON text of one message."""
    return _encoder.encode(message).decode()


def encode_bytes(message: Message) -> bytes:
    """The same as UTF-8."""
    return _encoder.encode(message)


def wire_name(message: Message | Unknown) -> str:
    """The `type` of a message as it stands on the wire."""
    return message.type if isinstance(message, Unknown) else str(message.__struct_config__.tag)


def decode_signaling(text: str | bytes, max_bytes: int = MAX_SIGNALING_BYTES) -> Signaling | Unknown:
    """One message of the WebSocket. Raises ProtocolError ("too-large", "bad-message")."""
    return _decode(text, _signaling, _signaling_names, max_bytes)  # type: ignore[no-any-return]


def spelled(message: IceCandidate, *, ice: bool) -> IceCandidate:
    """The same candidate as `ice`, or as `ice-candidate`."""
    kind = Ice if ice else IceCandidate
    return message if type(message) is kind else kind(**msgspec.structs.asdict(message))


def asked_in(text: str | bytes) -> tuple[str, int | None]:
    """The type of a message and the number of a desk's request, of one that is not to be read; "" and None: unknown."""
    try:
        asked = _asked.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return "", None
    return asked.type, asked.request


def decode_channel(text: str | bytes) -> Channel | Unknown:
    """One message of a data channel. Raises ProtocolError ("too-large", "bad-message")."""
    return _decode(text, _channel, _channel_names, MAX_CHANNEL_BYTES)  # type: ignore[no-any-return]


def _decode(text: str | bytes, decoder: msgspec.json.Decoder[Any], names: frozenset[Any], limit: int) -> Any:
    # A character is at least one byte, so the cheap test catches what is far too long without encoding it.
    size = len(text)
    if size <= limit and isinstance(text, str) and not text.isascii():
        size = len(text.encode("utf-8", "surrogatepass"))
    if size > limit:
        raise ProtocolError("too-large", f"a message may have at most {limit} bytes, this one has {size}: send less")
    try:
        return decoder.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        about = ""
        try:
            about = _head.decode(text).type
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            raise ProtocolError("bad-message", f"not a JSON object with a text field `type`: {error}") from error
        if about not in names:
            return Unknown(about)
        if about == "touch" and (release := _lifted(text)) is not None:
            return release
        raise ProtocolError(
            "bad-message", f"{error}: see the table of messages in docs/integrate/protocol.md", about
        ) from error


def _lifted(text: str | bytes) -> Touch | None:
    """The release in a touch whose coordinates cannot be read: a finger may be lifted outside the surface."""
    try:
        said = _release.decode(text)
    except msgspec.DecodeError:
        return None
    return None if said.active else Touch(active=False, id=said.id, seq=said.seq, t=said.t)
