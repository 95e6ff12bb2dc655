"""An allowance of messages: a token bucket, filled at a steady rate up to a burst."""

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
        """Refusals minus grants of `take`, at least 0. A flood raises it; after a short excess it falls again."""

    def take(self, now: float) -> bool:
        """One token, if there is one."""
        if not self.some(now):
            self.refused += 1
            return False
        self._tokens -= 1.0
        if self.refused:
            self.refused -= 1
        return True

    def some(self, now: float) -> bool:
        """True when `take` would have one now."""
        tokens = self._tokens + (now - self._at) * self._rate
        self._tokens = tokens if tokens < self._burst else self._burst  # `min` would take twice as long
        self._at = now
        return self._tokens >= 1.0

    def when(self) -> float:
        """The moment at which `take` has one, s; in the past if it has one."""
        return self._at + (1.0 - self._tokens) / self._rate

    def full(self, now: float) -> bool:
        """True when the bucket is full, so that it equals a new one."""
        return self.some(now) and self._tokens >= self._burst

    def give_back(self) -> None:
        """A token was not used after all."""
        self._tokens = min(self._burst, self._tokens + 1.0)

    def charge(self, tokens: int) -> None:
        """Take more tokens for an expensive message. May leave a debt, which is refilled before the next message."""
        self._tokens -= tokens
