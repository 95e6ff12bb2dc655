"""Wire messages: one frozen structure each, and the codec that checks them.

The hyphenated wire names appear only here. `decode_signaling` reads what travels on the WebSocket,
`decode_channel` what travels on the data channels. Both check types, ranges and sizes and raise
`ProtocolError`; an unknown type comes back as `Unknown`, to be counted and ignored.

Out of scope: who may send what (hub.py), what it does (synth.py, controller.py).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from formant_net.errors import ProtocolError

MAX_SIGNALING_BYTES = 64 * 1024
"""A complete offer with all candidates is 1.5 to 6 kB; browsers with many interfaces reach 20 kB."""
MAX_CHANNEL_BYTES = 8 * 1024
"""A touch with 32 fingers is about 2.5 kB."""
MAX_FINGERS = 32
MAX_SDP_CHARS = 32 * 1024
MAX_CANDIDATE_CHARS = 1024
MAX_CREDENTIAL_CHARS = 2048
"""A join key has 14 characters, a signed token 200 to 500."""

ClientId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}\Z")]
"""`\\Z`, not `$`: that one would let a trailing newline through."""
Secret = Annotated[str, Meta(max_length=256)]
"""May be empty on the wire: a form sends an empty field, and "wrong key" is a clearer answer than "bad message"."""
Credential = Annotated[str, Meta(max_length=MAX_CREDENTIAL_CHARS)]
"""A join key or a signed token."""
Role = Literal["synth", "controller"]
Unit = Annotated[float, Meta(ge=0.0, le=1.0)]
FingerId = Annotated[int, Meta(ge=-(2**53), le=2**53)] | Annotated[str, Meta(max_length=64)]
Seq = Annotated[int, Meta(ge=0, le=2**53)]
Stamp = Annotated[float, Meta(ge=-1e15, le=1e15)]
"""A moment or a length on somebody's clock, ms."""
Name = Annotated[str, Meta(min_length=1, max_length=64)]
Scalar = bool | Annotated[float, Meta(ge=-1e9, le=1e9)] | Annotated[str, Meta(max_length=256)]
ClientMeta = Annotated[dict[Annotated[str, Meta(max_length=64)], Scalar | None], Meta(max_length=16)]
"""What a client says of itself. Few and short: a list of controllers carries everybody's."""


