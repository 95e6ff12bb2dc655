"""What one network address may cost: its connections, its messages and its guesses at the key.

Out of scope: which address a connection has when a proxy stands between (aio/gate.py).
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from formant_net.allowance import Allowance
from formant_net.errors import ProtocolError
from formant_net.limits import Limits

_FLOODS = 20
"""So many floods use up all the connections that an address may make at once."""
_REMEMBERED = 16_384
"""Addresses without a connection that are kept because they have used something up; about 5 MB."""


@lru_cache(maxsize=8192)  # asked at each message
def group_of(address: str) -> str:
    """The address as limits count it: IPv4 as it is (also inside IPv6), IPv6 by its /64; anything else unchanged.

    A household gets a whole /64 (RFC 6177), so that single IPv6 addresses would limit nobody.
    """
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((parsed, 64), strict=False))


class _Address:
    __slots__ = ("clients", "connects", "guesses", "messages", "sockets")

    def __init__(self, limits: Limits, now: float) -> None:
        self.sockets = 0
        self.clients = 0
        self.connects = Allowance(limits.connects_per_s, limits.connects_burst, now)
        self.messages = Allowance(limits.address_rate_per_s, limits.address_burst, now)
        self.guesses = Allowance(limits.guesses_per_min / 60.0, limits.guesses, now)

    def idle(self, now: float) -> bool:
        """Nothing of it is connected and nothing used up: it may be forgotten."""
        return not (self.sockets or self.clients) and all(
            allowance.full(now) for allowance in (self.connects, self.messages, self.guesses)
        )


class Addresses:
    """All addresses that are connected, or were a moment ago. The empty address is nobody's and has no limits."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._known: dict[str, _Address] = {}
        # Room for requests beside the clients, and for sockets that are just closing.
        self._most_sockets = limits.clients_per_address + 64

    def __len__(self) -> int:
        return len(self._known)

    def opened(self, address: str, now: float) -> bool:
        """A TCP connection has come. False: it is one too many and has to go at once."""
        if not address:
            return True
        one = self._at(address, now)
        one.sockets += 1
        return one.connects.take(now) and one.sockets <= self._most_sockets

    def closed(self, address: str) -> None:
        """A TCP connection of `opened` is gone, taken or not."""
        if address:
            self._known[group_of(address)].sockets -= 1

    def joined(self, address: str, now: float) -> None:
        """A WebSocket has come. Raises ProtocolError "address-full" (fatal); nothing is counted then."""
        if not address:
            return
        one = self._at(address, now)
        if one.clients >= self._limits.clients_per_address:
            raise ProtocolError(
                "address-full",
                f"your address has its {self._limits.clients_per_address} connections: close one, "
                "or ask the operator to raise `--limit clients_per_address`",
                fatal=True,
            )
        one.clients += 1

    def left(self, address: str) -> None:
        """A WebSocket of `joined` is gone."""
        if address:
            self._known[group_of(address)].clients -= 1

    def message(self, address: str, now: float) -> bool:
        """False: the clients of this address together say too much; this message is not to be read."""
        return not address or self._at(address, now).messages.take(now)

    def flooded(self, address: str, now: float) -> None:
        """A connection of this address had to be cut. Each is worth many that behave, or it would only come again."""
        if address:
            self._at(address, now).connects.charge(self._limits.connects_burst // _FLOODS)

    def may_guess(self, address: str, now: float) -> None:
        """Raises ProtocolError "too-many-guesses" (fatal) when wrong keys have come too fast from this address."""
        one = self._known.get(group_of(address)) if address else None
        if one is not None and not one.guesses.some(now):
            wait_s = 60.0 / self._limits.guesses_per_min
            raise ProtocolError(
                "too-many-guesses",
                f"too many wrong keys came from your address: wait {wait_s:.0f} s, then use the join URL of the server",
                "register",
                fatal=True,
            )

    def guessed(self, address: str, now: float) -> None:
        """A wrong key has come from this address."""
        if address:
            self._at(address, now).guesses.take(now)

    def _at(self, address: str, now: float) -> _Address:
        group = group_of(address)
        one = self._known.get(group)
        if one is None:
            if len(self._known) >= _REMEMBERED:
                self._forget(now)
            one = self._known[group] = _Address(self._limits, now)
        return one

    def _forget(self, now: float) -> None:
        """Make room: first what owes nothing, then, if many thousands owe something, the oldest half of them."""
        for group in [group for group, one in self._known.items() if one.idle(now)]:
            del self._known[group]
        gone = [group for group, one in self._known.items() if not (one.sockets or one.clients)]
        if len(self._known) >= _REMEMBERED:
            for group in gone[: len(gone) // 2 + 1]:
                del self._known[group]
