"""How long until 1,000 synths on real sockets have heard of one new controller?

Server and synths share one process and one event loop here, so the figure holds both ends; the synths are bare
protocols that only look for the message in what arrives.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import platform
import resource
from collections.abc import Iterator
from importlib import metadata

import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from websockets.asyncio.client import connect
from websockets.frames import Frame, Opcode

from formant_net.aio.server.server import EdgeServer
from formant_net.server.access.join_keys import Access
from formant_net.server.access.limits import Limits
from formant_net.server.hub import Hub
from formant_net.server.registry.leases import Place
from formant_net.server.registry.memory import MemoryRegistry

SYNTHS = 1000
LIMITS = Limits(clients_per_address=2 * SYNTHS, joins_burst=10 * SYNTHS)  # all of them come from loopback
_JOINED, _REGISTERED = b'"controller-joined"', b'"registered"'


class Listener(asyncio.Protocol):
    """A synth that counts what it hears."""

    def __init__(self, id: str, heard: Ears) -> None:
        self._id, self._heard = id, heard
        self._upgraded = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key.encode() + b"\r\n\r\n"
        )

    def data_received(self, data: bytes) -> None:
        if not self._upgraded:
            self._upgraded = True
            register = json.dumps({"type": "register", "client_id": self._id}).encode()
            self.transport.write(Frame(Opcode.TEXT, register).serialize(mask=True, extensions=[]))
        self._heard.count(data.count(_JOINED) + data.count(_REGISTERED))


class Ears:
    """How much all listeners together have heard since `expect`."""

    def __init__(self) -> None:
        self.left = 0
        self.done = asyncio.Event()

    def expect(self, messages: int) -> None:
        self.left = messages
        self.done.clear()

    def count(self, messages: int) -> None:
        self.left -= messages
        if self.left == 0:
            self.done.set()


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    with asyncio.Runner() as runner:
        yield runner.get_loop()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_join_is_heard_by_1000_synths(benchmark: BenchmarkFixture, loop: asyncio.AbstractEventLoop) -> None:
    hub = Hub(
        MemoryRegistry(Place("bench", "run"), 60.0),
        Access(None),
        make_secret=iter(f"s{n}" for n in range(100_000)).__next__,
        limits=LIMITS,
    )
    server = EdgeServer(hub, assets={}, version="0", limits=LIMITS)
    ears = Ears()
    stack = contextlib.AsyncExitStack()
    listeners: list[Listener] = []

    async def set_up() -> int:
        port = await stack.enter_async_context(server.listening("127.0.0.1", 0))
        ears.expect(SYNTHS)
        for n in range(SYNTHS):
            _, listener = await loop.create_connection(lambda n=n: Listener(f"synth-{n}", ears), "127.0.0.1", port)  # type: ignore[misc]
            listeners.append(listener)
        await ears.done.wait()
        return port

    async def join(port: int) -> None:
        async with connect(f"ws://127.0.0.1:{port}/ws", compression=None) as controller:
            ears.expect(SYNTHS)
            await controller.send('{"type":"register","client_id":"ctrl-a"}')
            await ears.done.wait()

    port = loop.run_until_complete(set_up())
    assert len(hub.clients()) == SYNTHS
    loop.run_until_complete(join(port))
    assert (hub.counters.joined, ears.left) == (1, 0)
    benchmark.extra_info.update(
        unit=f"s until {SYNTHS} synths have heard, with connect and close of the controller",
        python=platform.python_version(),
        websockets=metadata.version("websockets"),
    )
    benchmark.pedantic(lambda: loop.run_until_complete(join(port)), rounds=20, warmup_rounds=2)  # type: ignore[no-untyped-call]
    assert ears.left == 0
    for listener in listeners:
        listener.transport.abort()
    loop.run_until_complete(stack.aclose())
