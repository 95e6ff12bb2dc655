"""Controllers that a synth does not call for a while, because of what they did on their last link."""

from __future__ import annotations


class Blocklist:
    """Names of controllers, each blocked for `block_s` seconds after its last offence."""

    _MOST = 1024

    def __init__(self, block_s: float) -> None:
        self._block_s = block_s
        self._until: dict[str, float] = {}

    def add(self, name: str, now: float) -> None:
        """Block `name` from `now` (s) on. A full list takes no new name until an old one has expired."""
        self._until = {one: until for one, until in self._until.items() if until > now}
        if len(self._until) < self._MOST:
            self._until[name] = now + self._block_s

    def until(self, name: str, now: float) -> float | None:
        """When the block of `name` ends, s, or None if it may be called."""
        until = self._until.get(name)
        return until if until is not None and until > now else None
