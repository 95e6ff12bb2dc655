"""Which controllers have a link when there are more of them than places, and which one makes room for another."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable

from formant_net.protocol.standing import Shares, Standing
from formant_net.synth.linking.ranking import Ranking


class Places:
    """The controllers that hold a place. No controller makes room for one with lesser rights.

    most       how many places there are
    ranking    which controllers are preferred
    playing    tells whether a finger of this controller is down; it does not make room for a nearer one
    """

    def __init__(self, most: int, ranking: Ranking, playing: Callable[[str], bool]) -> None:
        self._most = most
        self._ranking = ranking
        self._playing = playing
        self._held: dict[str, None] = {}
        self._shares: Shares[str] = Shares()

    @property
    def full(self) -> bool:
        """True when no place is free."""
        return len(self._held) >= self._most

    def add(self, name: str) -> None:
        """It holds a place."""
        self._held[name] = None
        self._shares.add(name, self._ranking.standing(name))

    def standing(self, name: str, standing: Standing) -> None:
        """The server says anew which rights and which group it has."""
        if name in self._held:
            self._shares.add(name, standing)

    def remove(self, name: str) -> None:
        """Its place is free."""
        self._held.pop(name, None)
        self._shares.remove(name)

    def makes_room(self, name: str, unreached: Iterable[str]) -> tuple[str, str] | None:
        """Who gives its place to `name`, and why ("" for one that was not reached); None if nobody has to.

        unreached    holders that wait for another try and were not reached at the last one

        The first choice is a controller that was not reached. The second is chosen by rights and shares, preferably
        one with no finger down. The third is one that is farther away and has no finger down.
        """
        standing = self._ranking.standing(name)
        for other in unreached:
            if standing.guest <= self._ranking.guest(other):
                return other, ""
        shared = self._shares.give_way(standing)
        if shared:
            idle = [other for other in shared if not self._playing(other)]
            return (idle or shared)[-1], "others come first"
        where = self._ranking.where
        here = where(name)
        farther = [other for other in self._held if where(other) > here and not self._playing(other)]
        return (max(farther, key=where), "nearer") if farther else None

    def best(self, names: Collection[str]) -> list[str]:
        """Those of `names` that get the free places: without one so far, and preferred to the others."""
        free = self._most - len(self._held)
        return heapq.nsmallest(free, (name for name in names if name not in self._held), key=self._ranking.rank)
