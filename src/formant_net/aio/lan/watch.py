"""Watches for changes of this machine's addresses: a new cable, a DHCP lease, an access point that starts late."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from formant_net.aio.lan.interfaces import interfaces
from formant_net.lan.addresses import Interface
from formant_net.ops.log import get_logger

INTERVAL_S = 2.0
"""Seconds between two looks. A look takes 0.4 ms, and a DHCP lease comes seconds after a cable."""


@asynccontextmanager
async def readdressed(
    changed: Callable[[list[Interface]], None],
    *,
    look: Callable[[], list[Interface]] = interfaces,
    interval_s: float = INTERVAL_S,
) -> AsyncIterator[list[Interface]]:
    """Give the present interfaces, and call `changed` with the new ones when they change while the block runs."""
    first = look()

    async def watch() -> None:
        known = first
        while True:
            await asyncio.sleep(interval_s)
            try:
                found = look()
                if found != known:
                    known = found
                    changed(found)
            except Exception:
                get_logger().exception("fault in following this machine's addresses; looking again")

    task = asyncio.create_task(watch())
    try:
        yield first
    finally:
        task.cancel()
