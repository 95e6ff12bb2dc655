"""Round trip, loss and age of one link, from pings that were really answered."""

from __future__ import annotations

from collections import deque

from formant_net.timing import Timing

GAIN = 1 / 8
"""Weight of a new sample in the smoothed round trip (RFC 6298 section 2.3)."""
WINDOW = 20
"""Pings over which loss is counted."""


class PingPong:
    """The pinging side of one link.

    A pong counts only when its timestamp is one that was sent here and not yet answered: a pong nobody asked for
    carries a foreign clock, and the difference of two clocks is not a latency.
    """

    def __init__(self, timing: Timing, opened_at: float) -> None:
        self.rtt_s: float | None = None
        """Smoothed round trip, s; None until the first pong."""
        self.variation_s = 0.0
        """Smoothed deviation from it, s (RFC 6298 RTTVAR)."""
        self.answered_at = opened_at
        self.ignored = 0
        """Pongs that nobody here had asked for."""
        self._timing = timing
        self._sent: dict[float, float] = {}
        self._outcomes: deque[bool] = deque(maxlen=WINDOW)

    def ping(self, now: float) -> float:
        """A ping goes out at `now`. Returns its timestamp: ms, unique on this link."""
        self._give_up(now)
        timestamp = round(now * 1000.0, 3)
        while timestamp in self._sent:
            timestamp = round(timestamp + 0.001, 3)
        self._sent[timestamp] = now
        return timestamp

    def pong(self, timestamp: float | int | str | None, now: float) -> bool:
        """A pong came. True when it answers a ping of ours; only then the round trip is updated."""
        sent_at = self._sent.pop(timestamp, None) if isinstance(timestamp, float | int) else None
        if sent_at is None:
            self.ignored += 1
            return False
        self._outcomes.append(True)
        sample_s = now - sent_at
        if self.rtt_s is None:
            self.rtt_s, self.variation_s = sample_s, sample_s / 2.0
        else:
            self.variation_s += (abs(sample_s - self.rtt_s) - self.variation_s) / 4.0
            self.rtt_s += GAIN * (sample_s - self.rtt_s)
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
