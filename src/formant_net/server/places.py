"""The places of a server: for newcomers, who have yet to register, and for clients. Both are limited.

When the places are taken, somebody with more than an equal share of them makes room (protocol/standing.py).
"""

from __future__ import annotations

from functools import lru_cache

from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.standing import FULL, Shares, Standing
from formant_net.server.access.addresses import group_of
from formant_net.server.access.limits import Limits


@lru_cache(maxsize=8192)  # asked twice for each newcomer
def group_of_address(address: str) -> Standing:
    """The standing of a connection that has not registered: only its address counts; unknown for ""."""
    return Standing(group=f".{group_of(address)}") if address else FULL


class Places:
    """Who has which place, by number of the connection."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._newcomers: Shares[int] = Shares()
        self._members: Shares[int] = Shares()

    @property
    def full(self) -> bool:
        """All places of clients are taken."""
        return len(self._members) >= self._limits.clients

    @property
    def newcomers(self) -> int:
        """How many have yet to register."""
        return len(self._newcomers)

    def newcomer(self, conn: int, address: str) -> None:
        """It has a place among those who have to register."""
        self._members.remove(conn)
        self._newcomers.add(conn, group_of_address(address))

    def member(self, conn: int, standing: Standing) -> None:
        """It has the place of a client."""
        self._newcomers.remove(conn)
        self._members.add(conn, standing)

    def gone(self, conn: int) -> None:
        """It has no place any more."""
        self._newcomers.remove(conn)
        self._members.remove(conn)

    def newcomer_to_end(self, standing: Standing) -> int | None:
        """The connection that makes room for a newcomer; None if there is room.

        raises    ProtocolError "server-full" (fatal) when nobody has to make room
        """
        own = self._newcomers.members(standing) if standing.group else []
        if len(own) >= self._limits.newcomers_per_address:
            return own[0]
        if len(self._newcomers) < self._limits.newcomers:
            return None
        crowd = self._newcomers.give_way(standing)
        if not crowd:
            raise ProtocolError("server-full", "too many want to register: try again later", fatal=True)
        return crowd[0]

    def member_to_end(self, conn: int, standing: Standing) -> int | None:
        """The client that makes room for `conn`; None if there is room, or `conn` has a place.

        raises    ProtocolError "server-full" (fatal) when nobody has to make room
        """
        if conn in self._members or not self.full:
            return None
        crowd = self._members.give_way(standing)
        if not crowd:
            raise ProtocolError("server-full", f"{self.taken}: try again later", fatal=True)
        return crowd[-1]

    @property
    def taken(self) -> str:
        """Why there is no room, in words."""
        return f"this server has reached its limit of {self._limits.clients} clients"
