"""Keeps an edge connected to the engine of a shared registry, one session after another.

When a session ends, another follows after a back-off, at the next of the engine's servers. The registry's core
reconciles both sides then. So a session need not repair what it missed before.

Out of scope: the session itself (session.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import nats.errors
import nats.js.errors

from formant_net.aio.driver import clock
from formant_net.aio.server.desk_bucket import DeskBucket
from formant_net.aio.server.session import Change, EngineError, Session, words_of
from formant_net.fleet.agreed import Agreed, Keep
from formant_net.ops.log import get_logger
from formant_net.server.outputs import Post
from formant_net.server.registry.engine_url import EngineUrl
from formant_net.server.registry.registry import Restart, Write
from formant_net.server.registry.shared import SharedRegistry
from formant_net.timers.backoff import Backoff

OPEN_S = 8.0
"""Seconds after which a connection attempt is given up and the next server is tried."""
AGAIN_S = 0.2
"""Seconds after which the end is asked for again: while nats-py sends, it takes a cancellation for its own."""
LAST_S = 2.0
"""Seconds that an edge which stops has to send its last messages."""


class Engine:
    """Carries the registry's and the hub's messages to NATS, and those of NATS to the registry and the hub.

    change          see `Change` in session.py
    on_change       called with `now` at the end of each change: the registry may have notices
    on_bus          called with each message of another edge: `on_bus(payload, now)`
    on_unreachable  called for each undelivered Post: `on_unreachable(node, about, now)`
    agreed          what the edges agree on beside their clients; None: nothing
    """

    def __init__(
        self,
        url: EngineUrl,
        registry: SharedRegistry,
        backoff: Backoff,
        *,
        change: Change,
        on_change: Callable[[float], None],
        on_bus: Callable[[bytes, float], None],
        on_unreachable: Callable[[str, Any, float], None],
        agreed: Agreed | None = None,
    ) -> None:
        self._url = url
        self._registry = registry
        self._backoff = backoff
        self._outer = change
        self._on_change = on_change
        self._on_bus = on_bus
        self._on_unreachable = on_unreachable
        self._log = get_logger()
        self._server = 0
        self._created = ""
        self._session: Session | None = None
        self._task: asyncio.Task[None] | None = None
        self._told = ""
        self._desk = DeskBucket(url, agreed, self._change) if agreed is not None else None

    async def __aenter__(self) -> None: ...

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    def start(self, url: str = "") -> None:
        """Connect, and stay connected until `close`. `url`: where clients reach this edge; the other edges get it."""
        self._registry.pulse.url = url
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Send the waiting messages, for LAST_S at most, and disconnect."""
        session, self._session = self._session, None
        if session is not None:
            with suppress(Exception):
                await asyncio.wait_for(session.flush(), LAST_S)
        if self._task is not None:
            await _end(self._task)

    def carry(self, output: Post | Write | Restart | Keep) -> None:
        """Write a key, send to another edge, or begin another session.

        Without a session the output is dropped: the cores know that no other edge can be reached.
        """
        if self._session is None:
            return
        if isinstance(output, Restart):
            self._session.end(output.reason)
        elif isinstance(output, Keep):
            if self._desk is not None:
                self._desk.carry(output)
        else:
            self._session.todo.put_nowait(output)

    def _change(self, what: Callable[[float], None]) -> None:
        def change(now: float) -> None:
            what(now)
            self._on_change(now)

        self._outer(change)

    async def _run(self) -> None:
        while True:
            server = self._url.servers[self._server % len(self._url.servers)]
            session = Session(self._url, self._registry, self._change, self._on_bus, self._on_unreachable)
            reason = "closed"
            desk: asyncio.Task[None] | None = None
            try:
                created = await asyncio.wait_for(session.open(server), OPEN_S)
                fresh, self._created = created != self._created, created
                self._session = session
                await session.read(fresh=fresh, begun=partial(self._begun, server))
                if self._desk is not None:
                    desk = asyncio.create_task(self._desk.run(session.connection))
                reason = await session.ended
            except (EngineError, nats.errors.Error, nats.js.errors.Error, OSError, TimeoutError, ValueError) as error:
                reason = words_of(error)
            except Exception as error:
                self._log.exception("fault in the connection to the registry; trying again")
                reason = repr(error)
            finally:
                self._session = None
                if desk is not None:
                    await _end(desk)
                await session.close()
            self._server += 1
            why = f"{server}: {reason}"
            self._change(lambda now, why=why: self._registry.on_down(why, now))  # type: ignore[misc]
            if self._desk is not None:
                self._desk.ended(why)
            delay_s = self._backoff.failed(clock())
            if why != self._told:  # log an engine that is away for an hour only once
                self._told = why
                self._log.warning("registry not reached", server=server, reason=reason)
            await asyncio.sleep(delay_s)

    def _begun(self, server: str) -> None:
        self._told = ""
        self._backoff.healthy(clock())
        self._log.info("registry reached", server=server, ensemble=self._url.ensemble)


async def _end(task: asyncio.Task[None]) -> None:
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=AGAIN_S)
