"""A client's allowance of messages: a token bucket, filled at a steady rate up to a burst."""

from __future__ import annotations


class Allowance:
    """How many more messages may come at once, and how many a second in the long run.

    rate_per_s   tokens that come back a second, > 0
    burst        tokens when full, >= 1; it starts full
    """

    __slots__ = ("_at", "_burst", "_rate", "_tokens", "refused")

    def __init__(self, rate_per_s: float, burst: int, now: float) -> None:
        self._rate = rate_per_s
        self._burst = float(burst)
        self._tokens = self._burst
        self._at = now
        self.refused = 0
        """How many more times `take` has said no than yes, at least 0: a flood drives it up, a slip fades."""

    def take(self, now: float) -> bool:
        """One token, if there is one."""
        if not self.some(now):
            self.refused += 1
            return False
        self._tokens -= 1.0
        self.refused = max(0, self.refused - 1)
        return True

    def some(self, now: float) -> bool:
        """True when `take` would have one now."""
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        return self._tokens >= 1.0

    def full(self, now: float) -> bool:
        """True when nothing has been used up: a new one would be the same."""
        return self.some(now) and self._tokens >= self._burst

    def charge(self, tokens: int) -> None:
        """Take more for what turned out to be dear. May leave a debt, which is worked off before the next message."""
        self._tokens -= tokens
