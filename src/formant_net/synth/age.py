"""How old a message is when it arrives, although its sender's clock is not ours.

After an outage SCTP delivers the messages that it had queued. A process that was stopped finds a full socket when it
continues. In both cases old touches arrive in order and would be played. The clocks of two machines cannot be compared
directly, so this module computes an upper bound of the age.

**With echoes.** Our pong carries a stamp of our clock, `t`. The peer's next ping returns that stamp (`echo`), the time
for which the peer held it (`held`), and a stamp of the peer's clock (`t`). That ping left no earlier than `echo + held`
on our clock. So our clock is ahead of the peer's by at least `echo + held - t`. A message that the peer stamped `t` is
then at most `now - t - ahead` old. This bound exceeds the true age by at most the one-way delay of the pong. It is
never too small, so a message that passes is young. It works only if round trips are well below the limit.

**In steps.** A clock that moves in steps (steps.py) shows up to one step too little. The stamp of the ping cancels out.
What remains is the error of the peer's clock when our pong arrived: `ahead` is too large by less than one step. The
bound is too small by as much, so a message that passes may be as old as the limit plus one step. A browser that shows
some stamps a step too early (Firefox, `Steps.spread_s`) adds another step.

**Without echoes** (a client that stamps its touches but not its pings). The age is how much later a touch arrived than
the quickest one did. A delay that all touches share is not detected.
"""

from __future__ import annotations

import math

from formant_net.synth.steps import Steps

DRIFT = 1e-3
"""Rate at which a bound on another clock is loosened, s/s: well above the drift of two crystals (2e-4)."""
CLOCK_PATIENCE_S = 1.0
"""Without echoes: seconds after which touches that keep seeming old mean that the peer's clock was set or slept. A
queue drains in less time."""
PING_PATIENCE_S = 1.5
"""Seconds after its first touch by which a peer must have sent a stamped ping. After that it counts as one that never
echoes."""
SET_S = 0.005
"""Seconds. A message that seems to come from further in the future (plus `Steps.spread_s`) means that the peer's clock
was set."""


class Age:
    """What is known of one peer's clock. `now` is ours, s; what the peer says is in ms, as on the wire."""

    def __init__(self) -> None:
        self.echoing: bool | None = None
        """Whether the peer stamps its pings and will echo; None until it is known."""
        self.steps = Steps()
        """In what steps the peer's clock moves."""
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
        self.steps.saw(t_ms, now)
        if echo_ms is None or held_ms is None or held_ms < 0.0:
            return
        left_s = (echo_ms + held_ms) / 1000.0
        if left_s > now + self.steps.doubt_s:  # its clock was set meanwhile, or it makes things up
            return
        ahead_s = left_s - t_ms / 1000.0
        known_s = self._faded(now)
        if known_s is None or ahead_s > known_s:
            self._ahead_s, self._ahead_at = ahead_s, now

    def of(self, t_ms: float, now: float, limit_s: float) -> float:
        """Upper bound of the age of a message that the peer stamped `t_ms`, s; infinite while nothing is known.

        If the peer's clock moves in steps, the message may be one step older (`Steps.step_s`). If that clock stands
        still, nothing can be known: its messages count as new, like those without a stamp.
        """
        self.steps.saw(t_ms, now)
        if self.steps.still:
            return 0.0
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
        if age_s < -SET_S - self.steps.spread_s:
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
        late_s = max(0.0, offset_s - self._quickest_s - self.steps.step_s)
        if late_s <= limit_s:
            self._old_since = None
            return late_s
        if self._old_since is None:
            self._old_since = now
        if now - self._old_since < CLOCK_PATIENCE_S:
            return late_s
        self._quickest_s, self._old_since = offset_s, None
        return 0.0
