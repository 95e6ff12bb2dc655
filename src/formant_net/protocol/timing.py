"""Every duration of the protocol, in one place, in seconds."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Timing:
    """Durations of one ensemble. Tests pass shorter ones; the defaults are the protocol's.

    All values are seconds on one monotonic clock and must be > 0, `play_out_s` 0 … `touch_age_s`.
    """

    heartbeat_s: float = 20.0
    ttl_s: float = 60.0
    """TTL = 3 heartbeats: one may be lost and the next late. A lease ends strictly after it."""
    health_s: float = 15.0
    """Seconds between two `health` messages of a box."""
    ping_s: float = 1.0
    ask_s: float = 0.1
    """Seconds after which an unanswered ping is followed by the next one (or two round trips, if those are longer). At
    30 % loss half of all pings fail, and three failures in a row must not count as a dead peer."""
    dead_s: float = 3.0
    """Seconds without an answered ping after which a peer counts as dead. ICE consent alone needs about 30 s."""
    abandon_s: float = 30.0
    """Seconds for which a link that seems dead is kept while no other can be made, because its path may come back. ICE
    consent would end it after about that time."""
    stale_s: float = 2.0
    """Seconds since its last pong after which a peer is shown as stale."""
    hold_s: float = 0.25
    """Seconds after the sending of a controller's last touch, after which a held voice is released."""
    touch_age_s: float = 0.1
    """Seconds after which a touch is too old to be played. An older touch can only end voices."""
    play_out_s: float = 0.0
    """Seconds from a finger's move to its sound, the same on every synth. 0: each synth plays it on arrival."""
    resend_s: float = 0.02
    """While a finger is down its state is re-sent at least this often: 50 Hz heals loss."""
    many_resend_s: float = 1 / 30
    """The same with more links than `Bounds.many_synths`: 256 links then cost what 128 do at 60 Hz."""
    queued_resend_s: float = 0.12
    """The same for a link whose round trip grows: touches queue on the way. Twice within the hold of a finger."""
    release_repeats: int = 5
    """How many times a release is sent, `resend_s` apart."""
    link_setup_s: float = 10.0
    """Seconds after which an offer that has not led to an open channel is given up and made anew."""
    reach_s: float = 2.5
    """Seconds after both descriptions are known in which the peers must find a path; then the offer is made anew. A
    path that exists is found in a fraction of a second. ICE checks at 0, 0.5 and 1.5 s and more rarely after that; a
    new offer starts its checks again at once."""
    eager_s: float = 120.0
    """Seconds for which a peer that was linked is tried again without growing pauses: its path may return any time."""
    eager_step_s: float = 0.5
    """Seconds: the longest pause between these tries."""
    backoff_first_s: float = 0.25
    backoff_max_s: float = 10.0
    backoff_healthy_s: float = 30.0
    """Seconds without a failure after which the back-off starts again from its first step."""
    refused_s: float = 30.0
    """Average seconds after which a client tries again when its key is refused. Only a person can correct the key."""
    home_s: float = 30.0
    """Seconds for which a preferred server must have been well before a client moves back to it."""
    move_s: float = 10.0
    """Seconds: a client that is asked to move does so within half of this, or of the server's time if that is less."""
    remember_s: float = 30.0
    """Seconds for which a controller still shows a lost synth, so that the player sees which one is missing."""
    open_s: float = 10.0
    """Seconds after which a client gives up a WebSocket that is not open."""
    register_s: float = 10.0
    """Seconds after which the server closes a socket that has not registered."""
    probe_s: float = 2.0
    """Seconds in which the holder of an id must give a sign of life when another client asks for it without its
    secret."""
    verify_s: float = 2.0
    """Seconds that a server has to answer the question whether it is still there. Then the client reconnects."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name != "play_out_s" and not (math.isfinite(value) and value > 0):
                raise ValueError(f"{field.name}={value} must be a finite number above 0")
        if not 0.0 <= self.play_out_s <= self.touch_age_s:
            raise ValueError(f"play_out_s={self.play_out_s} must be within 0 … {self.touch_age_s}, the age of a touch")
        if self.ttl_s < 2 * self.heartbeat_s:
            raise ValueError(
                f"ttl_s={self.ttl_s} must be at least two heartbeats ({2 * self.heartbeat_s} s): "
                "raise ttl_s or lower heartbeat_s"
            )