class Message(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """Base of all wire messages; optional fields that were not given are left out on the wire."""


# --- WebSocket -------------------------------------------------------------------------------------------------


class Register(Message, tag="register", frozen=True, kw_only=True):
    client_id: ClientId
    role: Role | None = None
    key: Credential | None = None
    resume: Secret | None = None
    meta: ClientMeta | None = None


class Registered(Message, tag="registered", frozen=True, kw_only=True):
    client_id: ClientId
    edge: str
    resume: str
    ice_servers: list[dict[str, Any]]
    heartbeat_s: float
    ttl_s: float
    location: Annotated[str, Meta(max_length=64)] | UnsetType = UNSET
    """Of the edge: a name or `LAT,LON`."""
    servers: Annotated[list[Annotated[str, Meta(max_length=256)]], Meta(max_length=16)] | UnsetType = UNSET
    """WebSocket addresses of other servers of the ensemble, which have the same key."""


class IceServers(Message, tag="ice-servers", frozen=True, kw_only=True):
    """The list of `registered` anew: passwords of relays run out."""

    ice_servers: list[dict[str, Any]]


class RequestControllers(Message, tag="request-controllers", frozen=True, kw_only=True):
    source: ClientId | None = None


class ControllerDetail(Struct, frozen=True, kw_only=True):
    """What is known of one controller of a `controllers-list`."""

    edge: str
    age_s: float
    meta: dict[str, Any] = {}
    location: Annotated[str, Meta(max_length=64)] | UnsetType = UNSET


class ControllersList(Message, tag="controllers-list", frozen=True, kw_only=True):
    """The nearest first. `total`: how many there are, if that is more than a message can name."""

    controllers: list[ClientId]
    details: dict[str, ControllerDetail] | UnsetType = UNSET
    timestamp: float | UnsetType = UNSET
    total: int | UnsetType = UNSET


class ControllerJoined(Message, tag="controller-joined", frozen=True, kw_only=True):
    controller_id: ClientId
    timestamp: float | UnsetType = UNSET
    edge: str | UnsetType = UNSET
    location: Annotated[str, Meta(max_length=64)] | UnsetType = UNSET
    meta: dict[str, Any] | UnsetType = UNSET


class ControllerLeft(Message, tag="controller-left", frozen=True, kw_only=True):
    controller_id: ClientId
    timestamp: float | UnsetType = UNSET
    edge: str | UnsetType = UNSET


class Heartbeat(Message, tag="heartbeat", frozen=True, kw_only=True):
    source: ClientId | None = None


class Description(Struct, frozen=True, kw_only=True):
    """A session description, as W3C spells it."""

    type: Literal["offer", "answer"]
    sdp: Annotated[str, Meta(min_length=1, max_length=MAX_SDP_CHARS)]


class Candidate(Struct, frozen=True, kw_only=True, rename="camel"):
    """An ICE candidate, as W3C spells it (`sdpMid`, `sdpMLineIndex`)."""

    candidate: Annotated[str, Meta(max_length=MAX_CANDIDATE_CHARS)]
    sdp_mid: Annotated[str, Meta(max_length=64)] | None = None
    sdp_m_line_index: Annotated[int, Meta(ge=0, le=64)] | None = msgspec.field(default=None, name="sdpMLineIndex")
    username_fragment: Annotated[str, Meta(max_length=256)] | None = None


class Relayed(Message, frozen=True, kw_only=True):
    """Base of what the server passes from peer to peer; it stamps `source`, `sender_id`, `timestamp` and `settings`."""

    source: ClientId | None = None
    target: ClientId
    sender_id: ClientId | UnsetType = UNSET
    timestamp: float | UnsetType = UNSET
    settings: bool | UnsetType = UNSET
    """False: the sender may play, but not change what everybody hears (volume, power, preset)."""


class Offer(Relayed, tag="offer", frozen=True, kw_only=True):
    data: Description

    def __post_init__(self) -> None:
        _check_kind(self.data, "offer")


class Answer(Relayed, tag="answer", frozen=True, kw_only=True):
    data: Description

    def __post_init__(self) -> None:
        _check_kind(self.data, "answer")


def _check_kind(description: Description, kind: str) -> None:
    if description.type != kind:  # ValueError is what msgspec turns into its own error, with the place
        raise ValueError(f"`data.type` of an {kind} is {kind!r}, not {description.type!r}")


class IceCandidate(Relayed, tag="ice-candidate", frozen=True, kw_only=True, omit_defaults=False):
    """`data` = null says "no more candidates"; it is written out, for clients that read the field blindly."""

    data: Candidate | None = None


class Ice(Relayed, tag="ice", frozen=True, kw_only=True):
    """Older spelling of `ice-candidate`; decoding turns it into one."""

    data: Candidate | None = None


class Move(Message, tag="move", frozen=True, kw_only=True):
    """The server is about to stop: go to another one, within `within_s`. Links go on."""

    within_s: Annotated[float, Meta(ge=0.0, le=3600.0)]


class Kicked(Message, tag="kicked", frozen=True, kw_only=True):
    reason: str


class Error(Message, tag="error", frozen=True, kw_only=True):
    code: str
    message: str
    about: str = ""


# --- data channels ---------------------------------------------------------------------------------------------


class Point(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One finger that is down: x and y in 0…1 (y = 0 at the bottom), z = pressure in 0…1.

    `since` is when it came down, ms of the controller's clock: for a synth that lost the message that said so first.
    """

    id: FingerId
    x: Unit
    y: Unit
    z: Unit | None = None
    since: Stamp | None = None


Points = Annotated[list[Point], Meta(max_length=MAX_FINGERS)]


class Touch(Message, tag="touch", frozen=True, kw_only=True):
    """State of one finger, or of all (`points`): may be lost, repeated or late; the newest `seq` wins."""

    x: Unit
    y: Unit
    active: bool
    z: Unit | None = None
    id: FingerId | None = None
    seq: Seq | None = None
    t: Stamp | None = None
    points: Points | None = None


class Ping(Message, tag="ping", frozen=True, kw_only=True):
    """`timestamp` is echoed unread. `points` and `seq` let the state of the fingers ride along.

    `t` is the controller's clock, ms; `echo` the `t` of the last pong, as it came; `held` ms since that pong came.
    `rtt_ms`: the round trip of this link as the sender has found it: a synth that has to choose prefers short ones.
    """

    timestamp: float | int | str | None = None
    t: Stamp | None = None
    echo: Stamp | None = None
    held: Stamp | None = None
    seq: Seq | None = None
    points: Points | None = None
    rtt_ms: Annotated[float, Meta(ge=0.0, le=60_000.0)] | None = None


class Pong(Message, tag="pong", frozen=True, kw_only=True):
    """`timestamp` as it came in the ping; `t` is the synth's clock, ms, to be echoed unread in the next ping."""

    timestamp: float | int | str | None = None
    t: Stamp | None = None
    state: dict[str, Any] = {}


class Param(Message, tag="param", frozen=True, kw_only=True):
    name: Name
    value: Scalar


class Command(Message, tag="command", frozen=True, kw_only=True):
    name: Name
    value: Scalar | None = None


class Unknown(Struct, frozen=True):
    """A well-formed message of a type this version does not know."""

    type: str


# --- codec -----------------------------------------------------------------------------------------------------

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
)
Channel = Touch | Ping | Pong | Param | Command


class _Head(Struct, frozen=True):
    type: Annotated[str, Meta(max_length=64)]


_encoder = msgspec.json.Encoder()
_head = msgspec.json.Decoder(_Head)
_signaling: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Signaling | Ice)
_channel: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Channel)
_signaling_names = frozenset(t.__struct_config__.tag for t in (*Signaling.__args__, Ice))
_channel_names = frozenset(t.__struct_config__.tag for t in Channel.__args__)


