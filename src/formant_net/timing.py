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
    ping_s: float = 1.0
    ask_s: float = 0.1
    """A ping that is not answered is followed by the next so soon (or after two round trips, if those are longer): at
    30 % loss half of all pings fail, and three in a row must not look like death."""
    dead_s: float = 3.0
    """A peer without an answered ping for so long is dead (ICE consent alone needs about 30 s)."""
    abandon_s: float = 30.0
    """A link that seems dead is kept for so long while no other can be made: its path may come back. ICE consent would
    end it then anyway."""
    stale_s: float = 2.0
    """A peer whose last pong is older is shown as stale."""
    hold_s: float = 0.25
    """A held voice is released so long after its controller's last touch was sent."""
    touch_age_s: float = 0.1
    """A touch older than this is history, not playing: it ends voices at most."""
    play_out_s: float = 0.0
    """What a finger does sounds so long after, from every synth at once; 0 = as soon as it can, each for itself."""
    resend_s: float = 0.02
    """While a finger is down its state is re-sent at least this often: 50 Hz heals loss."""
    release_repeats: int = 5
    """A release is sent so many times, `resend_s` apart."""
    link_setup_s: float = 10.0
    """An offer that has not become an open channel by then is given up and made anew."""
    reach_s: float = 2.5
    """With both descriptions there, the peers find a path in a fraction of a second, or there is none: then the offer
    is made anew. ICE asks at 0, 0.5 and 1.5 s and more rarely after that; a new one asks at once again."""
    eager_s: float = 120.0
    """A peer that was linked is tried again without growing pauses for so long: its path may be back any moment."""
    eager_step_s: float = 0.5
    """The longest pause then."""
    backoff_first_s: float = 0.25
    backoff_max_s: float = 10.0
    backoff_healthy_s: float = 30.0
    """Back-off starts again from the first step after so long a time of health."""
    home_s: float = 30.0
    """A client moves back to a server that it likes better when that one has been well for so long."""
    register_s: float = 10.0
    """A socket that has not registered by then is closed by the server."""
    probe_s: float = 2.0
    """The holder of an id that somebody else asks for, without its secret, must give a sign of life within it."""
    verify_s: float = 2.0
    """A server that is asked whether it is still there has so long to answer; then the connection is made anew."""

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
