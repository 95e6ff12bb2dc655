"""In what steps another clock moves, found by watching its stamps.

Browsers coarsen their clock to 0.1, 1, 16.7 or 100 ms as a defence against timing attacks. Such a stamp is up to one
step too early. All differences between its stamps are multiples of the step. Differences of a fine clock have no common
divisor.
"""

from __future__ import annotations

MOST_S = 0.1
"""The largest step that is taken into account."""
FINE_MS = 2.0
"""Smaller steps make no difference."""
WITHIN_MS = 0.6
"""Stamps are rounded to 0.1 ms, and a difference may be nine steps."""
LONGEST_MS = 150.0
"""Longer differences say nothing: the rounding of the step adds up."""
ENOUGH = 8
"""Differences that have to agree."""
STILL_S, STILL_COUNT = 1.0, 10
"""A clock that shows the same stamp for this time, in this number of messages, stands still."""


class Steps:
    """What is known of one clock. Stamps are in ms, as on the wire; `now` is our clock, s."""

    def __init__(self) -> None:
        self.still = False
        """Whether the clock stands still: then its stamps say nothing."""
        self._last_ms: float | None = None
        self._since = 0.0
        self._same = 0
        """How many stamps in a row were the last one again, from `_since` on."""
        self._common_ms: float | None = None
        """The greatest length of which all differences so far are multiples."""
        self._count = 0

    def saw(self, stamp_ms: float, now: float) -> None:
        """A message with this stamp has come."""
        last_ms = self._last_ms
        if last_ms is not None and abs(stamp_ms - last_ms) <= WITHIN_MS:
            self._same += 1
            self.still = self._same >= STILL_COUNT and now - self._since >= STILL_S
            return
        self._last_ms = stamp_ms
        self._since, self._same, self.still = now, 0, False
        if last_ms is None or self._fine:
            return
        difference_ms = abs(stamp_ms - last_ms)
        if difference_ms <= LONGEST_MS:
            self._common_ms = _common(difference_ms, self._common_ms)
            self._count += 1

    @property
    def step_s(self) -> float:
        """The step that was found, s; 0 while it is not known and for a fine clock."""
        found = self._count >= ENOUGH and self._common_ms is not None and not self._fine
        return min((self._common_ms or 0.0) / 1000.0, MOST_S) if found else 0.0

    @property
    def doubt_s(self) -> float:
        """How much too early a stamp may be, as far as known, s."""
        if self._fine:
            return 0.0
        return self.step_s if self._count >= ENOUGH else MOST_S

    @property
    def spread_s(self) -> float:
        """How far two stamps may be wrong against each other, as far as known, s.

        Firefox does not only round down. It draws a moment in each step, from which on it shows the next step.
        """
        return 2.0 * self.doubt_s

    @property
    def _fine(self) -> bool:
        return self._common_ms is not None and self._common_ms < FINE_MS


def _common(a_ms: float, b_ms: float | None) -> float:
    """The greatest common measure of two lengths, within `WITHIN_MS` (Euclid)."""
    while b_ms is not None and b_ms > WITHIN_MS:
        a_ms, b_ms = b_ms, abs(a_ms - round(a_ms / b_ms) * b_ms)
    return a_ms
