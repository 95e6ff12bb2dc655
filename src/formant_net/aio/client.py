"""What both kinds of client have in common: a core, its driver, one WebSocket at a time and its WebRTC links."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

from formant_net import effects as fx
from formant_net.aio.driver import Driver
from formant_net.aio.rtc import Links
from formant_net.aio.signaling import SignalingSockets
from formant_net.controller import Controller
from formant_net.log import get_logger
from formant_net.messages import Channel, Message, Unknown
from formant_net.synth import Synth


class SentAway(Exception):
    """The server wants this client no more (`stop.refused`: it never did); the text says why and what to do."""

    def __init__(self, stop: fx.Stop) -> None:
        super().__init__(stop.reason)
        self.stop = stop


MAX_LINES = 50
"""Lines of one kind in `LINES_S`: a peer that misbehaves must not fill the disk."""
LINES_S = 10.0


class Client:
    """Runs `core` on the running event loop.

    other      carries out effects that only one kind of client has (notes, for a synth)
    on_told    is given every line for people, after it was logged
    """

    def __init__(
        self,
        core: Synth | Controller,
        *,
        other: Callable[[Any], None] | None = None,
        on_told: Callable[[fx.Told], None] | None = None,
    ) -> None:
        self.core = core
        self.driver = Driver(core, self._perform)
        self.links = Links(self)
        self.stopped: asyncio.Future[fx.Stop] = asyncio.get_running_loop().create_future()
        """Done when the core cannot go on by itself; the result says why, in words."""
        self._sockets = SignalingSockets(self)
        self._other = other
        self._on_told = on_told
        self._log = get_logger()
        self._lines: Counter[str] = Counter()
        self._lines_until = 0.0

    def start(self) -> None:
        """Connect, and go on until `close`."""
        self.driver.tell(self.core.start)

    async def close(self) -> None:
        """Close everything; returns when it is closed, or has been given up.

        The server first: a peer whose link ends while we are still listed would at once build another.
        """
        await self._sockets.close()
        self.driver.tell(self.core.stop)
        self.driver.close()
        await self.links.close()

    # --- what sockets and links tell ---------------------------------------------------------------------------

    def opened(self, attempt: int) -> None:
        self.driver.tell(self.core.opened, attempt)

    def closed(self, attempt: int, reason: str) -> None:
        self.driver.tell(self.core.closed, attempt, reason)

    def received(self, attempt: int, message: Message | Unknown) -> None:
        self.driver.tell(self.core.receive, attempt, message)

    def checked(self, number: int, ok: bool) -> None:
        self.driver.tell(self.core.checked, number, ok)

    def described(self, peer: str, link: int, sdp: str) -> None:
        self.driver.tell(self.core.described, peer, link, sdp)

    def link_reached(self, peer: str, link: int) -> None:
        self.driver.tell(self.core.link_reached, peer, link)

    def link_opened(self, peer: str, link: int, channel: str) -> None:
        self.driver.tell(self.core.link_opened, peer, link, channel)

    def link_lost(self, peer: str, link: int, reason: str) -> None:
        self.driver.tell(self.core.link_lost, peer, link, reason)

    def link_abused(self, peer: str, link: int, reason: str) -> None:
        self.driver.tell(self.core.link_abused, peer, link, reason)

    def channel_message(self, peer: str, link: int, channel: str, message: Channel | Unknown) -> None:
        self.driver.tell(self.core.channel, peer, link, channel, message)

    # --- what the core asks for --------------------------------------------------------------------------------

    def _perform(self, effect: Any) -> None:
        match effect:
            case fx.Send():
                self.links.send(effect)
            case fx.Transmit():
                self._sockets.transmit(effect)
            case fx.Check():
                self._sockets.check(effect)
            case fx.Connect():
                self._sockets.connect(effect)
            case fx.Disconnect():
                self._sockets.disconnect(effect)
            case fx.MakeOffer():
                self.links.make_offer(effect)
            case fx.MakeAnswer():
                self.links.make_answer(effect)
            case fx.AcceptAnswer():
                self.links.accept_answer(effect)
            case fx.AddCandidate():
                self.links.add_candidate(effect)
            case fx.CloseLink():
                self.links.close_link(effect)
            case fx.Told():
                self._tell(effect)
            case fx.Stop():
                if not self.stopped.done():
                    self.stopped.set_result(effect)
            case _:
                if self._other is not None:
                    self._other(effect)

    def _tell(self, told: fx.Told) -> None:
        now = self.driver.now
        if now >= self._lines_until:
            self._lines.clear()
            self._lines_until = now + LINES_S
        self._lines[told.event] += 1
        if self._lines[told.event] <= MAX_LINES:
            write = self._log.warning if told.warning else self._log.info
            write(told.event, **told.fields)
        elif self._lines[told.event] == MAX_LINES + 1:
            self._log.warning("too many lines, the rest of 10 s is left out", about=told.event)
        if self._on_told is not None:
            self._on_told(told)
