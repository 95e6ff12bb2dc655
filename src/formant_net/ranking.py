"""Which controllers a synth prefers: those of its own edge, then the near ones, then those with a short round trip."""

from __future__ import annotations

import math
from collections.abc import Iterable

from formant_net.location import distance_km

Rank = tuple[bool, float, float]


class Ranking:
    """What is known of controllers beside their ids. Lower ranks are better; equal ones stay in the order given."""

    def __init__(self) -> None:
        self.edge = ""
        self.location = ""
        self._places: dict[str, tuple[str, str]] = {}
        self._rtt_s: dict[str, float] = {}

    def here(self, edge: str, location: str) -> None:
        """The edge at which the synth is."""
        self.edge, self.location = edge, location

    def placed(self, name: str, edge: str, location: str) -> None:
        """Where a controller is."""
        self._places[name] = (edge, location)

    def measured(self, name: str, rtt_s: float) -> None:
        """The round trip of its link, as the controller has measured it: it is the side that pings."""
        self._rtt_s[name] = rtt_s

    def keep(self, names: Iterable[str]) -> None:
        """Forget all others."""
        kept = set(names)
        for known in (self._places, self._rtt_s):
            for name in [name for name in known if name not in kept]:
                del known[name]

    def forget(self, name: str) -> None:
        """It is gone."""
        self._places.pop(name, None)
        self._rtt_s.pop(name, None)

    def rank(self, name: str) -> Rank:
        """Another edge or not, km, s; what is not known comes last."""
        edge, location = self._places.get(name, ("", ""))
        own = edge == self.edge
        return not own, 0.0 if own else distance_km(location, self.location), self._rtt_s.get(name, math.inf)

    def nearer(self, name: str, other: str) -> bool:
        """By place alone: a round trip that changes is no reason to let anybody go."""
        return self.rank(name)[:2] < self.rank(other)[:2]
