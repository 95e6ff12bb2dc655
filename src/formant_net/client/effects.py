"""What a client core asks of the shell: sockets, links and words for people.

A link is one WebRTC connection to a peer. It has a number, which every effect and every event of the link carries. So
an event of a link that has been replaced is recognised and ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from formant_net.protocol.messages import Candidate, Message
from formant_net.protocol.trust import SYSTEM, Trust

PARAMS = "params"
"""Channel of touches and pings: unordered, never retransmitted."""
COMMANDS = "commands"
"""Channel of commands: reliable, ordered. A peer may not have it."""


@dataclass(frozen=True, slots=True)
class Connect:
    """Open a WebSocket to `url` if the server passes `trust`; answer with `opened(attempt)` or `closed(attempt)`."""

    url: str
    attempt: int
    trust: Trust = SYSTEM
    address: str | None = None
    """Address to use instead of looking up the name in `url`, where several machines have that name."""


@dataclass(frozen=True, slots=True)
class Check:
    """Find out whether the server `number` at `url` is well; answer with `checked(number, ok)`."""

    url: str
    number: int
    trust: Trust = SYSTEM
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Close the WebSocket of `attempt` and report no further event of it."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Transmit:
    """Send a message on the WebSocket of `attempt`."""

    attempt: int
    message: Message


@dataclass(frozen=True, slots=True)
class MakeOffer:
    """Make a connection with both channels and hand its complete offer to `described(peer, link, sdp)`.

    guest    what the peer sends counts together with what all guests send
    """

    peer: str
    link: int
    ice_servers: tuple[Mapping[str, Any], ...] = ()
    guest: bool = False


@dataclass(frozen=True, slots=True)
class MakeAnswer:
    """Make a connection for the offer `sdp` and hand its complete answer to `described(peer, link, sdp)`."""

    peer: str
    link: int
    sdp: str
    ice_servers: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class AcceptAnswer:
    """Give the answer `sdp` to the connection that made the offer."""

    peer: str
    link: int
    sdp: str


@dataclass(frozen=True, slots=True)
class AddCandidate:
    """Give a trickled candidate (None: there are no more) to a connection; it holds it until it can be used."""

    peer: str
    link: int
    candidate: Candidate | None


@dataclass(frozen=True, slots=True)
class CloseLink:
    """Close a connection and report no further event of it."""

    peer: str
    link: int


@dataclass(frozen=True, slots=True)
class Send:
    """Send a message on a channel; dropped when the channel is congested (`PARAMS`) or gone."""

    peer: str
    link: int
    channel: str
    message: Message


@dataclass(frozen=True, slots=True)
class Notice:
    """One line for people. `event` says in plain words what happened, `fields` gives the particulars."""

    event: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Stop:
    """The client cannot go on by itself; `reason` says why and what to do.

    refused    True when it was started with a wrong key or token; False when it was kicked or its operator ended it
    """

    reason: str
    refused: bool = False


Effect = (
    Connect
    | Check
    | Disconnect
    | Transmit
    | MakeOffer
    | MakeAnswer
    | AcceptAnswer
    | AddCandidate
    | CloseLink
    | Send
    | Notice
    | Stop
)
