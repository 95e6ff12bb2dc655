"""An event loop in a thread of its own, for calls that block."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from formant_net.aio.run import loop_factory, report

Result = TypeVar("Result")
LOOK_S = 0.5
"""Seconds between two looks at Ctrl-C on systems where a wait does not notice it by itself."""


class LoopThread:
    """A thread that runs a loop until `stop`. It does not keep the interpreter from ending."""

    def __init__(self, name: str) -> None:
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._main, name=name, daemon=True)
        self._thread.start()
        self._ready.wait()

    @property
    def alive(self) -> bool:
        """Whether calls are still carried out."""
        return self._thread.is_alive()

    @property
    def inside(self) -> bool:
        """Whether this is called in the thread itself."""
        return threading.current_thread() is self._thread

    def call(self, work: Coroutine[Any, Any, Result]) -> Result:
        """The result of a coroutine that runs there. Whatever interrupts the wait (Ctrl-C) cancels it."""
        if self.inside or self._loop is None or not self.alive:
            work.close()
            raise RuntimeError("this cannot be called from the ensemble's own thread, or after its end")
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            while True:
                try:
                    return future.result(LOOK_S)
                except concurrent.futures.TimeoutError:
                    if future.done():  # it is the work's own error
                        raise
        except BaseException:
            future.cancel()
            raise

    def look(self, what: Callable[[], Result]) -> Result:
        """The result of a function that is called there."""

        async def called() -> Result:
            return what()

        return self.call(called())

    def stop(self, last: Coroutine[Any, Any, None]) -> None:
        """Run `last`, then end the thread; a second call does nothing. Inside the thread it does not wait."""
        if self._loop is None or not self.alive:
            last.close()
            return
        if self.inside:
            task = self._loop.create_task(last)
            task.add_done_callback(lambda _: self._loop is not None and self._loop.stop())
            return
        try:
            self.call(last)
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()

    def _main(self) -> None:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            self._loop = runner.get_loop()
            self._loop.set_exception_handler(report)
            self._ready.set()
            self._loop.run_forever()
