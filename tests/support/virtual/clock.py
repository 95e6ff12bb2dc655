"""A clock that moves only when a test moves it, and runs a core's deadlines on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol


class Timed(Protocol):
    """A core that wants to be called when time has passed."""

    def next_deadline(self) -> float | None: ...

    def on_deadline(self, now: float) -> None: ...


class VirtualClock:
    """Seconds since an arbitrary moment, as a core is given them."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def advance(self, seconds: float, *cores: Timed) -> None:
        """Let time pass; every deadline of `cores` on the way is served at its own moment, in order."""
        end = self.now + seconds
        for _ in range(100_000):
            due = [(when, i) for i, core in enumerate(cores) if (when := core.next_deadline()) is not None]
            if not due or min(due)[0] > end:
                self.now = end
                return
            when, i = min(due)
            self.now = max(self.now, when)
            cores[i].on_deadline(self.now)
        raise RuntimeError("a core asks for the same deadline again and again")


def at_once(method: Callable[..., None], *args: Any) -> None:
    """What `Driver.tell` does, without a loop and at time 0."""
    method(*args, 0.0)
