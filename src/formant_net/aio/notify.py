"""What systemd wants to know of a service: ready, a line of status, and that it is alive (sd_notify(3)).

Without `NOTIFY_SOCKET` nothing is sent, so that a node is the same in a terminal.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress

READY, STOPPING, ALIVE = "READY=1", "STOPPING=1", "WATCHDOG=1"


class Notifier:
    """The service manager that started us, if one did."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        environment = os.environ if environment is None else environment
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.watchdog_s = _watchdog_s(environment)
        """How long the manager waits for a sign of life, s; None = it does not."""

    def tell(self, *lines: str) -> None:
        """Send lines such as READY or `STATUS=…`. A manager that is gone is no error."""
        if not self._address or not hasattr(socket, "AF_UNIX"):
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.connect(self._address)
            channel.sendall("\n".join(lines).encode())

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        self.tell("STATUS=" + " ".join(text.split()))

    async def keep_alive(self, alive: Callable[[], bool]) -> None:
        """Say so, three times a watchdog interval, as long as `alive` says yes; for ever. Only a running loop can."""
        if self.watchdog_s is None:
            return
        while True:
            if alive():
                self.tell(ALIVE)
            await asyncio.sleep(self.watchdog_s / 3.0)


@asynccontextmanager
async def serving(status: str, alive: Callable[[], bool] = lambda: True) -> AsyncIterator[Notifier]:
    """Ready while the block runs, and alive as long as `alive` says so."""
    notifier = Notifier()
    notifier.tell(READY, "STATUS=" + " ".join(status.split()))
    beat = asyncio.create_task(notifier.keep_alive(alive))
    try:
        yield notifier
    finally:
        beat.cancel()
        notifier.tell(STOPPING)


class Advancing:
    """Calls of it are true as long as a count goes on between them."""

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
