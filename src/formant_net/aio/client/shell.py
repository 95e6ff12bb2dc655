"""The base class of the synth and controller shells: a core, its driver, its WebSocket and its WebRTC links."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from formant_net.aio.client.find import Finder, Search
from formant_net.aio.client.rtc import Links
from formant_net.aio.client.signaling import SignalingSockets
from formant_net.aio.driver import Driver
from formant_net.client import effects as fx
from formant_net.client.servers import Server
from formant_net.controller.core import Controller
from formant_net.ops.log import get_logger
from formant_net.synth.core import Synth


class SentAway(Exception):
    """The client cannot go on: its server sent it away or refused it (`stop.refused`). The text says what to do."""

    def __init__(self, stop: fx.Stop) -> None:
        super().__init__(stop.reason)
        self.stop = stop


class Client:
    """Runs `core` on the running event loop.

    other      carries out effects that only one kind of client has (notes, for a synth)
    on_notice  is given every line for people, after it was logged
    search     how to find servers on the network; None: the core has them all
    """

    def __init__(
        self,
        core: Synth | Controller,
        *,
        other: Callable[[Any], None] | None = None,
        on_notice: Callable[[fx.Notice], None] | None = None,
        search: Search | None = None,
    ) -> None:
        self.core = core
        self.driver = Driver(core, self._perform)
        self.links = Links(core, self.driver.tell)
        self.stopped: asyncio.Future[fx.Stop] = asyncio.get_running_loop().create_future()
        """Done when the core cannot go on by itself; the result says why, in words."""
        self._sockets = SignalingSockets(core, self.driver.tell)
        self._other = other
        self._do: dict[type, Callable[[Any], None]] = {
            fx.Send: self.links.send,
            fx.MakeOffer: self.links.make_offer,
            fx.MakeAnswer: self.links.make_answer,
            fx.AcceptAnswer: self.links.accept_answer,
            fx.AddCandidate: self.links.add_candidate,
            fx.CloseLink: self.links.close_link,
            fx.Transmit: self._sockets.transmit,
            fx.Check: self._sockets.check,
            fx.Connect: self._sockets.connect,
            fx.Disconnect: self._sockets.disconnect,
            fx.Notice: self._notice,
            fx.Stop: self._stop,
        }
        self._on_notice = on_notice
        self._log = get_logger()
        self._finder = Finder(search, self._found) if search is not None else None

    @property
    def round_trip_s(self) -> float | None:
        """Round trip to the server, s; None: it was not measured yet."""
        return self._sockets.round_trip_s

    def start(self) -> None:
        """Connect, and go on until `close`."""
        self.driver.tell(self.core.start)
        if self._finder is not None:
            self._finder.start()

    async def close(self) -> None:
        """Close everything; returns when it is closed, or has been given up.

        The server first: a peer whose link ends while we are still listed would at once build another.
        """
        if self._finder is not None:
            await self._finder.close()
        await self._sockets.close()
        self.driver.tell(self.core.stop)
        self.driver.close()
        await self.links.close()

    # --- what the core asks for --------------------------------------------------------------------------------

    def _perform(self, effect: Any) -> None:
        do = self._do.get(type(effect), self._other)
        if do is not None:
            do(effect)

    def _stop(self, stop: fx.Stop) -> None:
        if not self.stopped.done():
            self.stopped.set_result(stop)

    def _found(self, server: Server) -> None:
        self.driver.tell(self.core.found, server)

    def _notice(self, notice: fx.Notice) -> None:
        write = self._log.warning if notice.warning else self._log.info
        write(notice.event, **notice.fields)
        if self._finder is not None:
            self._finder.heard(notice)
        if self._on_notice is not None:
            self._on_notice(notice)
