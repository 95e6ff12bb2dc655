"""How much OSC is read: what comes from this machine always, what comes from others up to a rate.

A datagram of 8 kB holds 255 notes and costs up to 20 ms. It is counted by its length before it is read, so that a flood
costs little, and programs on this machine and on other machines are heard beside it.
"""

from __future__ import annotations

import ipaddress

from formant_net.timers.allowance import Allowance

UNIT_BYTES = 32
"""A note with its address, as a message of its own."""
SENDER_PER_S, SENDER_BURST = 2000.0, 1000
"""Units of one machine: 50 fingers with 40 messages a second."""
ALL_PER_S, ALL_BURST = 4000.0, 2000
"""Units of all other machines together. A datagram may carry a false sender."""
MOST_SENDERS = 64
ASKS_PER_S, ASKS_BURST = 50.0, 500
"""What one connection of OSCQuery may ask; a faster one is cut."""


def asks_of_one(now: float) -> Allowance:
    """What a new connection of OSCQuery may ask."""
    return Allowance(ASKS_PER_S, ASKS_BURST, now)


class Floods:
    """Counts what other machines send. Times are s."""

    def __init__(self, now: float = 0.0) -> None:
        self._all = Allowance(ALL_PER_S, ALL_BURST, now)
        self._senders: dict[str, Allowance] = {}

    def takes(self, ip: str, size: int, now: float) -> bool:
        """Whether a datagram of that many bytes is read."""
        if ipaddress.ip_address(ip.partition("%")[0]).is_loopback:
            return True
        own = self._senders.pop(ip, None) or Allowance(SENDER_PER_S, SENDER_BURST, now)
        if len(self._senders) >= MOST_SENDERS:
            del self._senders[next(iter(self._senders))]
        self._senders[ip] = own  # the one heard last stands last
        if not (own.some(now) and self._all.take(now)):
            return False
        own.charge(1 + size // UNIT_BYTES)
        self._all.charge(size // UNIT_BYTES)
        return True
