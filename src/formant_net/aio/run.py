"""Running a node's main coroutine until it ends or SIGINT or SIGTERM asks it to: cancelled, cleaned up, exit 0."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

_ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)]
"""SIGBREAK is what Windows can send to a process of another console."""


def run_until_signal(main: Coroutine[Any, Any, None]) -> None:
    """Run `main`; a signal cancels it once, a second one ends the process the hard way. uvloop is used if installed."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_supervise(main))


async def until_cancelled() -> None:
    """Wait for the signal that ends the process."""
    await asyncio.Event().wait()


async def _supervise(main: Coroutine[Any, Any, None]) -> None:
    loop = asyncio.get_running_loop()
    task = loop.create_task(main)
    stopped = False

    def stop(received: signal.Signals) -> None:
        nonlocal stopped
        stopped = True
        task.cancel()
        with suppress(NotImplementedError):
            loop.remove_signal_handler(received)
        signal.signal(received, signal.SIG_DFL)

    for received in _ENDING:
        try:
            loop.add_signal_handler(received, stop, received)
        except NotImplementedError:  # Windows: a handler of Python's own, which wakes the loop
            signal.signal(received, lambda number, _: loop.call_soon_threadsafe(stop, signal.Signals(number)))
    try:
        await task
    except asyncio.CancelledError:
        if not stopped:
            raise


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
