"""Which controllers a synth prefers: no guests, then its own edge, then the near ones, then short round trips."""

from __future__ import annotations

import math
from collections.abc import Iterable

from formant_net.protocol.location import distance_km
from formant_net.protocol.standing import FULL, Standing

Rank = tuple[bool, bool, float, float]


class Ranking:
    """Place, standing and round trip of each controller. Lower ranks are better; equal ones keep the order given."""

    def __init__(self) -> None:
        self.edge = ""
        self.location = ""
        self._places: dict[str, tuple[str, str]] = {}
        self._standings: dict[str, Standing] = {}
        self._rtt_s: dict[str, float] = {}

    def here(self, edge: str, location: str) -> None:
        """Set the edge (server) at which the synth is registered."""
        self.edge, self.location = edge, location

    def placed(self, name: str, edge: str, location: str, standing: Standing = FULL) -> None:
        """Set where a controller is and its standing (a guest or not)."""
        self._places[name] = (edge, location)
        self._standings[name] = standing

    def standing(self, name: str) -> Standing:
        """What the server says of it."""
        return self._standings.get(name, FULL)

    def guest(self, name: str) -> bool:
        """Whether it is a guest."""
        return self.standing(name).guest

    def measured(self, name: str, rtt_s: float) -> None:
        """Set the round trip of its link. The controller measures it, because it is the side that pings."""
        self._rtt_s[name] = rtt_s

    def keep(self, names: Iterable[str]) -> None:
        """Forget all others."""
        kept = set(names)
        for known in (self._places, self._standings, self._rtt_s):
            for name in [name for name in known if name not in kept]:
                del known[name]

    def forget(self, name: str) -> None:
        """Remove a controller that is gone."""
        self._places.pop(name, None)
        self._standings.pop(name, None)
        self._rtt_s.pop(name, None)

    def rank(self, name: str) -> Rank:
        """The rank: guest or not, another edge or not, distance in km, round trip in s. Unknown values come last."""
        return *self.where(name), self._rtt_s.get(name, math.inf)

    def where(self, name: str) -> tuple[bool, bool, float]:
        """The same without the round trip."""
        edge, location = self._places.get(name, ("", ""))
        own = edge == self.edge
        return self.guest(name), not own, 0.0 if own else distance_km(location, self.location)

    def nearer(self, name: str, other: str) -> bool:
        """Compares by place alone: a round trip that changes is no reason to drop a link."""
        return self.where(name) < self.where(other)
