"""What subscribers are told of settings: the newest value after each change, but not of their own changes."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from formant_net.osc.codec import Argument, encode
from formant_net.osc.newest import Newest

Target = tuple[str, int]
INTERVAL_S = 0.05
"""Seconds between two values of one address: 20 a second at most."""
OWN_S = 0.5
"""Seconds after a sender's own change during which it is not told of that address."""
LEASE_S = 120.0
"""Seconds that a subscription lasts. Subscribe again before that."""
MOST_SUBSCRIBERS = 16
MOST_TOUCHED = 64
SAME = 1e-4
"""Numbers that differ by less are the same."""


@dataclass(slots=True)
class _Subscriber:
    until: float
    waiting: Newest[str, Argument] = field(default_factory=lambda: Newest(INTERVAL_S))
    owns_until: dict[str, float] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)
    paths: set[str] | None = None
    """Addresses that it listens to; None: all."""


class Feedback:
    """Subscribers and what they have still to be told. Times are s.

    A datagram may carry a false sender. So a subscriber on another machine first gets a number, in a datagram no longer
    than the one it sent, and is told of changes only when it returns the number.

    secret    bytes that nobody else knows; the numbers are made of them
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._values: dict[str, Argument] = {}
        self._subscribers: dict[Target, _Subscriber] = {}

    def __len__(self) -> int:
        return len(self._subscribers)

    def subscribe(self, target: Target, now: float) -> bytes | None:
        """Somebody asks to be told at `target`. The datagram that has to be sent there, if any."""
        if ipaddress.ip_address(target[0]).is_loopback:
            self._add(target, now)
            return None
        return encode("/formant/ok", self._number(target))

    def confirm(self, target: Target, number: int, now: float) -> bool:
        """`target` returned a number. Whether it was the right one."""
        right = number == self._number(target)
        if right:
            self._add(target, now)
        return right

    def listen(self, target: Target, path: str) -> None:
        """A connection, which cannot have a false sender, wants to be told of one address until it leaves."""
        subscriber = self._subscribers.get(target)
        if subscriber is None:
            self._make_room()
            subscriber = self._subscribers[target] = _Subscriber(math.inf, paths=set())
        if subscriber.paths is not None and path in self._values:
            subscriber.paths.add(path)
            subscriber.waiting.put(path, self._values[path])

    def ignore(self, target: Target, path: str) -> None:
        """The connection does not listen to this address any more."""
        if (subscriber := self._subscribers.get(target)) is not None and subscriber.paths is not None:
            subscriber.paths.discard(path)
            subscriber.waiting.drop(path)

    def leave(self, target: Target) -> None:
        """The connection is closed."""
        self._subscribers.pop(target, None)

    def moved(self, ip: str, address: str, now: float) -> None:
        """A sender at this address of the network set a control itself."""
        for target, subscriber in self._subscribers.items():
            if target[0] == ip and address in self._values:
                subscriber.owns_until[address] = now + OWN_S
                subscriber.waiting.drop(address)

    def touched(self, ip: str, address: str, down: bool, now: float) -> None:
        """A hand is on the control, or left it. When it leaves, the subscriber is told where the control is now."""
        for target, subscriber in self._subscribers.items():
            if target[0] != ip:
                continue
            if down and len(subscriber.touched) < MOST_TOUCHED:
                subscriber.touched.add(address)
                subscriber.waiting.drop(address)
            elif not down and address in subscriber.touched:
                subscriber.touched.discard(address)
                if address in self._values:
                    subscriber.waiting.put(address, self._values[address])

    def report(self, values: Mapping[str, Argument], now: float) -> None:
        """The present values of all addresses. What changed is told."""
        before, self._values = self._values, dict(values)
        for address, value in values.items():
            if address in before and _same(before[address], value):
                continue
            for subscriber in self._subscribers.values():
                self._tell(subscriber, address, value, now)
        for subscriber in self._subscribers.values():
            for address in [one for one, until in subscriber.owns_until.items() if now >= until]:
                # Others may have moved it meanwhile; what it set itself comes back once, as a confirmation.
                del subscriber.owns_until[address]
                if address in values:
                    self._tell(subscriber, address, values[address], now)

    def due_at(self) -> float | None:
        """When `take` has something, s."""
        moments = [subscriber.waiting.due_at() for subscriber in self._subscribers.values()]
        return min((each for each in moments if each is not None), default=None)

    def take(self, now: float) -> list[tuple[Target, bytes]]:
        """Datagrams that go out now. Subscriptions that ran out end."""
        for target in [target for target, one in self._subscribers.items() if now >= one.until]:
            del self._subscribers[target]
        return [
            (target, encode(address, value))
            for target, subscriber in self._subscribers.items()
            for address, value in subscriber.waiting.take(now)
        ]

    def _tell(self, subscriber: _Subscriber, address: str, value: Argument, now: float) -> None:
        if subscriber.paths is not None and address not in subscriber.paths:
            return
        if address not in subscriber.touched and now >= subscriber.owns_until.get(address, now):
            subscriber.waiting.put(address, value)

    def _add(self, target: Target, now: float) -> None:
        known = self._subscribers.get(target)
        if known is not None:
            known.until = now + LEASE_S
            return
        self._make_room()
        subscriber = self._subscribers[target] = _Subscriber(now + LEASE_S)
        for address, value in self._values.items():
            subscriber.waiting.put(address, value)

    def _make_room(self) -> None:
        """The one whose time ends first gives way."""
        if len(self._subscribers) >= MOST_SUBSCRIBERS:
            del self._subscribers[min(self._subscribers, key=lambda one: self._subscribers[one].until)]

    def _number(self, target: Target) -> int:
        """24 bits: programs that know only floats of 32 bits can return it whole."""
        mark = hmac.new(self._secret, f"{target[0]} {target[1]}".encode(), hashlib.sha256).digest()
        return int.from_bytes(mark[:3], "big")


def _same(one: Argument, other: Argument) -> bool:
    if isinstance(one, int | float) and isinstance(other, int | float):
        return abs(one - other) < SAME
    return one == other
