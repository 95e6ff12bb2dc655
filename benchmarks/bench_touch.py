"""How long from a touch at a controller until the bank has been told, over a real WebRTC link?

Both cores, both shells, JSON, DTLS and SCTP over this machine's own address; controller and synth share a process and
an event loop, so the figure holds both ends. What follows is not in it: the ring's way to the next block, the device.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from formant_dsp import Bank
from formant_dsp.model.choir import ChoirBank
from formant_dsp.model.presets import DEFAULT, load
from formant_net.aio.client.shell import Client
from formant_net.aio.client.singer import Singer, voicing
from formant_net.aio.server.server import EdgeServer
from formant_net.client.servers import Server
from formant_net.controller.core import Controller
from formant_net.protocol.gesture import TimedTouch
from formant_net.protocol.timing import Timing
from formant_net.server.access.join_keys import Access
from formant_net.server.hub import Hub
from formant_net.server.registry.leases import Place
from formant_net.server.registry.memory import MemoryRegistry
from formant_net.synth.core import Synth
from formant_net.synth.touches import NoteMove

TOUCHES = 1000
PAUSE_S = 0.004
"""Between two touches: the link is idle when the next one comes, as it is at 60 to 240 touches a second."""


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    with asyncio.Runner() as runner:
        yield runner.get_loop()


class Stage:
    """One synth with a real bank, one controller, a server to find each other."""

    def __init__(self) -> None:
        self.bank = Bank(voices=8)
        self.applied = asyncio.Event()
        self.x = -1.0
        singer = Singer(ChoirBank(self.bank), voicing(load(DEFAULT), 0.0, 1.0))

        def sing(effect: object) -> None:
            singer.take(effect)
            if isinstance(effect, NoteMove):
                self.x = effect.point.x
                self.applied.set()

        self._sing = sing

    async def open(self, stack: contextlib.AsyncExitStack) -> None:
        hub = Hub(
            MemoryRegistry(Place("bench", "run"), 60.0),
            Access(None),
            make_secret=iter(f"s{n}" for n in range(1000)).__next__,
        )
        server = EdgeServer(hub, assets={}, version="0")
        port = await stack.enter_async_context(server.listening("127.0.0.1", 0))
        servers = [Server(f"ws://127.0.0.1:{port}/ws")]
        self.player = Controller("ctrl-a", servers, Timing(), lambda: 0.5)
        self.hand = Client(self.player)
        voice = Client(Synth("synth-a", servers, Timing(), lambda: 0.5), other=self._sing)
        for client in (voice, self.hand):
            stack.push_async_callback(client.close)
            client.start()
        while not any(synth.open for synth in self.player.synths(self.hand.driver.now)):
            await asyncio.sleep(0.01)
        await self.touch(0.5)

    async def touch(self, x: float) -> float:
        """Seconds from the finger's move to x until the bank has been told of x."""
        begin = time.perf_counter()
        self.hand.driver.tell(self.player.touch, [TimedTouch(0.0, 0, x, 0.5)])
        while self.x != x:
            self.applied.clear()
            await self.applied.wait()
        return time.perf_counter() - begin

    def render(self) -> None:
        """What an audio thread would do now and then: empty the ring."""
        self.bank.render(64)


def test_touch_to_parameter_applied(benchmark: BenchmarkFixture, loop: asyncio.AbstractEventLoop) -> None:
    benchmark.group = "touch"
    stage = Stage()
    stack = contextlib.AsyncExitStack()
    loop.run_until_complete(asyncio.wait_for(stage.open(stack), 20.0))
    try:
        loop.run_until_complete(stage.touch(0.25))
        stage.render()
        assert stage.bank.active == 1
        assert stage.x == 0.25

        count = 0
        samples: list[float] = []

        def prepare() -> tuple[tuple[Any, ...], dict[str, Any]]:
            nonlocal count
            count += 1
            stage.render()
            loop.run_until_complete(asyncio.sleep(PAUSE_S))
            return ((count % 1000) / 1000.0,), {}

        def once(x: float) -> None:
            samples.append(loop.run_until_complete(stage.touch(x)))

        benchmark.pedantic(once, setup=prepare, rounds=TOUCHES if benchmark.enabled else 3)  # type: ignore[no-untyped-call]
        assert stage.bank.active == 1, "the finger is down, so the voice sounds"
    finally:
        loop.run_until_complete(stack.aclose())
    samples.sort()
    for percent in (50, 99, 99.9):
        benchmark.extra_info[f"p{percent:g}_ms"] = round(1000 * samples[int(len(samples) * percent / 100)], 3)
    benchmark.extra_info["max_ms"] = round(1000 * samples[-1], 3)
    benchmark.extra_info["unit"] = "ms from touch to bank, one link, loopback"
