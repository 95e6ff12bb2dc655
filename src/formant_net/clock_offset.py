"""How far two clocks are apart, from messages that carry stamps of both: NTP's method without its rounds.

A message that a peer stamped `t` (its clock) and that is here at `now` (ours) was sent no later than now, so our clock
is ahead by at most `now - t`. A stamp of ours that it sends back, `held` later, at its `t`, says that ours is ahead by
at least `echo + held - t`. Queues only add delay, so the tightest bounds are the truest; in their middle the error is
half the difference between the shortest ways there and back (Mills, RFC 5905 section 8).
"""

from __future__ import annotations

DRIFT = 2e-4
"""How fast a bound fades, s/s: two crystals drift so much against each other at most."""
SET_S = 0.005
"""Bounds that cross by so much: one of the clocks was set."""


class ClockOffset:
    """What is known of how far our clock is ahead of one peer's. All times in s; `now` is ours."""

    def __init__(self) -> None:
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
        """By how much ours is ahead, as well as that is known; None before the first message.

        Without an echo (a peer that stamps and does not echo) the way here is taken for nothing.
        """
        if self._most is None:
            return None
        most = self._most + DRIFT * (now - self._most_at)
        if self._least is None:
            return most
        return (most + self._least - DRIFT * (now - self._least_at)) / 2.0

    def _check(self, now: float) -> None:
        if (
            self._most is not None
            and self._least is not None
            and self._least - self._most > SET_S + 2 * DRIFT * (now - min(self._least_at, self._most_at))
        ):
            if self._most_at > self._least_at:
                self._least = None
            else:
                self._most = None
