"""A running headless controller: plays a gesture, or lines as they come, on every synth of the ensemble."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from formant_net.aio.client.find import Search
from formant_net.aio.client.shell import Client, SentAway
from formant_net.client.effects import Notice
from formant_net.client.servers import Server
from formant_net.controller.core import Controller, SynthView
from formant_net.controller.surface import note_at
from formant_net.ops.log import get_logger
from formant_net.protocol.bounds import BOUNDS
from formant_net.protocol.gesture import GestureError, GestureReader, TimedTouch
from formant_net.protocol.timing import Timing
from formant_net.tuning.snap import Snap
from formant_net.tuning.touches import TunedTouches


@dataclass(frozen=True, slots=True)
class ControllerOptions:
    """What a controller is started with."""

    client_id: str
    servers: Sequence[Server]
    name: str = ""
    timing: Timing = field(default_factory=Timing)
    search: Search | None = None
    """How to find servers on the network; None: `servers` are all there are."""
    snap: Snap | None = None
    """How fingers of `play` and `play_lines` are put on the steps of a scale; None: they stay where they are."""
    most_synths: int = BOUNDS.synths_of_headless
    """Synths that it plays, 1 … 256. More cost more than one core of Python has."""


class ControllerNode:
    """Core and network of one controller. `start()`, play, `await finish()`."""

    def __init__(self, options: ControllerOptions, *, on_notice: Callable[[Notice], None] | None = None) -> None:
        # The run tells synths that a controller of this id is not the process they were linked to.
        meta = {"run": secrets.token_hex(4)} | ({"name": options.name} if options.name else {})
        self.options = options
        self.core = Controller(
            options.client_id,
            options.servers,
            options.timing,
            random.random,
            meta=meta,
            searching=options.search is not None,
            most_synths=options.most_synths,
        )
        self.client = Client(self.core, on_notice=self._noticed, search=options.search)
        self._on_notice = on_notice
        self._linked = asyncio.Event()
        self._log = get_logger()
        self._tuned = None if options.snap is None else TunedTouches(options.snap, self.note_at)
        self._tick: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Connect."""
        self.client.start()

    def synths(self) -> list[SynthView]:
        """What is known of the synths now."""
        return self.core.synths(self.client.driver.now)

    def note_at(self, x: float) -> float | None:
        """The MIDI number of a place x 0…1 on the surface of the first synth that has told it; None: none has."""
        found = (note_at(x, synth.state) for synth in self.synths() if synth.open)
        return next((note for note in found if note is not None), None)

    async def wait_for_synths(self, count: int) -> None:
        """Return when `count` synths are linked. Raises SentAway when the server does not want us."""
        while sum(synth.open for synth in self.synths()) < count:
            self._linked.clear()
            await self._or_stopped(self._linked.wait())

    async def ready(self, count: int = 0) -> None:
        """Return when `count` synths are linked and would play a touch that is sent now.

        A synth plays nothing that is stamped before it has had an echo of its own clock: one round trip after the
        first.
        """
        await self.wait_for_synths(count)
        await self.until(lambda: all(synth.rtt_s is not None for synth in self.synths() if synth.open))
        await asyncio.sleep(2.0 * max((synth.rtt_s or 0.0 for synth in self.synths()), default=0.0))

    async def online(self) -> None:
        """Return when a server has registered us. Raises SentAway when it does not want us."""
        await self.until(lambda: self.core.online)

    async def until(self, condition: Callable[[], bool], step_s: float = 0.02) -> None:
        """Return when a condition holds. Raises SentAway when the server does not want us."""
        while not condition():
            await self._or_stopped(asyncio.sleep(step_s))

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
            self._touch(batch)

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
                self._touch([touch])

    async def finish(self) -> None:
        """Lift all fingers, let the releases go out, close everything."""
        self._tuned = None
        self.client.driver.tell(self.core.release_all)
        for _ in range(self.options.timing.release_repeats + 2):
            if self.core.settled:
                break
            await asyncio.sleep(self.options.timing.resend_s)
        await self.client.close()

    def _touch(self, touches: list[TimedTouch]) -> None:
        """Fingers that moved now, put in tune."""
        if self._tuned is not None:
            touches = self._tuned.take(touches, self.client.driver.now)
            self._arm(self._tuned)
        self.client.driver.tell(self.core.touch, touches)

    def _arm(self, tuned: TunedTouches) -> None:
        due = tuned.due_at()
        if due is not None and self._tick is None:
            self._tick = asyncio.get_running_loop().call_later(due - self.client.driver.now, self._on_tick)

    def _on_tick(self) -> None:
        self._tick = None
        if (tuned := self._tuned) is not None:
            if touches := tuned.tick(self.client.driver.now):
                self.client.driver.tell(self.core.touch, touches)
            self._arm(tuned)

    async def _or_stopped(self, waiting: object) -> None:
        task = asyncio.ensure_future(waiting)  # type: ignore[call-overload]
        try:
            await asyncio.wait({task, self.client.stopped}, return_when=asyncio.FIRST_COMPLETED)
            if self.client.stopped.done():
                raise SentAway(self.client.stopped.result())
        finally:
            task.cancel()

    def _noticed(self, notice: Notice) -> None:
        self._linked.set()
        if self._on_notice is not None:
            self._on_notice(notice)
