"""How far two clocks are apart, from messages that carry stamps of both: NTP's method without its rounds.

A message that a peer stamped `t` (its clock) arrives at `now` (our clock). It was sent no later than now, so our clock
is ahead by at most `now - t`. The peer returns a stamp of ours (`echo`) after it held it for `held`, with its own stamp
`t`. So our clock is ahead by at least `echo + held - t`. Queues only add delay, so the tightest bounds are the best.
The offset is taken in the middle of them. Its error is then half the difference between the shortest one-way delays in
both directions (Mills, RFC 5905 section 8).

If the peer's clock moves in steps (steps.py), the lower bound is too large by up to one step. Where the lower bound
exceeds the upper one, the upper one is used.
"""

from __future__ import annotations

DRIFT = 2e-4
"""How fast a bound fades, s/s: two crystals drift so much against each other at most."""
CROSSED_S = 0.002
"""Bounds that cross by so much, and by a step of the peer's clock, contradict each other: one of the clocks was set, or
drifts more than crystals do."""


class ClockOffset:
    """What is known of how far our clock is ahead of one peer's. All times in s; `now` is ours."""

    def __init__(self) -> None:
        self.step_s = 0.0
        """How far two of the peer's stamps may be wrong against each other, because its clock moves in steps."""
        self._least: float | None = None
        self._least_at = 0.0
        self._most: float | None = None
        self._most_at = 0.0

    def came(self, stamp: float, now: float) -> None:
        """A message that the peer stamped `stamp` is here."""
        most = now - stamp
        if self._most is None or most < self._most + DRIFT * (now - self._most_at):
            self._most, self._most_at = most, now
        self._check(now)

    def echoed(self, stamp: float, echo: float, held: float, now: float) -> None:
        """The peer stamped `stamp` what it sent `held` after it had our message of `echo`."""
        least = echo + held - stamp
        if self._least is None or least > self._least - DRIFT * (now - self._least_at):
            self._least, self._least_at = least, now
        self._check(now)

    def ahead(self, now: float) -> float | None:
        """The estimate of how far our clock is ahead; None before the first message.

        If the peer stamps but does not echo, the one-way delay is taken as 0.
        """
        least, most = self._bounds(now)
        if most is None or least is None:
            return most
        return (most + min(most, least)) / 2.0

    def _bounds(self, now: float) -> tuple[float | None, float | None]:
        """Both bounds as of now: each is loosened with time, since the clocks may drift apart."""
        least = None if self._least is None else self._least - DRIFT * (now - self._least_at)
        most = None if self._most is None else self._most + DRIFT * (now - self._most_at)
        return least, most

    def _check(self, now: float) -> None:
        """Bounds that cross contradict each other: the older one is given up."""
        least, most = self._bounds(now)
        if least is not None and most is not None and least - most > CROSSED_S + self.step_s:
            if self._most_at > self._least_at:
                self._least = None
            else:
                self._most = None
