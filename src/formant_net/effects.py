"""What a client core asks of the shell: sockets, links and words for people.

A link is one WebRTC connection to a peer. It has a number, and everything that goes in or out names it: news of a link
that has been replaced meanwhile is recognised and ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from formant_net.messages import Candidate, Message
from formant_net.trust import SYSTEM, Trust

PARAMS = "params"
"""Channel of touches and pings: unordered, never retransmitted."""
COMMANDS = "commands"
"""Channel of commands: reliable, ordered. A peer may not have it."""


@dataclass(frozen=True, slots=True)
class Connect:
    """Open a WebSocket to `url`, if it is who `trust` says; answer with `opened(attempt)` or `closed(attempt)`."""

    url: str
    attempt: int
    trust: Trust = SYSTEM
    address: str | None = None
    """Instead of what the name in `url` is looked up as: one of several machines of that name."""


@dataclass(frozen=True, slots=True)
class Check:
    """Find out whether the server `number` at `url` is well; answer with `checked(number, ok)`."""

    url: str
    number: int
    trust: Trust = SYSTEM
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Close the WebSocket of `attempt`; no news of it is wanted any more."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Transmit:
    """Send a message on the WebSocket of `attempt`."""

    attempt: int
    message: Message


@dataclass(frozen=True, slots=True)
class MakeOffer:
    """Make a connection with both channels and hand its complete offer to `described(peer, link, sdp)`."""

    peer: str
    link: int
    ice_servers: tuple[Mapping[str, Any], ...] = ()


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
    """Close a connection; no news of it is wanted any more."""

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
class Told:
    """Something a person may want to know, one line. `event` is plain words, `fields` the particulars."""

    event: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Stop:
    """The client cannot go on by itself; `reason` says why and what to do.

    refused    True when it was started wrongly (the key); False when it was sent away, or ended by its operator
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
    | Told
    | Stop
)
