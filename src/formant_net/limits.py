"""Everything that bounds what strangers may cost a server, in one place.

Each is an option of the operator: `--limit NAME=VALUE`, as often as needed. Zero is never "without limit": a limit that
should not matter is set high.

Out of scope: what one controller may cost a synth (play_limits.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from formant_net.messages import MAX_CANDIDATE_CHARS, MAX_SDP_CHARS, MAX_SIGNALING_BYTES


class LimitError(ValueError):
    """Not a limit, or not a value for it; the text says which there are."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one edge takes on, and what it takes from one client or one address. All values are > 0.

    An address is an IPv4 address or an IPv6 /64: that is what one household or one hall has.
    """

    clients: int = 4096
    """Connections in all."""
    clients_per_address: int = 512
    """A hall behind one address needs one for each phone; raise it there."""
    rate_per_s: float = 200.0
    """Messages of one client, sustained. A page that answers 100 synths with 10 candidates each stays below it."""
    burst: int = 2000
    """Messages of one client at once: a synth that offers to 1,000 controllers when it arrives."""
    address_rate_per_s: float = 2000.0
    """Messages of all clients of one address together, sustained."""
    address_burst: int = 20_000
    connects_per_s: float = 100.0
    """New connections of one address, sustained; a page is 26 of them (plain requests are not kept open)."""
    connects_burst: int = 5000
    """A hall that scans the code at once: 200 phones."""
    offers_per_min: int = 3000
    """Offers of one synth, sustained and at once: 1,000 controllers, each tried three times."""
    offers_per_pair_per_min: int = 60
    """Offers of one synth to one controller: each makes that page build a connection."""
    control_per_s: float = 10.0
    """Frames of one connection that carry no message (pings, pieces of a message), sustained. Browsers send few."""
    control_burst: int = 200
    newcomer_messages: int = 20
    """What a connection may say before it is registered; with more it is closed."""
    request_bytes: int = 16 * 1024
    """An HTTP request with all its headers. Browsers send one kilobyte; the library would take one megabyte."""
    message_bytes: int = MAX_SIGNALING_BYTES
    sdp_chars: int = MAX_SDP_CHARS
    """A complete offer with all candidates is 1.5 to 6 kB; browsers with many interfaces reach 20 kB."""
    candidate_chars: int = MAX_CANDIDATE_CHARS
    candidates: int = 64
    """Candidates in one description: each is an address that the receiver sends packets to."""
    held: int = 32
    """Messages that a client may send before it hears whether it is registered."""
    unsent_bytes: int = 8 * 1024 * 1024
    """What may wait for one slow reader: a thousand answers of 6 kB for a busy synth, with room to spare."""
    guesses: int = 10
    """Wrong keys of one address at once."""
    guesses_per_min: float = 6.0
    """Wrong keys of one address, sustained: a key of 59 bits lasts, and one of six digits a hundred days."""
    handshake_s: float = 10.0
    """From the TCP connection to a complete TLS handshake, and from there to a complete request."""
    register_s: float = 10.0
    """From an open WebSocket to its registration."""

    def __post_init__(self) -> None:
        for one in fields(self):
            check_range(one.name, getattr(self, one.name), _TOP.get(one.name, 1e9))

    @classmethod
    def parse(cls, settings: Iterable[str]) -> Limits:
        """`["clients=100", "rate_per_s=50"]` with the defaults for the rest. Raises LimitError."""
        return cls(**read_settings(cls(), settings))


def read_settings(defaults: Any, settings: Iterable[str]) -> dict[str, Any]:
    """Fields of a dataclass from `NAME=VALUE`, each of the kind that its default has. Raises LimitError."""
    types = {one.name: type(getattr(defaults, one.name)) for one in fields(defaults)}
    values: dict[str, Any] = {}
    for setting in settings:
        name, found, text = setting.partition("=")
        name = name.strip().replace("-", "_")
        if not found or name not in types:
            raise LimitError(f"{setting!r} is not NAME=VALUE with one of {', '.join(types)}")
        try:
            values[name] = types[name](text)
        except ValueError:
            whole = "a whole number" if types[name] is int else "a number"
            raise LimitError(f"{name} takes {whole}, not {text!r}") from None
    return values


def check_range(name: str, value: object, top: float) -> None:
    """Raises LimitError unless 0 < value <= top."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= top:
        raise LimitError(f"{name}={value} must be above 0 and at most {top:g}")


# What the wire itself allows: a larger one would only be refused elsewhere.
_TOP: dict[str, float] = {
    "message_bytes": MAX_SIGNALING_BYTES,
    "sdp_chars": MAX_SDP_CHARS,
    "candidate_chars": MAX_CANDIDATE_CHARS,
    "candidates": 256,
    "handshake_s": 600.0,
    "register_s": 600.0,
}
