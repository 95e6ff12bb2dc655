"""A real edge on loopback, and clients on real sockets that speak raw JSON."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from support.suite.patience import PATIENCE_S
from websockets.asyncio.client import ClientConnection, connect

from formant_net.aio.server.server import EdgeServer
from formant_net.aio.server.static import Asset, read_page
from formant_net.fleet.document import Document
from formant_net.protocol.ice import IceServers
from formant_net.protocol.timing import Timing
from formant_net.server.access.join_keys import Access
from formant_net.server.access.limits import Limits
from formant_net.server.hub import Hub
from formant_net.server.registry.leases import Place
from formant_net.server.registry.memory import MemoryRegistry

PATIENT = Timing(hold_s=20.0, touch_age_s=20.0, dead_s=20.0, abandon_s=60.0, probe_s=20.0, verify_s=20.0)
"""For synths and players of a test that counts notes or links. By default a machine that stands still for a quarter of
a second ends every note that is held, and for three seconds every link; then they begin anew, and are two."""
Result = TypeVar("Result")


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """`asyncio.run` that cannot hang a test run."""
    return asyncio.run(asyncio.wait_for(work, PATIENCE_S))


@dataclass
class Edge:
    """A server that listens on a free port of 127.0.0.1."""

    hub: Hub
    port: int
    clients: list[ClientConnection] = field(default_factory=list)

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"

    async def connect(self, **options: Any) -> ClientConnection:
        socket = await connect(self.ws_url, compression=None, ping_interval=None, close_timeout=1.0, **options)
        self.clients.append(socket)
        return socket

    async def join(self, id: str, **fields: Any) -> ClientConnection:
        """A client that has registered."""
        socket = await self.connect()
        answer = await ask(socket, "register", client_id=id, **fields)
        assert answer["type"] == "registered", answer
        return socket

    async def http(
        self, head: str, host: str = "127.0.0.1", source: str = "127.0.0.1"
    ) -> tuple[int, dict[str, str], bytes]:
        """One raw request from an address: status, headers, body. Nothing between the test and the wire mends the
        path."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, local_addr=(source, 0))
        writer.write(f"{head}\r\nHost: {host}\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
        top, _, body = answer.partition(b"\r\n\r\n")
        status, *lines = top.decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        return int(status.split()[1]), headers, body


@asynccontextmanager
async def edge(
    *,
    key: str | None = None,
    timing: Timing | None = None,
    ice_servers: list[dict[str, Any]] | None = None,
    limits: Limits | None = None,
    access: Access | None = None,
    tls: ssl.SSLContext | None = None,
    fleet: Document | None = None,
    assets: Mapping[str, Asset] | None = None,
    **shell: Any,
) -> AsyncIterator[Edge]:
    timing = timing or Timing()
    hub = Hub(
        MemoryRegistry(Place("attic", "run1"), timing.ttl_s),
        access or Access(key),
        make_secret=iter(f"secret-{n}" for n in range(1_000_000)).__next__,
        ice_servers=IceServers(tuple(ice_servers or ())),
        timing=timing,
        limits=limits,
        fleet=fleet,
    )
    server = EdgeServer(
        hub,
        assets=read_page() if assets is None else assets,
        version="1.2.3",
        limits=limits,
        **shell,
    )
    async with server.listening("127.0.0.1", 0, tls) as port:
        running = Edge(hub, port)
        try:
            yield running
        finally:
            for socket in running.clients:
                socket.transport.abort()


async def say(socket: ClientConnection, type: str, **fields: Any) -> None:
    await socket.send(json.dumps({"type": type, **fields}))


async def hear(socket: ClientConnection) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(await socket.recv())
    return message


async def ask(socket: ClientConnection, type: str, **fields: Any) -> dict[str, Any]:
    await say(socket, type, **fields)
    return await hear(socket)
