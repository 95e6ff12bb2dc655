"""A process on a host: it runs, is stopped, or is dead for good; who starts it again makes a new one."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Protocol

from faults.lab.clock import Clock, HostClock

from formant_net.protocol.errors import ProtocolError

SPINS, SPIN_S = 200, 1e-4
"""So many wake-ups in a row, so close to each other, are a busy loop. Touches are sent again every 20 ms."""


class Core(Protocol):
    """What runs inside: any core of the project."""

    def next_deadline(self) -> float | None: ...
    def on_deadline(self, now: float) -> None: ...


class Process:
    """Tells a core what happens, carries out what it asks for, keeps its one timer; as a shell does.

    While it is stopped everything that happens to it waits, its timer too; it is all there when it continues.
    """

    def __init__(self, name: str, true: Clock, clock: HostClock, seed: random.Random) -> None:
        self.name = name
        self.alive = True
        self.stopped = False
        self.stopped_at = self.resumed_at = -1e9
        self.refusals: list[str] = []
        """ProtocolErrors of the core: input that it did not expect, ignored."""
        self.wakeups = 0
        self.true, self.clock, self.random = true, clock, seed
        self._waiting: list[Callable[[], None]] = []
        self._armed: float | None = None
        self._woken_at = -1e9
        self._spins = 0

    # --- what a shell gives

    def core(self) -> Core:
        raise NotImplementedError

    def carry_out(self) -> None:
        """Do what the core asks for."""
        raise NotImplementedError

    # --- life and death

    @property
    def running(self) -> bool:
        return self.alive and not self.stopped

    def stop(self) -> None:
        """SIGSTOP."""
        if self.running:
            self.stopped, self.stopped_at = True, self.true.now

    def resume(self) -> None:
        """SIGCONT."""
        if not (self.alive and self.stopped):
            return
        self.stopped, self.resumed_at = False, self.true.now
        waiting, self._waiting = self._waiting, []
        if self.random.random() < 0.5:  # an event loop may see the timer first, or the sockets
            self._wake()
        for what in waiting:
            self.does(what)
        self._wake()

    def die(self) -> None:
        self.alive = False
        self._waiting.clear()

    # --- what happens to it

    def does(self, what: Callable[[], None]) -> None:
        """`what` happens in this process, now or when it continues; never if it is dead."""
        if not self.alive:
            return
        if self.stopped:
            self._waiting.append(what)
        else:
            what()

    def tell(self, what: Callable[..., None], *args: Any) -> None:
        """One change into the core, everything out, one timer. For use while it runs."""
        try:
            what(*args, self.clock.now)
        except ProtocolError as error:
            self.refused(error)
        self.carry_out()
        self.arm()

    def refused(self, error: ProtocolError) -> None:
        self.refusals.append(str(error))

    def arm(self) -> None:
        due = self.core().next_deadline()
        if due is not None and (self._armed is None or due < self._armed):
            self._armed = due
            self.true.after(self.clock.until(due), self._fire, due)

    def _fire(self, due: float) -> None:
        if self._armed == due:
            self.does(self._wake)

    def _wake(self) -> None:
        due = self._armed
        if due is None or not self.running:
            return
        if self.clock.now < due - 1e-6:  # not yet: another reason to look, or the clock was set back meanwhile
            self.true.after(self.clock.until(due), self._fire, due)
            return
        self._armed = None
        self.wakeups += 1
        self._spins = self._spins + 1 if self.true.now < self._woken_at + SPIN_S else 0
        self._woken_at = self.true.now
        if self._spins > SPINS:
            raise RuntimeError(f"{self.name} wants to be called again and again: a busy loop")
        try:
            self.core().on_deadline(max(self.clock.now, due))
        except ProtocolError as error:
            self.refused(error)
        self.carry_out()
        self.arm()
