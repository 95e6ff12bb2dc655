"""How many offers one synth may make, in all and to one controller: each makes a page build a connection."""

from __future__ import annotations

from formant_net.protocol.errors import ProtocolError
from formant_net.server.access.limits import Limits
from formant_net.timers.allowance import Allowance
from formant_net.timers.allowances import Allowances


class OfferMeter:
    """The offers of one client. Those of a minute may come at once. Offers to guests have an allowance of their own."""

    __slots__ = ("_all", "_limits", "_pairs")

    def __init__(self, limits: Limits, now: float) -> None:
        self._limits = limits
        most = limits.offers_per_min
        self._all = {guest: Allowance(most / 60.0, most, now) for guest in (False, True)}
        pair = limits.offers_per_pair_per_min
        self._pairs = {guest: Allowances(pair / 60.0, pair) for guest in (False, True)}

    def take(self, target: str, now: float, *, guest: bool = False) -> None:
        """Count one offer to `target`, which is a guest or not. Raises ProtocolError "too-many-offers"."""
        limits = self._limits
        if not self._all[guest].take(now):
            raise ProtocolError(
                "too-many-offers",
                f"{limits.offers_per_min} offers a minute are passed on: wait before the next",
                "offer",
            )
        if not self._pairs[guest].take(target, now):
            self._all[guest].give_back()
            raise ProtocolError(
                "too-many-offers",
                f"{limits.offers_per_pair_per_min} offers a minute to one controller are passed on: wait longer",
                "offer",
            )

    def give_back(self, target: str) -> None:
        """An offer to `target` found nobody there: it cost nothing."""
        for guest, pairs in self._pairs.items():
            if pairs.give_back(target):
                self._all[guest].give_back()
