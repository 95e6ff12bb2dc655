"""A limit on new ids: each is announced to all synths, and each synth makes a connection for it.

A client that comes back with its secret is not new. Players with the key are counted by their address, guests by token
and address together. All guests of one token are counted together as well, so that many ids or addresses do not help.
"""

from __future__ import annotations

from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.standing import Standing
from formant_net.server.access.limits import Limits
from formant_net.timers.allowances import Allowances


class Joins:
    """New ids of one edge."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._groups = Allowances(limits.joins_per_min / 60.0, limits.joins_burst)
        self._tokens = Allowances(limits.token_joins_per_min / 60.0, limits.token_joins_burst)

    def take(self, standing: Standing, now: float) -> None:
        """Count a new id. Raises ProtocolError "too-many-joins" (fatal)."""
        if not standing.group:
            return
        if standing.guest and not self._tokens.some(standing.credential, now):
            raise too_many(f"{self._limits.token_joins_per_min:g} new ids a minute with one token")
        if not self._groups.take(standing.group, now):
            raise too_many(f"{self._limits.joins_per_min:g} new ids a minute from one address")
        if standing.guest:
            self._tokens.take(standing.credential, now)


def too_many(what: str) -> ProtocolError:
    """The refusal of a guest, or of an address, that registers too often; fatal."""
    return ProtocolError(
        "too-many-joins",
        f"at most {what} are accepted: wait, or come back under your id with its `resume`",
        "register",
        fatal=True,
    )
