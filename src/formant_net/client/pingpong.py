"""Round trip, loss and staleness of one link, measured from the pings that were answered."""

from __future__ import annotations

import math
from collections import deque

from formant_net.protocol.bounds import BOUNDS
from formant_net.protocol.timing import Timing


class PingPong:
    """The pinging side of one link.

    A pong counts only if its timestamp is one that was sent here and not yet answered. Any other pong may carry the
    time of another clock, and the difference of two clocks is not a latency.
    """

    def __init__(self, timing: Timing, opened_at: float) -> None:
        self.rtt_s: float | None = None
        """Smoothed round trip, s; None until the first pong."""
        self.last_s = 0.0
        """The last round trip, s; 0 before the first pong."""
        self.variation_s = 0.0
        """Smoothed deviation from it, s (RFC 6298 RTTVAR)."""
        self.answered_at = opened_at
        self.ignored = 0
        """Count of pongs that answered no ping of ours."""
        self._timing = timing
        self._sent: dict[float, float] = {}
        self._last_ms = -math.inf
        self._outcomes: deque[bool] = deque(maxlen=BOUNDS.pings)

    def ping(self, now: float) -> float:
        """A ping goes out at `now`. Returns its timestamp: ms, unique on this link."""
        self._give_up(now)
        # The clock may show the same time for two pings. Their timestamps must differ.
        timestamp = round(now * 1000.0, 3)
        if timestamp <= self._last_ms:
            timestamp = round(self._last_ms + 0.001, 3)
        self._last_ms = timestamp
        self._sent[timestamp] = now
        return timestamp

    def pong(self, timestamp: float | int | str | None, now: float) -> bool:
        """A pong came. True when it answers a ping of ours; only then the round trip is updated."""
        sent_at = self._sent.pop(timestamp, None) if isinstance(timestamp, float | int) else None
        if sent_at is None:
            self.ignored += 1
            return False
        self._outcomes.append(True)
        sample_s = self.last_s = now - sent_at
        if self.rtt_s is None:
            self.rtt_s, self.variation_s = sample_s, sample_s / 2.0
        else:
            self.variation_s += (abs(sample_s - self.rtt_s) - self.variation_s) / 4.0
            self.rtt_s += BOUNDS.rtt_gain * (sample_s - self.rtt_s)
        self.answered_at = now
        return True

    def loss(self, now: float) -> float:
        """Share of the last pings that were not answered within the time a peer may be silent, 0…1."""
        self._give_up(now)
        return self._outcomes.count(False) / len(self._outcomes) if self._outcomes else 0.0

    def stale(self, now: float) -> bool:
        """True when the last answer is so old that state and round trip may no longer hold."""
        return now - self.answered_at > self._timing.stale_s

    def _give_up(self, now: float) -> None:
        for timestamp, sent_at in list(self._sent.items()):
            if now - sent_at >= self._timing.dead_s:
                del self._sent[timestamp]
                self._outcomes.append(False)
