"""A running headless controller: plays a gesture, or lines as they come, on every synth of the ensemble."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from formant_net.aio.client import Client, SentAway
from formant_net.controller import Controller, SynthView
from formant_net.effects import Told
from formant_net.gesture import GestureError, GestureReader, TimedTouch
from formant_net.log import get_logger
from formant_net.signaling import Server
from formant_net.timing import Timing


@dataclass(frozen=True, slots=True)
class ControllerOptions:
    """What a controller is started with."""

    client_id: str
    servers: Sequence[Server]
    name: str = ""
    timing: Timing = field(default_factory=Timing)


class ControllerNode:
    """Core and network of one controller. `start()`, play, `await finish()`."""

    def __init__(self, options: ControllerOptions, *, on_told: Callable[[Told], None] | None = None) -> None:
        # The run tells synths that a controller of this id is not the process they were linked to.
        meta = {"run": secrets.token_hex(4)} | ({"name": options.name} if options.name else {})
        self.options = options
        self.core = Controller(options.client_id, options.servers, options.timing, random.random, meta=meta)
        self.client = Client(self.core, on_told=self._told)
        self._on_told = on_told
        self._linked = asyncio.Event()
        self._log = get_logger()

    def start(self) -> None:
        """Connect."""
        self.client.start()

    def synths(self) -> list[SynthView]:
        """What is known of the synths now."""
        return self.core.synths(self.client.driver.now)

    async def wait_for_synths(self, count: int) -> None:
        """Return when `count` synths are linked. Raises SentAway when the server does not want us."""
        while sum(synth.open for synth in self.synths()) < count:
            self._linked.clear()
            await self._or_stopped(self._linked.wait())

    async def play(self, touches: Sequence[TimedTouch]) -> None:
        """Play a gesture from now on; returns when its last touch has been sent. A late touch does not shift others."""
        begin = self.client.driver.now
        position = 0
        while position < len(touches):
            due = begin + touches[position].t
            await self._or_stopped(asyncio.sleep(due - self.client.driver.now))
            batch = []
            while position < len(touches) and begin + touches[position].t <= self.client.driver.now + 0.001:
                batch.append(touches[position])
                position += 1
            self.client.driver.tell(self.core.touch, batch)

    async def play_lines(self, lines: AsyncIterator[bytes]) -> None:
        """Play each line as it comes; a bad one is said and skipped. Returns when there are no more."""
        reader = GestureReader(live=True)
        begin = self.client.driver.now
        async for line in lines:
            try:
                touch = reader.read(line, self.client.driver.now - begin)
            except GestureError as error:
                self._log.warning("line ignored", reason=str(error))
                continue
            if touch is not None:
                self.client.driver.tell(self.core.touch, [touch])

    async def finish(self) -> None:
        """Lift all fingers, let the releases go out, close everything."""
        self.client.driver.tell(self.core.release_all)
        for _ in range(self.options.timing.release_repeats + 2):
            if self.core.settled:
                break
            await asyncio.sleep(self.options.timing.resend_s)
        await self.client.close()

    async def _or_stopped(self, waiting: object) -> None:
        task = asyncio.ensure_future(waiting)  # type: ignore[call-overload]
        try:
            await asyncio.wait({task, self.client.stopped}, return_when=asyncio.FIRST_COMPLETED)
            if self.client.stopped.done():
                raise SentAway(self.client.stopped.result())
        finally:
            task.cancel()

    def _told(self, told: Told) -> None:
        self._linked.set()
        if self._on_told is not None:
            self._on_told(told)
