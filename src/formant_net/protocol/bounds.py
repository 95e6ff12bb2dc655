"""Every size and count that a client in any language must keep to, in one place; durations are in timing.py.

The server sends these numbers to the touch page together with the page (aio/server/static.py), so the page has none of
its own. Out of scope: the limits of a server (server/access/limits.py) and of a synth (synth/play_limits.py), which
the operator sets.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bounds:
    """Sizes, counts and weights of the protocol. All are above 0."""

    channel_bytes: int = 8 * 1024
    """The longest message on a data channel. A touch with 32 fingers is about 2.5 kB."""
    fingers: int = 32
    """Fingers in one message."""
    unsent_bytes: int = 2048
    """A message for `params` is dropped while more bytes than this are unsent there. A touch has about 150 bytes, so at
    50 Hz this is 0.25 s of touches, and the next touch is newer."""
    unsent_command_bytes: int = 64 * 1024
    """With more than this unsent on `commands`, a message is dropped there."""
    candidates: int = 64
    """Candidates that are taken for one link. Each is an address that packets are sent to."""
    synths: int = 128
    """Synths that a page plays, unless somebody sets another number there (docs/measurements/pages.md)."""
    synths_of_phone: int = 64
    """The same on a phone, which has less power."""
    synths_of_headless: int = 100
    """Synths that `formant-node controller` and the bridges play: a message costs Python more."""
    most_synths: int = 256
    """The greatest number that may be set."""
    many_synths: int = 64
    """With more links than this, moves and repeats are sent `many_resend_s` apart; touch-downs and lifts at once."""
    servers: int = 32
    """Servers in the list of one client."""
    home_checks: int = 3
    """Checks in a row, spread over `Timing.home_s`, that must succeed before a client moves to a better server."""
    pings: int = 20
    """Pings over which the loss of a link is counted."""
    rtt_gain: float = 1 / 8
    """Weight of a new sample in the smoothed round trip (RFC 6298 section 2.3)."""


BOUNDS = Bounds()
