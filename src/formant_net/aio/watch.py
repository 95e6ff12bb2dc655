"""Files that an operator may exchange while a server runs: keys and certificates."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from formant_net.log import get_logger

INTERVAL_S = 2.0
ANYWAY_S = 60.0
"""How often a part is refreshed without any file having changed: addresses and time change, too."""


class Watched:
    """One part: its files, and what is to be called when they have changed."""

    def __init__(self, files: Callable[[], Sequence[Path]], refresh: Callable[[], None]) -> None:
        self._files = files
        self._refresh = refresh
        self._seen = self._stamps()

    def look(self, *, anyway: bool = False) -> None:
        """Refresh if a file has changed since the last time."""
        seen = self._stamps()
        if seen == self._seen and not anyway:
            return
        self._seen = seen
        try:
            self._refresh()
        except Exception:
            get_logger().exception("fault in reading keys or certificates again; the old ones stay")

    def _stamps(self) -> list[tuple[str, int, int, int] | None]:
        return [_stamp(path) for path in self._files()]


@asynccontextmanager
async def watching(parts: Sequence[Watched], interval_s: float = INTERVAL_S) -> AsyncIterator[None]:
    """Look at the files every `interval_s` and at SIGHUP, while the block runs."""
    if not parts:
        yield
        return
    loop = asyncio.get_running_loop()

    def all_anew() -> None:
        for part in parts:
            part.look(anyway=True)

    async def look() -> None:
        looked_at = loop.time()
        while True:
            await asyncio.sleep(interval_s)
            anyway = loop.time() - looked_at >= ANYWAY_S
            if anyway:
                looked_at = loop.time()
            for part in parts:
                part.look(anyway=anyway)

    hangup = getattr(signal, "SIGHUP", None)
    heard = False
    if hangup is not None:
        with suppress(ValueError, RuntimeError, NotImplementedError):  # not in the main thread
            loop.add_signal_handler(hangup, all_anew)
            heard = True
    task = asyncio.create_task(look())
    try:
        yield
    finally:
        task.cancel()
        if heard and hangup is not None:
            loop.remove_signal_handler(hangup)


def _stamp(path: Path) -> tuple[str, int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return str(path), found.st_ino, found.st_size, found.st_mtime_ns
