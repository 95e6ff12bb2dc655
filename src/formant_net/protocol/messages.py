"""Wire messages, one frozen structure each. Only here do their hyphenated wire names appear.

Out of scope: how they are written and read (codec.py), what desks and boxes say (steering.py), who may send what
(server/), what a message does (synth/, controller/).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from formant_net.protocol import steering
from formant_net.protocol.bounds import BOUNDS
from formant_net.protocol.fields import (
    MAX_CREDENTIAL_CHARS,
    ClientId,
    ClientMeta,
    Credential,
    FingerId,
    Group,
    Message,
    Name,
    NoteNumber,
    Place,
    Role,
    Scalar,
    Secret,
    Seq,
    Stamp,
    Unit,
)

__all__ = [
    "MAX_CREDENTIAL_CHARS",
    "ClientId",
    "ClientMeta",
    "Credential",
    "FingerId",
    "Group",
    "Message",
    "Name",
    "NoteNumber",
    "Place",
    "Role",
    "Scalar",
    "Secret",
    "Seq",
    "Stamp",
    "Unit",
]  # of fields.py; they are public here, too

MAX_FINGERS = BOUNDS.fingers
MAX_SDP_CHARS = 32 * 1024
MAX_CANDIDATE_CHARS = 1024
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
    settings: bool | UnsetType = UNSET
    """False: synths take no settings (volume, power, preset) of this client."""
    health_s: float | UnsetType = UNSET
    """Seconds after which this synth is to say again how it is (`health`); missing: the server does not want it."""


class IceServers(Message, tag="ice-servers", frozen=True, kw_only=True):
    """Replaces the list of `registered`, because passwords of relays expire."""

    ice_servers: list[dict[str, Any]]


class RequestControllers(Message, tag="request-controllers", frozen=True, kw_only=True):
    """`after`: continue the list after this id, the last one of a list with `more`."""

    source: ClientId | None = None
    after: ClientId | None = None


class ControllerDetail(Struct, frozen=True, kw_only=True):
    """What is known of one controller of a `controllers-list`."""

    edge: str
    age_s: float
    meta: dict[str, Any] = {}
    location: Annotated[str, Meta(max_length=64)] | UnsetType = UNSET
    settings: bool | UnsetType = UNSET
    """As in `Relayed`."""
    group: Group | UnsetType = UNSET


class ControllersList(Message, tag="controllers-list", frozen=True, kw_only=True):
    """The controllers: those with more rights first, then the nearest. One message may not have room for all.

    total    how many there are, if this message names fewer
    more     true: there are others; ask again with `after`, the last id of this list
    after    this list goes on after that id
    """

    controllers: list[ClientId]
    details: dict[str, ControllerDetail] | UnsetType = UNSET
    timestamp: float | UnsetType = UNSET
    total: int | UnsetType = UNSET
    more: bool | UnsetType = UNSET
    after: ClientId | UnsetType = UNSET


class ControllerJoined(Message, tag="controller-joined", frozen=True, kw_only=True):
    controller_id: ClientId
    timestamp: float | UnsetType = UNSET
    edge: str | UnsetType = UNSET
    location: Annotated[str, Meta(max_length=64)] | UnsetType = UNSET
    meta: dict[str, Any] | UnsetType = UNSET
    settings: bool | UnsetType = UNSET
    """As in `Relayed`."""
    group: Group | UnsetType = UNSET


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
    """Base of the messages that the server passes from peer to peer; it sets all fields but `target`."""

    source: ClientId | None = None
    target: ClientId
    sender_id: ClientId | UnsetType = UNSET
    timestamp: float | UnsetType = UNSET
    settings: bool | UnsetType = UNSET
    """False: the sender may play, but not change what everybody hears (volume, power, preset)."""
    group: Group | UnsetType = UNSET

    @property
    def sender(self) -> str:
        """The id of the sender; empty if neither the sender nor the server has set it."""
        return self.source or (self.sender_id if isinstance(self.sender_id, str) else "")


class Offer(Relayed, tag="offer", frozen=True, kw_only=True):
    data: Description

    def __post_init__(self) -> None:
        _check_kind(self.data, "offer")


class Answer(Relayed, tag="answer", frozen=True, kw_only=True):
    data: Description

    def __post_init__(self) -> None:
        _check_kind(self.data, "answer")


def _check_kind(description: Description, kind: str) -> None:
    if description.type != kind:  # msgspec turns a ValueError into its own error, which names the place
        raise ValueError(f"`data.type` of an {kind} is {kind!r}, not {description.type!r}")


class IceCandidate(Relayed, tag="ice-candidate", frozen=True, kw_only=True, omit_defaults=False):
    """`data` = null means "no more candidates". It is always written, for clients that expect the field."""

    data: Candidate | None = None


class Ice(IceCandidate, tag="ice", frozen=True, kw_only=True, omit_defaults=False):
    """Older spelling of `ice-candidate`. Some clients know only this one, some only the other."""


class Move(Message, tag="move", frozen=True, kw_only=True):
    """The server is about to stop: the client moves to another one within `within_s`. Links go on."""

    within_s: Annotated[float, Meta(ge=0.0, le=3600.0)]


class Kicked(Message, tag="kicked", frozen=True, kw_only=True):
    """The server sends the client away for good. Some servers say by whom instead of why, or neither."""

    reason: str | None = None
    kicked_by: Any = UNSET

    @property
    def why(self) -> str:
        """The reason as one line of text."""
        if self.reason:
            return self.reason
        return f"by {self.kicked_by}"[:200] if self.kicked_by not in (UNSET, None, "") else "it gave no reason"


class Error(Message, tag="error", frozen=True, kw_only=True):
    """`about`: the type of the message that it answers; `target`: to whom that was to go.

    request   number of the desk's request that is refused
    """

    code: str
    message: str
    about: str = ""
    target: ClientId | UnsetType = UNSET
    request: steering.RequestId | UnsetType = UNSET


# --- data channels ---------------------------------------------------------------------------------------------


class Point(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One finger that is down.

    x, y     0…1: place across (pitch, unless `note` says it) and up (vowel); y = 0 at the bottom
    z        pressure, 0…1
    note     pitch as a MIDI number; `x` then only places the sound
    vel      how hard it was struck, 0…1; the same as long as the finger is down
    place    vowel as (0 back … 1 front, 0 close … 1 open), instead of `y`, for a synth that sings a plane of vowels
    since    when it came down, ms of the controller's clock: for a synth that lost the message that said so first
    """

    id: FingerId
    x: Unit
    y: Unit
    z: Unit | None = None
    note: NoteNumber | None = None
    vel: Unit | None = None
    place: Place | None = None
    since: Stamp | None = None


