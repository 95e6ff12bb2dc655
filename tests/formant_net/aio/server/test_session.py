"""One session with a real NATS server: its bucket, what it tells of writes, and what ends it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import nats
import pytest
from nats.js.api import StorageType, StreamConfig
from support.net.nats import nats_server
from support.suite.patience import PATIENCE_S

from formant_net.aio.driver import clock
from formant_net.aio.server.session import EngineError, Session
from formant_net.server.registry import stored
from formant_net.server.registry.engine_url import EngineUrl
from formant_net.server.registry.leases import Lease, Place
from formant_net.server.registry.registry import Joined, Restart
from formant_net.server.registry.shared import SharedRegistry


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with nats_server(tmp_path_factory.mktemp("nats")) as running:
        yield running.address


class Edge:
    """A registry and its session."""

    def __init__(self, address: str, ensemble: str) -> None:
        self.url = EngineUrl.parse(f"nats://{address}/{ensemble}")
        self.registry = SharedRegistry(Place("attic", f"run-{ensemble}"), 60.0)
        self.session = Session(self.url, self.registry, self.change, lambda *_: None, lambda *_: None)

    def change(self, what: Callable[[float], None]) -> None:
        what(clock())
        for each in self.registry.writes():
            assert not isinstance(each, Restart)
            self.session.todo.put_nowait(each)

    def put(self, id: str) -> None:
        self.change(lambda now: self.registry.put(Lease(id, "controller", "ws1", self.registry.place), now))

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not true():
                await asyncio.sleep(0.005)


@asynccontextmanager
async def opened(address: str, ensemble: str) -> AsyncIterator[Edge]:
    edge = Edge(address, ensemble)
    await edge.session.open(address)
    await edge.session.read(fresh=True, begun=lambda: None)
    await edge.until(lambda: edge.registry.online)
    try:
        yield edge
    finally:
        await edge.session.close()


def test_a_bucket_that_is_made_again_is_told_from_the_one_before(server: str) -> None:
    async def story() -> tuple[str, str, str]:
        made = []
        for remove in (False, True, False):
            edge = Edge(server, "again")
            made.append(await edge.session.open(server))
            if remove:
                await edge.session._nats.jetstream().delete_stream("KV_formant-again")
            await edge.session.close()
        return made[0], made[1], made[2]

    first, same, other = asyncio.run(story())
    assert first == same != other


def test_a_write_is_granted_and_one_that_others_were_quicker_with_is_looked_up(server: str) -> None:
    async def story() -> None:
        async with opened(server, "writes") as edge:
            edge.put("ctrl-a")
            await edge.until(lambda: any(isinstance(notice, Joined) for notice in edge.registry.drain()))
            entry = stored.client_entry(Lease("ctrl-b", "controller", "ws9", Place("barn", "run9")), 0.0, 0.0)
            # The feed has not brought it yet when this edge asks for the same id.
            await edge.session._nats.publish(f"$KV.formant-writes.{stored.client_key('ctrl-b')}", entry)
            edge.put("ctrl-b")
            await edge.until(lambda: any(type(notice).__name__ == "Disputed" for notice in edge.registry.drain()))

    asyncio.run(story())


def test_a_bucket_of_other_settings_is_refused_in_words(server: str) -> None:
    async def story() -> None:
        client = await nats.connect(f"nats://{server}")
        old = StreamConfig(name="KV_formant-old", subjects=["$KV.formant-old.>"], storage=StorageType.MEMORY)
        await client.jetstream().add_stream(old)
        await client.close()
        edge = Edge(server, "old")
        with pytest.raises(EngineError, match="formant-old has no time to live"):
            await edge.session.open(server)
        await edge.session.close()

    asyncio.run(story())


def test_a_bucket_that_is_removed_ends_the_session(server: str) -> None:
    async def story() -> str:
        async with opened(server, "removed") as edge:
            await edge.session._nats.jetstream().delete_stream("KV_formant-removed")
            edge.put("ctrl-a")
            return await asyncio.wait_for(edge.session.ended, PATIENCE_S)

    assert asyncio.run(story()) == "the bucket is gone"