def encode(message: Message) -> str:
    """JSON text of one message."""
    return _encoder.encode(message).decode()


def wire_name(message: Message | Unknown) -> str:
    """The `type` of a message as it stands on the wire."""
    return message.type if isinstance(message, Unknown) else str(message.__struct_config__.tag)


def decode_signaling(text: str | bytes, max_bytes: int = MAX_SIGNALING_BYTES) -> Signaling | Unknown:
    """One message of the WebSocket. Raises ProtocolError ("too-large", "bad-message")."""
    message = _decode(text, _signaling, _signaling_names, max_bytes)
    if isinstance(message, Ice):
        return IceCandidate(
            source=message.source, target=message.target, data=message.data,
            sender_id=message.sender_id, timestamp=message.timestamp,
        )  # fmt: skip
    return message  # type: ignore[no-any-return]


def decode_channel(text: str | bytes) -> Channel | Unknown:
    """One message of a data channel. Raises ProtocolError ("too-large", "bad-message")."""
    return _decode(text, _channel, _channel_names, MAX_CHANNEL_BYTES)  # type: ignore[no-any-return]


def _decode(text: str | bytes, decoder: msgspec.json.Decoder[Any], names: frozenset[Any], limit: int) -> Any:
    # A character is at least one byte, so the cheap test catches what is far too long without encoding it.
    size = len(text) if isinstance(text, bytes) or len(text) > limit else len(text.encode("utf-8", "surrogatepass"))
    if size > limit:
        raise ProtocolError("too-large", f"a message may have {limit} bytes, this one has {size}: send less")
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
        raise ProtocolError("bad-message", f"{error}: see the table of messages in docs/protocol.md", about) from error
