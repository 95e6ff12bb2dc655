"""The bucket of the fleet document on a real NATS server: who writes first, a bucket that is gone, a bad login."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import nats
import pytest
from nats.aio.client import Client
from support.net.nats import NatsServer, nats_server
from support.suite.patience import PATIENCE_S

from formant_net.aio.driver import clock
from formant_net.aio.server import desk_bucket
from formant_net.aio.server.desk_bucket import DeskBucket
from formant_net.fleet.agreed import Agreed, Asked, Failed, News
from formant_net.fleet.document import Document
from formant_net.fleet.wanted import Wanted
from formant_net.protocol.steering import DeskSet
from formant_net.server.registry.engine_url import EngineUrl


class Edge:
    """One edge's copy and its bucket, as an engine drives them."""

    def __init__(self, server: NatsServer, name: str, login: str = "") -> None:
        self.agreed = Agreed(Wanted(document=Document(epoch=name)), name)
        self.failed: list[str] = []
        self._login = login
        self._server = server
        self._bucket = DeskBucket(EngineUrl.parse(f"nats://{server.address}/stage"), self.agreed, self._change)

    def _change(self, what: Callable[[float], None]) -> None:
        what(clock())
        for keep in self.agreed.writes():
            self._bucket.carry(keep)
        for result in self.agreed.results():
            if isinstance(result, Failed):
                self.failed.append(result.error.code)
            assert isinstance(result, News | Failed)

    async def __aenter__(self) -> Edge:
        async def ignore(_: Exception) -> None:
            pass

        self.connection = await nats.connect(
            f"nats://{self._login}{self._server.address}", allow_reconnect=False, error_cb=ignore
        )
        self._tasks = [asyncio.create_task(self._bucket.run(self.connection)), asyncio.create_task(self._time())]
        return self

    async def __aexit__(self, *exc: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.connection.close()

    async def _time(self) -> None:
        while True:
            await asyncio.sleep(0.01)
            self._change(self.agreed.on_deadline)

    def set(self, path: str, db: float) -> None:
        """Ask for a fader, at once."""
        self._change(lambda now: self.agreed.ask(Asked(1, DeskSet(path=path, set={"db": db})), (), now))

    def db(self, id: str) -> float | None:
        found = self.agreed.wanted.document.boxes.get(id)
        return None if found is None else found.db


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not true():
            await asyncio.sleep(0.01)


def test_of_two_edges_that_write_at_once_neither_loses_anything(tmp_path: Path) -> None:
    with nats_server(tmp_path) as server:

        async def story() -> None:
            async with Edge(server, "attic") as attic, Edge(server, "barn") as barn:
                await until(lambda: attic.agreed.fault == barn.agreed.fault == "")
                attic.set("boxes/synth-a", -6)
                barn.set("boxes/synth-b", -9)
                await until(lambda: (attic.db("synth-a"), attic.db("synth-b")) == (-6.0, -9.0))
                await until(lambda: (barn.db("synth-a"), barn.db("synth-b")) == (-6.0, -9.0))
                assert attic.agreed.wanted == barn.agreed.wanted
                assert attic.failed == barn.failed == []

        asyncio.run(story())
        server.kill()
        server.start()

        async def later() -> None:
            async with Edge(server, "crypt") as crypt:
                await until(lambda: (crypt.db("synth-a"), crypt.db("synth-b")) == (-6.0, -9.0))

        asyncio.run(later())


def test_a_bucket_that_somebody_removes_is_made_and_filled_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_bucket, "AGAIN_S", 0.05)
    with nats_server(tmp_path) as server:

        async def story() -> None:
            async with Edge(server, "attic") as attic, Edge(server, "barn") as barn:
                await until(lambda: attic.agreed.fault == barn.agreed.fault == "")
                attic.set("boxes/synth-a", -6)
                await until(lambda: barn.db("synth-a") == -6.0)
                await attic.connection.jetstream().delete_stream("KV_formant-stage-desk")
                attic.set("boxes/synth-a", -9)
                await until(lambda: attic.failed == ["not-here"] and not attic.agreed.fault)
                attic.set("boxes/synth-a", -12)
                await until(lambda: attic.db("synth-a") == -12.0)
            async with Edge(server, "crypt") as crypt:
                await until(lambda: crypt.db("synth-a") == -12.0)

        asyncio.run(story())


def test_a_login_that_may_not_keep_it_is_said_and_nothing_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_bucket, "ANSWER_S", 0.3)
    config = tmp_path / "nats.conf"
    config.write_text(
        'authorization { users = [ { user: ann, password: hush, permissions: { publish: ["$JS.API.INFO"], '
        'subscribe: ["_INBOX.>"] } } ] }\n'
    )
    with nats_server(tmp_path, "-c", str(config)) as server:

        async def story() -> None:
            async with Edge(server, "attic", "ann:hush@") as attic:
                await until(lambda: "not reached yet" not in attic.agreed.fault)
                assert "timeout" in attic.agreed.fault

        asyncio.run(story())


def test_a_fault_of_its_own_is_said_and_the_bucket_is_followed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_bucket, "AGAIN_S", 0.0)
    agreed = Agreed(Wanted(document=Document(epoch="e1")), "attic")
    tries = 0

    async def follow(self: DeskBucket, connection: Client) -> None:
        nonlocal tries
        tries += 1
        if tries == 2:
            raise asyncio.CancelledError
        raise KeyError("stream")

    monkeypatch.setattr(DeskBucket, "_follow", follow)

    async def story() -> None:
        bucket = DeskBucket(EngineUrl.parse("nats://127.0.0.1:1/stage"), agreed, lambda what: what(clock()))
        with pytest.raises(asyncio.CancelledError):
            await bucket.run(Client())

    asyncio.run(story())
    assert tries == 2
    assert "KeyError('stream')" in agreed.fault
