"""Drives any core: it passes on one event, carries out all effects, and re-arms the core's single timer."""

from __future__ import annotations

import asyncio
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

from formant_net.ops.log import get_logger
from formant_net.protocol.errors import ProtocolError


def _clock() -> Callable[[], float]:
    if sys.platform == "linux":
        return partial(time.clock_gettime, time.CLOCK_BOOTTIME)
    return time.monotonic  # has to do elsewhere


clock = _clock()
"""Seconds. Messages that waited in a socket while a laptop slept are old when it wakes up, and must count as old."""


SLEPT_S = 1.0
"""Seconds. A timer that fires later than this was delayed by a machine that slept."""


class Core(Protocol):
    """The calls that the driver makes on a core."""

    def next_deadline(self) -> float | None: ...
    def on_deadline(self, now: float) -> None: ...
    def drain(self) -> Sequence[Any]: ...


class Driver:
    """Drives `core` on the running event loop, with a monotonic clock that goes on while the machine sleeps.

    moved      whether a deadline of the core may be earlier than at the last call; None: always
    perform    carries out one effect, at once or in a task; calls of `tell` meanwhile take effect after it
    before     called with `now` before each change
    on_fault   called after a fault of our own, with the arguments of the method

    An error in remote input is logged and ignored. A fault of our own is logged with its trace and ignored as well, so
    that a node that sings goes on.
    """

    def __init__(
        self,
        core: Core,
        perform: Callable[[Any], None],
        *,
        before: Callable[[float], None] | None = None,
        on_fault: Callable[[tuple[Any, ...]], None] | None = None,
        moved: Callable[[], bool] | None = None,
    ) -> None:
        self._core = core
        self._perform = perform
        self._before = before
        self._on_fault = on_fault
        self._moved = moved
        self._loop = asyncio.get_running_loop()
        self._log = get_logger()
        self._todo: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self._running = False
        self._timer: asyncio.TimerHandle | None = None
        self._armed = 0.0
        self._arming = False
        self._closed = False

    @property
    def now(self) -> float:
        """The time of the core, s."""
        return clock()

    def tell(self, what: Callable[..., None], *args: Any) -> None:
        """Call a method of the core as `what(*args, now)`, then carry out the effects."""
        if self._closed:
            return
        if self._running:
            self._todo.append((what, args))
            return
        self._running = True
        try:
            self._one(what, args)
            while self._todo:
                method, given = self._todo.popleft()
                self._one(method, given)
        finally:
            self._running = False
        if self._as_before():
            return
        if not self._arming:  # once for all changes of a turn of the loop
            self._arming = True
            self._loop.call_soon(self._arm)

    def _as_before(self) -> bool:
        """Whether the running timer is certainly right."""
        if self._moved is None or self._timer is None or clock() - self._armed >= SLEPT_S:
            return False
        return not self._moved()

    def close(self) -> None:
        """Stop: the core gets no further events and no timer runs."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _one(self, method: Callable[..., None], given: tuple[Any, ...]) -> None:
        now = clock()
        if self._before is not None:
            self._before(now)
        try:
            method(*given, now)
        except ProtocolError as error:
            self._log.warning("message ignored", reason=str(error))
        except Exception:
            self._log.exception("fault in the core; going on")
            if self._on_fault is not None:
                self._on_fault(given)
        for effect in self._core.drain():
            try:
                self._perform(effect)
            except Exception:
                self._log.exception("could not carry out; going on", effect=type(effect).__name__)

    def _arm(self) -> None:
        self._arming = False
        if self._closed:
            return
        due = self._core.next_deadline()
        if due is None:
            return
        now = clock()
        if self._timer is not None:
            # The timer may fire early and is then armed again. A timer of the loop stands still while the machine
            # sleeps, so it may also fire late by the time of the sleep.
            if self._armed <= due and now - self._armed < SLEPT_S:
                return
            self._timer.cancel()
        self._armed = max(due, now)
        self._timer = self._loop.call_later(max(0.0, due - now), self._fire)

    def _fire(self) -> None:
        self._timer = None
        self.tell(self._core.on_deadline)
