"""The nearest of several servers: knocked at on real sockets; names are looked up through a stand-in."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest
from support.net.loopback import run
from support.suite.patience import PATIENCE_S

from formant_net.aio.client import nearest
from formant_net.aio.client.nearest import nearest_first
from formant_net.client.servers import Server


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that stands still for a second makes nobody who answers one who does not."""
    monkeypatch.setattr(nearest, "KNOCK_S", PATIENCE_S)


@pytest.mark.usefixtures("patient")
def test_who_answers_comes_before_who_does_not_and_keys_stay_with_their_server() -> None:
    async def story() -> None:
        listener = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
        open_port = listener.sockets[0].getsockname()[1]
        with socket.socket() as silent:  # it has the port, and nobody listens there
            silent.bind(("127.0.0.1", 0))
            closed = Server(f"ws://127.0.0.1:{silent.getsockname()[1]}/ws", "k1")
            there = Server(f"ws://127.0.0.1:{open_port}/ws", "k2")
            assert await nearest_first([closed, there]) == [there, closed]
        listener.close()

    run(story())


@pytest.mark.usefixtures("patient")
def test_equally_near_ones_stay_in_order_and_a_single_one_is_not_knocked_at() -> None:
    async def story() -> None:
        knocks: list[int] = []
        listeners = [await asyncio.start_server(lambda r, w: knocks.append(1), "127.0.0.1", 0) for _ in range(2)]
        servers = [Server(f"ws://127.0.0.1:{each.sockets[0].getsockname()[1]}/ws") for each in listeners]
        assert await nearest_first(servers[:1]) == servers[:1]
        await asyncio.sleep(0.05)
        assert knocks == []
        assert set(await nearest_first(servers)) == set(servers)
        for each in listeners:
            each.close()

    run(story())


@pytest.mark.usefixtures("patient")
def test_a_name_with_several_addresses_is_several_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        listener = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.2", 0)
        port = listener.sockets[0].getsockname()[1]
        loop = asyncio.get_running_loop()
        real = loop.getaddrinfo

        async def looked_up(host: Any, *args: Any, **options: Any) -> Any:
            if host != "edges.test":
                return await real(host, *args, **options)
            return [(2, 1, 6, "", (address, port)) for address in ("127.0.0.3", "127.0.0.2", "127.0.0.3")]

        monkeypatch.setattr(loop, "getaddrinfo", looked_up, raising=False)
        server = Server(f"ws://edges.test:{port}/ws", "k")
        assert [each.address for each in await nearest_first([server])] == ["127.0.0.2", "127.0.0.3"]
        assert {each.ws_url for each in await nearest_first([server])} == {server.ws_url}
        listener.close()

    run(story())


def test_a_name_that_cannot_be_looked_up_stays_in_the_list() -> None:
    async def story() -> None:
        servers = [Server("ws://nowhere.invalid:1/ws"), Server("ws://nowhere.invalid:2/ws"), Server("ws://a..b:3/ws")]
        assert set(await nearest_first(servers)) == set(servers)

    run(story())
