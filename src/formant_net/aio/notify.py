"""Notifications of a service to systemd: ready, a line of status, and signs of life (sd_notify(3)).

Without `NOTIFY_SOCKET` nothing is sent, so a node works in the same way in a terminal.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress

READY, STOPPING, ALIVE = "READY=1", "STOPPING=1", "WATCHDOG=1"


class Notifier:
    """Sends notifications to the service manager that started this process, if one did."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        environment = os.environ if environment is None else environment
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.watchdog_s = _watchdog_s(environment)
        """Seconds without a sign of life after which the manager restarts the service; None: it does not watch."""

    def tell(self, *lines: str) -> None:
        """Send lines such as READY or `STATUS=…`. A manager that does not listen is not an error."""
        if not self._address or not hasattr(socket, "AF_UNIX"):
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.connect(self._address)
            channel.sendall("\n".join(lines).encode("utf-8", "replace"))

    def status(self, text: str) -> None:
        """Set the line that `systemctl status` shows."""
        self.tell("STATUS=" + " ".join(text.split()))

    async def keep_alive(self, alive: Callable[[], bool]) -> None:
        """Send three signs of life in each watchdog interval while `alive()` is True. Runs until it is cancelled.

        It runs on the event loop, so a loop that is stuck sends none.
        """
        if self.watchdog_s is None:
            return
        while True:
            if alive():
                self.tell(ALIVE)
            await asyncio.sleep(self.watchdog_s / 3.0)


@asynccontextmanager
async def serving(status: str, alive: Callable[[], bool] = lambda: True) -> AsyncIterator[Notifier]:
    """Report the service as ready while the block runs, and send signs of life while `alive()` is True."""
    notifier = Notifier()
    notifier.tell(READY, "STATUS=" + " ".join(status.split()))
    beat = asyncio.create_task(notifier.keep_alive(alive))
    try:
        yield notifier
    finally:
        beat.cancel()
        notifier.tell(STOPPING)


class Advancing:
    """A function that returns True if a count has changed since its last call."""

    def __init__(self, count: Callable[[], int]) -> None:
        self._count = count
        self._last = -1

    def __call__(self) -> bool:
        before, self._last = self._last, self._count()
        return self._last != before


def _watchdog_s(environment: Mapping[str, str]) -> float | None:
    try:
        interval_s = int(environment.get("WATCHDOG_USEC", "0")) / 1e6
        process = int(environment.get("WATCHDOG_PID", os.getpid()))
    except ValueError:
        return None
    return interval_s if interval_s > 0.0 and process == os.getpid() else None
