"""Routes between hosts, and the byte streams over them."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from faults.lab.clock import Clock

RTO_S = 0.2
"""First retransmission of TCP (Linux); doubles."""


@dataclass(frozen=True, slots=True)
class Weather:
    """What a route does to one packet: lost with `loss`, doubled with `duplicate`, late by `delay_s` (from, to).

    A range of delays reorders.
    """

    loss: float = 0.0
    duplicate: float = 0.0
    delay_s: tuple[float, float] = (0.001, 0.002)

    @property
    def fair(self) -> bool:
        """True when bounds that assume a working path apply."""
        return self.loss == 0.0 and self.delay_s[1] <= 0.05


FAIR = Weather()


class Network:
    """Hosts by name. A route may be cut in one direction or both; cuts add up, and the last to heal opens it."""

    def __init__(self, clock: Clock, seed: random.Random) -> None:
        self.clock, self.random = clock, seed
        self.weather: dict[tuple[str, str], Weather] = {}
        self._cuts: dict[tuple[str, str], int] = {}
        self._cut_at: dict[tuple[str, str], float] = {}
        self._healed: list[Callable[[str, str, float], None]] = []

    def between(self, a: str, b: str) -> Weather:
        return self.weather.get((a, b), FAIR)

    def is_cut(self, a: str, b: str) -> bool:
        return (a, b) in self._cuts

    def cut(self, a: str, b: str) -> None:
        """Nothing passes from `a` to `b` any more, and nobody is told."""
        self._cuts[a, b] = self._cuts.get((a, b), 0) + 1
        self._cut_at.setdefault((a, b), self.clock.now)

    def heal(self, a: str, b: str) -> None:
        left = self._cuts.get((a, b), 0) - 1
        if left > 0:
            self._cuts[a, b] = left
        elif self._cuts.pop((a, b), None) is not None:
            outage_s = self.clock.now - self._cut_at.pop((a, b))
            for listener in list(self._healed):
                listener(a, b, outage_s)

    def on_heal(self, listener: Callable[[str, str, float], None]) -> None:
        """`listener(a, b, outage_s)` is called when the way from a to b is open again."""
        self._healed.append(listener)

    def forget(self, listener: Callable[[str, str, float], None]) -> None:
        self._healed.remove(listener)

    def passes(self, a: str, b: str) -> bool:
        """Draws whether one packet from `a` arrives at `b`."""
        return (a, b) not in self._cuts and not self._lost(a, b)

    def delay_s(self, a: str, b: str) -> float:
        """Draws how long a packet takes."""
        return self.random.uniform(*self.between(a, b).delay_s)

    def datagram(self, a: str, b: str, arrive: Callable[[], None]) -> None:
        """One packet: lost, late, or twice."""
        weather = self.between(a, b)
        for _ in range(2 if weather.duplicate and self.random.random() < weather.duplicate else 1):
            if self.passes(a, b):
                self.clock.after(self.delay_s(a, b), arrive)

    def _lost(self, a: str, b: str) -> bool:
        loss = self.between(a, b).loss
        return loss > 0.0 and self.random.random() < loss


class Stream:
    """One direction of a TCP connection: everything arrives, once and in order, or nothing more does.

    A cut holds it up; when the route is open again the kernel's next retransmission brings it all, which after an
    outage of so many seconds takes up to as many again.
    """

    def __init__(self, network: Network, a: str, b: str) -> None:
        self._net, self._a, self._b = network, a, b
        self._waiting: deque[Callable[[], None]] = deque()
        self._arrived = 0
        self._last = 0.0
        self._stalled = False
        self._over = False
        network.on_heal(self._healed)

    @property
    def held_up(self) -> bool:
        return self._over or self._stalled

    def send(self, deliver: Callable[[], None]) -> None:
        if self._over:
            return
        net = self._net
        delay_s = net.delay_s(self._a, self._b)
        retry_s = RTO_S
        while net._lost(self._a, self._b):
            delay_s += retry_s
            retry_s *= 2.0
        self._waiting.append(deliver)
        self._last = max(self._last, net.clock.now + delay_s)
        net.clock.after(self._last - net.clock.now, self._arrive)

    def end(self) -> None:
        """Nothing arrives any more: closed at both ends, or the address of one end is gone."""
        if not self._over:
            self._over = True
            self._waiting.clear()
            self._net.forget(self._healed)

    def _arrive(self) -> None:
        if self._over:
            return
        self._arrived += 1
        if not self._stalled and self._net.is_cut(self._a, self._b):
            self._stalled = True
        if not self._stalled:
            self._flush()

    def _healed(self, a: str, b: str, outage_s: float) -> None:
        if self._stalled and (a, b) == (self._a, self._b):
            self._net.clock.after(self._net.random.uniform(0.0, min(outage_s, 60.0)), self._again)

    def _again(self) -> None:
        if self._over or not self._stalled or self._net.is_cut(self._a, self._b):
            return
        self._stalled = False
        self._flush()

    def _flush(self) -> None:
        while self._arrived and not self._over:
            self._arrived -= 1
            self._waiting.popleft()()
