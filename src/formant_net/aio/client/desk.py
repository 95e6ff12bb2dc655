"""A running desk: its core, its WebSocket and its search for a server. It has no links to boxes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Any

from formant_net.aio.client.find import Finder, Search
from formant_net.aio.client.shell import SentAway
from formant_net.aio.client.signaling import SignalingSockets
from formant_net.aio.driver import Driver
from formant_net.client import effects as fx
from formant_net.client.servers import Server
from formant_net.desk.core import Desk, Refused, Request
from formant_net.ops.log import get_logger
from formant_net.protocol.timing import Timing

STEP_S = 0.02
ANSWER_S = 4.0
"""Seconds that the server has for a request, and boxes to follow it. Opening a sound device takes the longest."""


class DeskNode:
    """One desk. `start()`, `await opened()`, then `await do(...)`, at last `await close()`."""

    def __init__(
        self,
        client_id: str,
        servers: Sequence[Server],
        search: Search | None = None,
        *,
        wants_health: bool = False,
        wants_levels: bool = False,
    ) -> None:
        self.core = Desk(
            *(client_id, servers, Timing(), random.random),
            searching=search is not None,
            wants_health=wants_health,
            wants_levels=wants_levels,
        )
        self.driver = Driver(self.core, self._perform)
        self.lost: dict[str, Any] = {}
        """What the last try to reach a server said; empty once one has answered."""
        self._sockets = SignalingSockets(self.core, self.driver.tell)
        self._finder = Finder(search, self._found) if search is not None else None
        self._stopped: fx.Stop | None = None
        self._log = get_logger()

    def start(self) -> None:
        """Connect."""
        self.driver.tell(self.core.start)
        if self._finder is not None:
            self._finder.start()

    async def opened(self) -> None:
        """Return when the document is here. Raises SentAway (a wrong key) and Refused (a server without a desk)."""
        await self.until(lambda: self.core.whole or self.core.fault is not None)
        if self.core.fault is not None:
            raise self.core.fault

    async def do(self, request: Request) -> int:
        """Send a request and return the revision since which it counts. Raises Refused, TimeoutError."""
        asked: list[int] = []
        self.driver.tell(lambda now: asked.append(self.core.ask(request, now)))
        async with asyncio.timeout(ANSWER_S):
            await self.until(lambda: bool(asked) and self.core.outcome(asked[0]) is not None)
        outcome = self.core.outcome(asked[0])
        if isinstance(outcome, Refused):
            raise outcome
        return outcome or 0

    async def followed(self) -> None:
        """Return when every box that is there does what it should, or after a while."""
        try:
            async with asyncio.timeout(ANSWER_S):
                await self.until(lambda: not self.core.following()[1])
        except TimeoutError:
            pass

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return when a condition holds. Raises SentAway when the server does not want us."""
        while not condition():
            if self._stopped is not None:
                raise SentAway(self._stopped)
            await asyncio.sleep(STEP_S)

    async def close(self) -> None:
        """Close everything."""
        if self._finder is not None:
            await self._finder.close()
        await self._sockets.close()
        self.driver.close()

    def _perform(self, effect: fx.Effect) -> None:
        if isinstance(effect, fx.Transmit):
            self._sockets.transmit(effect)
        elif isinstance(effect, fx.Connect):
            self._sockets.connect(effect)
        elif isinstance(effect, fx.Disconnect):
            self._sockets.disconnect(effect)
        elif isinstance(effect, fx.Check):
            self._sockets.check(effect)
        elif isinstance(effect, fx.Stop):
            self._stopped = effect
        elif isinstance(effect, fx.Notice):
            self._notice(effect)

    def _notice(self, notice: fx.Notice) -> None:
        (self._log.warning if notice.warning else self._log.info)(notice.event, **notice.fields)
        if notice.event == "registered":
            self.lost = {}
        elif notice.event in ("server not reached", "server lost", "refused"):
            self.lost = dict(notice.fields)
        if self._finder is not None:
            self._finder.heard(notice)

    def _found(self, server: Server) -> None:
        self.driver.tell(self.core.found, server)
