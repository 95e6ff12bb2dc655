"""Watches files that an operator may replace while a server runs: keys and certificates."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from formant_net.aio import hangup
from formant_net.ops.log import get_logger

INTERVAL_S = 2.0
ANYWAY_S = 60.0
"""Seconds after which a part is refreshed even if no file has changed, because addresses and time change as well."""


class Watched:
    """A set of files, and the function to call when one of them has changed."""

    def __init__(self, files: Callable[[], Sequence[Path]], refresh: Callable[[], None]) -> None:
        self._files = files
        self._refresh = refresh
        self._seen = self._stamps()

    def look(self, *, anyway: bool = False) -> None:
        """Call `refresh` if a file has changed since the last look, or in any case with `anyway`."""
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
    """Check the files every `interval_s` seconds, and refresh all at SIGHUP, while the block runs."""
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

    task = asyncio.create_task(look())
    try:
        with hangup.reading_again(all_anew):
            yield
    finally:
        task.cancel()


def _stamp(path: Path) -> tuple[str, int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return str(path), found.st_ino, found.st_size, found.st_mtime_ns
