"""Everything that bounds what strangers may cost a server, in one place.

Each is an option of the operator: `--limit NAME=VALUE`, as often as needed. Zero is never "without limit": a limit that
should not matter is set high.

Out of scope: what one controller may cost a synth (play_limits.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

from formant_net.protocol.codec import MAX_SIGNALING_BYTES
from formant_net.protocol.messages import MAX_CANDIDATE_CHARS, MAX_SDP_CHARS
from formant_net.protocol.settings import check_range, read_settings


@dataclass(frozen=True, slots=True)
class Limits:
    """What one edge takes on, and what it takes from one client or one address. All values are > 0.

    An address is an IPv4 address or an IPv6 /64: that is what one household or one hall has.
    """

    clients: int = 4096
    """Registered clients in all. A client with more rights takes the place of a guest."""
    newcomers: int = 1024
    """Connections that have not registered yet. When there are more, the address with most of them gives way."""
    newcomers_per_address: int = 256
    """Unregistered connections of one address; the oldest gives way. A normal client registers within a second."""
    clients_per_address: int = 512
    """Guests of one address, and as many others. A hall behind one address needs one for each phone; raise it there."""
    rate_per_s: float = 200.0
    """Messages of one client, sustained. A page that answers 100 synths with 10 candidates each stays below it."""
    burst: int = 2000
    """Messages of one client at once: a synth that offers to 1,000 controllers when it arrives."""
    address_rate_per_s: float = 2000.0
    """Messages of all guests of one address together, sustained, and as many of all others."""
    address_burst: int = 20_000
    connects_per_s: float = 100.0
    """New connections of one address, sustained; a page is 50 to 85 of them (plain requests are not kept open)."""
    connects_burst: int = 20_000
    """A hall behind one address that scans the code at once: 200 phones."""
    offers_per_min: int = 3000
    """Offers of one synth to guests, and as many to others, sustained and at once: 1,000 controllers, three times."""
    offers_per_pair_per_min: int = 60
    """Offers of one synth to one controller: each makes that page build a connection."""
    phone_offers_per_min: float = 600.0
    """Offers of all phones of one token to one controller, sustained; those of one address have half of it. A page has
    places for 256 synths."""
    phone_offers_burst: int = 600
    """As many at once: a player comes into a hall of phones, and loads the page anew."""
    joins_per_min: float = 120.0
    """New ids of one address, sustained; of guests for each of their tokens. An id that is shown to be its own is not
    new."""
    joins_burst: int = 600
    """New ids of one address at once: a hall that scans the code, and loads the page anew."""
    token_joins_per_min: float = 600.0
    """New ids of all guests of one token, sustained, wherever they are."""
    token_joins_burst: int = 2000
    control_per_s: float = 10.0
    """Frames of one connection that carry no message (pings, pieces of a message), sustained. Browsers send few."""
    control_burst: int = 200
    newcomer_messages: int = 20
    """What a connection may say before it is registered; with more it is closed."""
    request_bytes: int = 16 * 1024
    """An HTTP request with all its headers. Browsers send one kilobyte; the library would take one megabyte."""
    meta_bytes: int = 512
    """Bytes of a client's `meta` that others get; the rest is cut. Our clients send a name and a number."""
    message_bytes: int = MAX_SIGNALING_BYTES
    sdp_chars: int = MAX_SDP_CHARS
    """A complete offer with all candidates is 1.5 to 6 kB; browsers with many interfaces reach 20 kB."""
    candidate_chars: int = MAX_CANDIDATE_CHARS
    candidates: int = 64
    """Candidates in one description: each is an address that the receiver sends packets to."""
    held: int = 32
    """Messages that a client may send before it hears whether it is registered."""
    unsent_bytes: int = 8 * 1024 * 1024
    """Bytes that may wait for one slow reader: a thousand answers of 6 kB for a busy synth, with room to spare."""
    all_unsent_bytes: int = 256 * 1024 * 1024
    """The same of all slow readers together. The guest that is most behind is cut first."""
    guesses: int = 10
    """Wrong keys of one address at once."""
    guesses_per_min: float = 6.0
    """Wrong keys of one address, sustained: a key of 59 bits lasts, and one of six digits a hundred days."""
    handshake_s: float = 10.0
    """Seconds from the TCP connection to a complete TLS handshake, and from there to a complete request."""
    register_s: float = 10.0
    """Seconds from an open WebSocket to its registration."""

    def __post_init__(self) -> None:
        for one in fields(self):
            check_range(one.name, getattr(self, one.name), _TOP.get(one.name, 1e9))

    @classmethod
    def parse(cls, settings: Iterable[str]) -> Limits:
        """`["clients=100", "rate_per_s=50"]` with the defaults for the rest. Raises SettingError."""
        return cls(**read_settings(cls(), settings))


# What the wire itself allows: a larger one would only be refused elsewhere.
_TOP: dict[str, float] = {
    "message_bytes": MAX_SIGNALING_BYTES,
    "sdp_chars": MAX_SDP_CHARS,
    "candidate_chars": MAX_CANDIDATE_CHARS,
    "candidates": 256,
    "handshake_s": 600.0,
    "register_s": 600.0,
}
