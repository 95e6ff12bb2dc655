"""The outer checks on real sockets: pages of other sites, addresses behind a proxy, crowds from one address."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import suppress

import pytest
from support.net.loopback import Edge, ask, edge, run
from support.suite.patience import PATIENCE_S
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from formant_net.aio.server import server
from formant_net.aio.server.gate import Proxies, ProxyError
from formant_net.server.access.limits import Limits
from formant_net.server.access.origin import Origins


async def status_of_upgrade(attic: Edge, **headers: str) -> int:
    """The HTTP status of a WebSocket handshake with these headers."""
    try:
        async with connect(attic.ws_url, additional_headers=headers):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


def test_only_pages_of_this_server_and_of_named_origins_open_a_websocket() -> None:
    async def story() -> None:
        async with edge(origins=Origins.make(["https://show.example"])) as attic:
            assert await status_of_upgrade(attic) == 101
            assert await status_of_upgrade(attic, Origin=f"http://127.0.0.1:{attic.port}") == 101
            assert await status_of_upgrade(attic, Origin="https://show.example") == 101
            for origin in ("http://evil.example", "null", "http://127.0.0.1", f"http://127.0.0.1:{attic.port + 1}"):
                assert await status_of_upgrade(attic, Origin=origin) == 403
            assert attic.hub.clients() == {}

    run(story())


def test_a_name_that_was_pointed_here_gets_neither_page_nor_socket_nor_relays() -> None:
    async def story() -> None:
        async with edge() as attic:
            host = f"evil.example:{attic.port}"
            for path in ("/", "/main.js", "/ice-servers"):
                status, _, body = await attic.http(f"GET {path} HTTP/1.1", host=host)
                assert (status, b"--advertise evil.example" in body) == (421, True)
            assert (await attic.http("GET /healthz HTTP/1.1", host=host))[0] == 200
            upgrade = "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            upgrade += f"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nOrigin: http://{host}"
            assert (await attic.http(upgrade, host=host))[0] == 403

    run(story())


def test_host_and_origin_stand_once() -> None:
    async def story() -> None:
        async with edge() as attic:
            assert (await attic.http("GET / HTTP/1.1\r\nHost: evil.example"))[0] == 400
            assert (await attic.http("GET / HTTP/1.1\r\nOrigin: a\r\nOrigin: b"))[0] == 400

    run(story())


def test_one_address_has_so_many_clients_and_is_told_so() -> None:
    async def story() -> None:
        async with edge(limits=Limits(clients_per_address=2)) as attic:
            first = await attic.join("ctrl-a")
            await attic.join("ctrl-b")
            third = await attic.connect()
            assert (await ask(third, "register", client_id="ctrl-c"))["code"] == "address-full"
            with pytest.raises(ConnectionClosed) as closed:
                await third.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1013
            await first.close()
            await attic.join("ctrl-c")

    run(story())


def test_sockets_of_one_address_that_say_nothing_are_turned_away_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "SPARE_SOCKETS", 65)

    async def story() -> None:
        async with edge(limits=Limits(clients_per_address=1, connects_burst=1000)) as attic:
            opened = [await asyncio.open_connection("127.0.0.1", attic.port) for _ in range(80)]
            reading = [asyncio.create_task(ended(reader)) for reader, _ in opened]
            while sum(each.done() for each in reading) < 80 - 65:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
            assert sum(each.done() for each in reading) == 80 - 65, "the others stay"
            for each in reading:
                each.cancel()
            for _, writer in opened:
                writer.close()

    run(story())


async def ended(reader: asyncio.StreamReader) -> bool:
    """Waits for the end, or for a word, which is none."""
    try:
        return await reader.read(1) == b""
    except ConnectionError:
        return True


def test_new_connections_come_at_a_rate() -> None:
    async def story() -> None:
        async with edge(limits=Limits(connects_per_s=0.001, connects_burst=3)) as attic:
            for _ in range(3):
                assert (await attic.http("GET /healthz HTTP/1.1"))[0] == 200
            reader, writer = await asyncio.open_connection("127.0.0.1", attic.port)
            assert await ended(reader)
            writer.close()

    run(story())


def test_behind_a_trusted_proxy_each_client_has_its_own_address() -> None:
    async def comes_in(attic: Edge, forwarded: str) -> None:
        socket = await attic.connect(additional_headers={"X-Forwarded-For": forwarded})
        answer = await ask(socket, "register", client_id=f"ctrl-{len(attic.clients)}")
        assert answer["type"] == "registered", answer

    async def finds_no_room(attic: Edge, forwarded: str) -> None:
        socket = await attic.connect(additional_headers={"X-Forwarded-For": forwarded})
        assert (await ask(socket, "register", client_id="ctrl-more"))["code"] == "address-full"

    async def story() -> None:
        async with edge(limits=Limits(clients_per_address=1), proxies=Proxies.make(["127.0.0.0/8"])) as attic:
            await comes_in(attic, "203.0.113.1")
            await comes_in(attic, "203.0.113.2, 127.0.0.1")
            await finds_no_room(attic, "203.0.113.9, 203.0.113.1")  # only the last word counts
        async with edge(limits=Limits(clients_per_address=1)) as attic:
            await comes_in(attic, "203.0.113.1")
            await finds_no_room(attic, "203.0.113.2")  # anybody may say anything

    run(story())


def test_the_word_of_a_trusted_proxy_that_it_speaks_https_counts() -> None:
    async def story() -> None:
        head = "GET / HTTP/1.1\r\nX-Forwarded-Proto: https"
        async with edge(proxies=Proxies.make(["127.0.0.1"])) as attic:
            assert (await attic.http(head, host="choir.example"))[0] == 200
        async with edge() as attic:
            assert (await attic.http(head, host="choir.example"))[0] == 421

    run(story())


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.1", "198.51.100.1", "203.0.113.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "evil, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, evil", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.3,10.0.0.2", "10.0.0.1"),
        ("10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("10.0.0.1", ",".join(["10.0.0.2"] * 100_000), "10.0.0.1"),
    ],
)
def test_the_last_address_that_is_no_proxys_is_the_clients(peer: str, forwarded: str, client: str) -> None:
    assert Proxies.make(["10.0.0.0/8"]).client(peer, forwarded) == client


def test_a_bad_network_is_refused_in_words() -> None:
    with pytest.raises(ProxyError, match="write an address"):
        Proxies.make(["proxy.example"])


def test_guesses_at_the_key_over_http_and_websocket_are_counted_together() -> None:
    turn = {"urls": ["turn:t:3478"], "username": "u", "credential": "c"}

    async def told(attic: Edge, key: str) -> int:
        head = f"GET /ice-servers HTTP/1.1\r\nAuthorization: Bearer {key}"
        return len(json.loads((await attic.http(head))[2])["ice_servers"])

    async def story() -> None:
        async with edge(key="abcd", ice_servers=[turn], limits=Limits(guesses=3)) as attic:
            assert await told(attic, "abcd") == 1
            for n in range(3):
                assert await told(attic, f"guess-{n}") == 0
            assert await told(attic, "abcd") == 0
            stranger = await attic.connect()
            assert (await ask(stranger, "register", client_id="ctrl-a", key="abcd"))["code"] == "too-many-guesses"

    run(story())


def test_ten_addresses_of_silent_sockets_keep_nobody_out() -> None:
    """Each opens as many as it can and never asks for anything; an honest client of another address comes and goes."""

    async def story() -> None:
        limits = Limits(connects_burst=100, connects_per_s=100.0, handshake_s=4.0 * PATIENCE_S)
        async with edge(limits=limits) as attic:
            open_ones: list[socket.socket] = []
            for n in range(10):
                for _ in range(100):
                    one = socket.socket()
                    one.setblocking(False)
                    one.bind((f"127.0.1.{n + 1}", 0))
                    with suppress(BlockingIOError):
                        one.connect(("127.0.0.1", attic.port))
                    open_ones.append(one)
                await asyncio.sleep(0)
            for n in range(20):
                phone = await attic.join(f"ctrl-{n}")
                await phone.close()
                assert (await attic.http("GET /healthz HTTP/1.1"))[0] == 200
            for one in open_ones:
                one.close()

    run(story())
