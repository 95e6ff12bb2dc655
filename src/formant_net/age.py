"""How old a message is when it arrives, although its sender's clock is not ours.

After an outage SCTP delivers what it had queued, and a stopped process finds a full socket when it continues: old
touches come in good order and would be played. Clocks of two machines cannot be compared; what can be known is a bound.

**With echoes.** Our pong carries a stamp of our clock, `t`. The peer sends it back in its next ping (`echo`), with the
time it had it (`held`) and its own clock (`t`). That ping left no earlier than our `echo + held`, so our clock is ahead
of the peer's by at least `echo + held - t`. A message of the peer's moment `t` is then no older than
`now - t - ahead`: its true age and the way of that pong together, at most. The bound is never too small, so a
message that passes is young. It asks for round trips well below the limit.

**Without** (a client that stamps touches but not its pings): how much later a touch came than the quickest one did.
A delay that all of them share is not seen.
"""

from __future__ import annotations

import math

DRIFT = 1e-3
"""How fast what is known of another clock fades, s/s: well above what two crystals drift (2e-4)."""
CLOCK_PATIENCE_S = 1.0
"""Without echoes: a queue drains in less; what seems old for so long means that the peer's clock was set or slept."""
PING_PATIENCE_S = 1.5
"""A peer that has not pinged so long after its first touch will not echo either."""
SET_S = 0.005
"""A message from so far in the future means that the peer's clock was set."""


class Age:
    """What is known of one peer's clock. `now` is ours, s; what the peer says is in ms, as on the wire."""

    def __init__(self) -> None:
        self.echoing: bool | None = None
        """Whether the peer stamps its pings and will echo; None until it is known."""
        self._ahead_s: float | None = None
        self._ahead_at = 0.0
        self._asked_at: float | None = None
        self._quickest_s: float | None = None
        self._quickest_at = 0.0
        self._old_since: float | None = None

    def ping(self, t_ms: float | None, echo_ms: float | None, held_ms: float | None, now: float) -> None:
        """The peer pinged, with a stamp of its own or without, and perhaps sent back a stamp of ours."""
        if t_ms is None:
            self.echoing = self.echoing or False
            return
        self.echoing = True
        if echo_ms is None or held_ms is None or held_ms < 0.0:
            return
        left_s = (echo_ms + held_ms) / 1000.0
        if left_s > now:  # its clock was set meanwhile, or it makes things up
            return
        ahead_s = left_s - t_ms / 1000.0
        known_s = self._faded(now)
        if known_s is None or ahead_s > known_s:
            self._ahead_s, self._ahead_at = ahead_s, now

    def of(self, t_ms: float, now: float, limit_s: float) -> float:
        """Age of a message that the peer stamped `t_ms`, s: at most this, or infinite while nothing is known."""
        if self.echoing is None:
            self._asked_at = now if self._asked_at is None else self._asked_at
            if now - self._asked_at < PING_PATIENCE_S:
                return math.inf
            self.echoing = False
        if not self.echoing:
            return self._relative(t_ms, now, limit_s)
        ahead_s = self._faded(now)
        if ahead_s is None:
            return math.inf
        age_s = now - t_ms / 1000.0 - ahead_s
        if age_s < -SET_S:
            self._ahead_s = None
            return math.inf
        return max(0.0, age_s)

    def _faded(self, now: float) -> float | None:
        return None if self._ahead_s is None else self._ahead_s - DRIFT * max(0.0, now - self._ahead_at)

    def _relative(self, t_ms: float, now: float, limit_s: float) -> float:
        offset_s = now - t_ms / 1000.0
        quickest_s = offset_s if self._quickest_s is None else self._quickest_s + DRIFT * (now - self._quickest_at)
        self._quickest_at = now
        self._quickest_s = min(offset_s, quickest_s)
        late_s = offset_s - self._quickest_s
        if late_s <= limit_s:
            self._old_since = None
            return late_s
        if self._old_since is None:
            self._old_since = now
        if now - self._old_since < CLOCK_PATIENCE_S:
            return late_s
        self._quickest_s, self._old_since = offset_s, None
        return 0.0
