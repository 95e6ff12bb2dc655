"""Controllers that are no longer listed but had a working link a moment ago: they may only have lost their server."""

from __future__ import annotations

MOST = 256
"""Controllers that are remembered. Further ones are not, until an old one is forgotten."""


class Worked:
    """When each of these links was lost, s. An entry is kept for `eager_s`, while the controller would be tried often.

    eager_s    Timing.eager_s
    """

    def __init__(self, eager_s: float) -> None:
        self._eager_s = eager_s
        self._at: dict[str, float] = {}

    def remember(self, name: str, at: float, now: float) -> None:
        """The link to `name` was lost at `at`, and the controller is forgotten now."""
        self._at = {n: lost for n, lost in self._at.items() if now - lost < self._eager_s}
        if len(self._at) < MOST:
            self._at[name] = at

    def take(self, name: str) -> float | None:
        """When the last link to `name` was lost, or None. The entry is removed."""
        return self._at.pop(name, None)
