"""How many offers one synth may make, in all and to one controller: each makes a page build a connection."""

from __future__ import annotations

from formant_net.allowance import Allowance
from formant_net.errors import ProtocolError
from formant_net.limits import Limits

ROOM = 32
"""So many pairs are not worth a look."""


class OfferMeter:
    """The offers of one client. A minute's worth may come at once."""

    __slots__ = ("_all", "_limits", "_pairs", "_room")

    def __init__(self, limits: Limits, now: float) -> None:
        self._limits = limits
        self._all = Allowance(limits.offers_per_min / 60.0, limits.offers_per_min, now)
        self._pairs: dict[str, Allowance] = {}
        self._room = ROOM

    def take(self, target: str, now: float) -> None:
        """Count one offer to `target`. Raises ProtocolError "too-many-offers"."""
        limits = self._limits
        if not self._all.take(now):
            raise ProtocolError(
                "too-many-offers",
                f"{limits.offers_per_min} offers a minute are passed on: wait before the next",
                "offer",
            )
        pair = self._pairs.get(target)
        if pair is None:
            if len(self._pairs) >= self._room:  # as many again may come before the next look: no cost for each
                self._pairs = {name: one for name, one in self._pairs.items() if not one.full(now)}
                self._room = max(ROOM, 2 * len(self._pairs))
            most = limits.offers_per_pair_per_min
            pair = self._pairs[target] = Allowance(most / 60.0, most, now)
        if not pair.take(now):
            raise ProtocolError(
                "too-many-offers",
                f"{limits.offers_per_pair_per_min} offers a minute to one controller are passed on: wait longer",
                "offer",
            )
