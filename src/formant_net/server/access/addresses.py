"""What one network address may cost: its connections, its messages and its guesses at the key.

Out of scope: which address a connection has when a proxy stands between (aio/server/gate.py).
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections import deque
from functools import lru_cache

from formant_net.protocol.errors import ProtocolError
from formant_net.server.access.limits import Limits
from formant_net.timers.allowance import Allowance

_FLOODS = 20
"""Number of floods that use up all the connections an address may make at once."""
_BESIDE = 576
"""Sockets of an address beside its clients and newcomers: without a request yet, reading an answer, or just closing."""
_GUESSES_KNOWN = 16
"""Wrong keys remembered for each address: boxes of one household may have one old key, or a few."""
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
    __slots__ = ("clients", "connects", "guessed", "guesses", "guesses_in_urls", "messages", "sockets")

    def __init__(self, limits: Limits, now: float) -> None:
        self.sockets = 0
        self.clients = [0, 0]
        """Players and boxes, and guests. Here and in `messages` guests have a share of their own: musicians are often
        behind the same address as their audience."""
        self.connects = Allowance(limits.connects_per_s, limits.connects_burst, now)
        self.messages = [Allowance(limits.address_rate_per_s, limits.address_burst, now) for _ in range(2)]
        self.guesses = Allowance(limits.guesses_per_min / 60.0, limits.guesses, now)
        self.guesses_in_urls = Allowance(limits.guesses_per_min / 60.0, limits.guesses, now)
        self.guessed: deque[bytes] = deque(maxlen=_GUESSES_KNOWN)
        """Its last wrong keys, as short hashes."""

    def idle(self, now: float) -> bool:
        """Nothing of it is connected and nothing used up: it may be forgotten."""
        return not (self.sockets or any(self.clients)) and all(
            allowance.full(now) for allowance in (self.connects, *self.messages, self.guesses, self.guesses_in_urls)
        )


class Addresses:
    """All addresses that are connected, or were a moment ago. The empty address is unknown and has no limits."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._known: dict[str, _Address] = {}
        self._most_sockets = 2 * limits.clients_per_address + limits.newcomers_per_address + _BESIDE

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

    def joined(self, address: str, now: float, *, guest: bool = False, known: bool = False) -> None:
        """A client wants to register. Raises ProtocolError "address-full" (fatal); nothing is counted then.

        guest    it is counted with the guests of its address
        known    it has shown that it was here before: it comes in anyway
        """
        if not address:
            return
        one = self._at(address, now)
        if not known and one.clients[guest] >= self._limits.clients_per_address:
            raise ProtocolError(
                "address-full",
                f"your address has reached its limit of {self._limits.clients_per_address} connections: close one, "
                "or ask the operator to raise `--limit clients_per_address`",
                fatal=True,
            )
        one.clients[guest] += 1

    def left(self, address: str, *, guest: bool = False) -> None:
        """A client of `joined` is gone."""
        if address:
            self._known[group_of(address)].clients[guest] -= 1

    def message(self, address: str, now: float, *, guest: bool = False) -> bool:
        """False: the guests of this address together, or its other clients, say too much. It is not to be read."""
        return not address or self._at(address, now).messages[guest].take(now)

    def flooded(self, address: str, now: float) -> None:
        """A connection of this address was closed for flooding. It costs as much as many connections, so that it cannot
        simply come again."""
        if address:
            self._at(address, now).connects.charge(self._limits.connects_burst // _FLOODS)

    def may_guess(self, address: str, now: float, *, in_url: bool = False) -> None:
        """Raises ProtocolError "too-many-guesses" (fatal) when wrong keys have come too fast from this address.

        Keys in URLs are counted apart.
        """
        one = self._known.get(group_of(address)) if address else None
        if one is not None and not (one.guesses_in_urls if in_url else one.guesses).some(now):
            wait_s = 60.0 / self._limits.guesses_per_min
            raise ProtocolError(
                "too-many-guesses",
                f"too many wrong keys came from your address: wait {wait_s:.0f} s, then use the join URL of the server",
                "register",
                fatal=True,
            )

    def guessed(self, address: str, given: str, now: float, *, in_url: bool = False) -> None:
        """A wrong key has come from this address. The same wrong key counts once, because a repetition is no new guess.

        So boxes that retry with an old key do not lock out the people behind the same address.
        """
        if not address:
            return
        one = self._at(address, now)
        known = hashlib.blake2b(given.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        if known not in one.guessed:
            one.guessed.append(known)
            (one.guesses_in_urls if in_url else one.guesses).take(now)

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
        gone = [group for group, one in self._known.items() if not (one.sockets or any(one.clients))]
        if len(self._known) >= _REMEMBERED:
            for group in gone[: len(gone) // 2 + 1]:
                del self._known[group]
