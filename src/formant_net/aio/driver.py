"""The loop round any core: tell it one thing, carry out all it asks for, re-arm its single timer."""

from __future__ import annotations

import asyncio
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

from formant_net.errors import ProtocolError
from formant_net.log import get_logger


def _clock() -> Callable[[], float]:
    if sys.platform == "linux":
        return partial(time.clock_gettime, time.CLOCK_BOOTTIME)
    return time.monotonic  # has to do elsewhere


clock = _clock()
"""Seconds. What waits in a socket while a laptop sleeps is old when it wakes up, and has to look it."""


class Core(Protocol):
    """What the driver needs of a core."""

    def next_deadline(self) -> float | None: ...
    def on_deadline(self, now: float) -> None: ...
    def drain(self) -> Sequence[Any]: ...


class Driver:
    """Drives `core` on the running event loop, on a monotonic clock that goes on while the machine sleeps.

    perform    carries out one effect, at once or by starting a task; what it tells the driver meanwhile is done after

    What remote input does wrong is logged and ignored; so is a fault of our own, with its trace: a node that sings
    goes on singing.
    """

    def __init__(self, core: Core, perform: Callable[[Any], None]) -> None:
        self._core = core
        self._perform = perform
        self._loop = asyncio.get_running_loop()
        self._log = get_logger()
        self._todo: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self._running = False
        self._timer: asyncio.TimerHandle | None = None
        self._armed = 0.0
        self._closed = False

    @property
    def now(self) -> float:
        """The time of the core, s."""
        return clock()

    def tell(self, what: Callable[..., None], *args: Any) -> None:
        """Call a method of the core as `what(*args, now)`, then do what it asks for."""
        if self._closed:
            return
        self._todo.append((what, args))
        if self._running:
            return
        self._running = True
        try:
            while self._todo:
                method, given = self._todo.popleft()
                self._one(method, given)
        finally:
            self._running = False
        self._arm()

    def close(self) -> None:
        """Nothing more is told and no timer runs."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _one(self, method: Callable[..., None], given: tuple[Any, ...]) -> None:
        try:
            method(*given, self.now)
        except ProtocolError as error:
            self._log.warning("message ignored", reason=str(error))
        except Exception:
            self._log.exception("fault in the core; going on")
        for effect in self._core.drain():
            try:
                self._perform(effect)
            except Exception:
                self._log.exception("could not carry out; going on", effect=type(effect).__name__)

    def _arm(self) -> None:
        due = self._core.next_deadline()
        if due is None or self._closed:
            return
        if self._timer is not None:
            if self._armed <= due:
                return  # it fires early at worst, and is armed anew then
            self._timer.cancel()
        self._armed = due
        self._timer = self._loop.call_later(max(0.0, due - self.now), self._fire)

    def _fire(self) -> None:
        self._timer = None
        self.tell(self._core.on_deadline)
