"""Runs a node's main coroutine until it ends or a signal cancels it; after a signal it cleans up and exits with 0.

SIGINT and SIGTERM end it. hangup.py decides about SIGHUP.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from formant_net.aio import hangup
from formant_net.ops.log import get_logger

_ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)]
"""The signals that end a node. Windows can send SIGBREAK to a process of another console."""


def run_until_signal(main: Coroutine[Any, Any, None]) -> None:
    """Run `main`, with uvloop if it is installed.

    A signal cancels it once. The same signal again ends the process at once.
    """
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_supervise(main))


async def until_cancelled() -> None:
    """Wait for the signal that ends the process."""
    await asyncio.Event().wait()


async def _supervise(main: Coroutine[Any, Any, None]) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(report)
    task = loop.create_task(main)
    stopped = False

    def stop(received: signal.Signals | None = None) -> None:
        nonlocal stopped
        if not stopped:  # a second cancellation would interrupt the clean-up
            stopped = True
            task.cancel()
        if received is None:
            return  # a terminal that closes sends SIGHUP more than once
        with suppress(NotImplementedError):
            loop.remove_signal_handler(received)
        signal.signal(received, signal.SIG_DFL)

    for received in _ENDING:
        try:
            loop.add_signal_handler(received, stop, received)
        except NotImplementedError:  # Windows: a handler of Python's own, which wakes the loop
            signal.signal(received, lambda number, _: loop.call_soon_threadsafe(stop, signal.Signals(number)))
    try:
        with hangup.ending(stop):
            await task
    except asyncio.CancelledError:
        if not stopped:
            raise


def report(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log an exception of a task or a callback that no code awaits. The node goes on."""
    error = context.get("exception")
    where = context.get("future") or context.get("task") or context.get("handle")
    get_logger().error(
        "fault in a task; going on",
        about=context.get("message"),
        task=where.get_name() if isinstance(where, asyncio.Task) else None,
        exc_info=(type(error), error, error.__traceback__) if isinstance(error, BaseException) else None,
    )


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """What makes a loop of uvloop; None if it is not installed."""
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