Points = Annotated[list[Point], Meta(max_length=MAX_FINGERS)]


class Touch(Message, tag="touch", frozen=True, kw_only=True):
    """State of one finger, or of all (`points`): may be lost, repeated or late; the newest `seq` wins.

    x, y     may be missing when the finger is lifted, or where `points` says everything
    t        when it was sent, ms of the controller's clock
    """

    active: bool
    x: Unit | None = None
    y: Unit | None = None
    z: Unit | None = None
    note: NoteNumber | None = None
    vel: Unit | None = None
    place: Place | None = None
    id: FingerId | None = None
    seq: Seq | None = None
    t: Stamp | None = None
    points: Points | None = None

    def __post_init__(self) -> None:
        if self.active and self.points is None and (self.x is None or self.y is None):
            raise ValueError("`x` and `y` are needed while `active` is true")

    def point(self) -> Point | None:
        """The one finger that the message is about, as in `points`; None without x and y."""
        if self.x is None or self.y is None:
            return None
        return Point(id=self.finger, x=self.x, y=self.y, z=self.z, note=self.note, vel=self.vel, place=self.place)

    @property
    def finger(self) -> FingerId:
        """The finger that the message is about. One without `id` is finger 0."""
        return 0 if self.id is None else self.id


class Ping(Message, tag="ping", frozen=True, kw_only=True):
    """`timestamp` is echoed unread. `points` and `seq` carry the state of the fingers.

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
    state: dict[str, Any] = msgspec.field(default_factory=dict)


class Param(Message, tag="param", frozen=True, kw_only=True):
    """A setting. `remember`: a person chose it, so it outlives a restart, also if no finger of this link has played."""

    name: Name
    value: Scalar
    remember: bool = False


class Command(Message, tag="command", frozen=True, kw_only=True):
    """A setting of the other channel; `remember` as in `Param`."""

    name: Name
    value: Scalar | None = None
    remember: bool = False


class Unknown(Struct, frozen=True):
    """A well-formed message of a type this version does not know."""

    type: str
