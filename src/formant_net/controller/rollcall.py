"""How long a controller that has just joined waits for the synths of its ensemble to answer."""

from __future__ import annotations

from collections.abc import Collection

QUIET_S = 2.0
"""Seconds without a new synth after which no more are expected. Boxes offer within half a second of a visitor."""
MISSING_S = 5.0
"""The same while some are known to be missing: a link that fails at first is made again within this."""


class Rollcall:
    """Decides when to stop waiting. The caller asks repeatedly with the synths that have answered.

    least      the fewest synths to wait for; the caller bounds the time for that
    named      names or ids that have to be there; if given, no other synth is waited for
    expected   how many synths the server has; None if that is not known
    """

    def __init__(self, *, least: int = 1, named: Collection[str] = (), expected: int | None = None) -> None:
        self._least = least
        self._named = frozenset(named)
        self._expected = expected
        self._seen: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())
        self._changed_at: float | None = None

    def complete(
        self, answered: Collection[str], under_way: Collection[str], now: float, names: Collection[str] = ()
    ) -> bool:
        """Whether to go on with those who have answered.

        answered    ids of the synths whose state is known
        under_way   ids of those that have offered a link, and have not answered yet
        names       names of the synths that answered
        """
        seen = frozenset(answered), frozenset(under_way)
        if self._changed_at is None or seen != self._seen:
            self._seen, self._changed_at = seen, now
        if self._named:
            return self._named <= {*answered, *names}
        if len(answered) < self._least:
            return False
        missing = bool(under_way) or len(answered) < (self._expected or 0)
        if not missing and self._expected is not None:
            return True
        return now - self._changed_at >= (MISSING_S if missing else QUIET_S)
