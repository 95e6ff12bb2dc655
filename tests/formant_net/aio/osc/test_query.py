from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from support.net.loopback import run
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from formant_net.aio.client.controller import ControllerNode, ControllerOptions
from formant_net.aio.osc.bridge import OscBridge
from formant_net.aio.osc.datagrams import ListenError
from formant_net.aio.osc.query import MOST_CONNECTIONS, MOST_SOCKETS, OscQuery
from formant_net.client.servers import Server
from formant_net.controller.core import SynthView
from formant_net.osc.codec import Message, decode
from formant_net.osc.player import OscPlayer


class Asked:
    """An OSCQuery port with one box, and how to ask it."""

    def __init__(self, query: OscQuery, port: int, state: dict[str, Any]) -> None:
        self.query, self.port, self.state = query, port, state

    async def get(self, target: str, more: str = "", host: str = "x") -> tuple[int, Any]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(f"GET {target} HTTP/1.1\r\nHost: {host}\r\n{more}\r\n".encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        json_came = b"application/json" in head
        return int(head.split()[1]), json.loads(body) if body and json_came else None

    async def listener(self, *paths: str, **options: Any) -> ClientConnection:
        socket = await connect(f"ws://127.0.0.1:{self.port}/", **options)
        for path in paths:
            await socket.send(json.dumps({"COMMAND": "LISTEN", "DATA": path}))
        return socket


async def _next(socket: ClientConnection) -> Message:
    data = await socket.recv()
    assert isinstance(data, bytes)
    return decode(data)[0]


def _run(main: Callable[[Asked], Awaitable[None]]) -> None:
    async def story() -> None:
        node = ControllerNode(ControllerOptions("ctrl-a", [Server("ws://127.0.0.1:9/ws")]))
        state = {"name": "north", "volume": 0.5, "powered_on": True, "preset": "plain", "presets": ["plain"]}
        node.synths = lambda: [SynthView("synth-1", True, state, 0.01, 0.0, False)]  # type: ignore[method-assign]
        bridge = OscBridge(node, OscPlayer(b"x"), lambda text, warning: None)
        query = OscQuery(bridge, bridge.listen("127.0.0.1", 0), "Formant")
        _, port = await query.start("127.0.0.1", 0)
        try:
            await main(Asked(query, port, state))
        finally:
            await query.close()
            bridge.close()
            await node.finish()

    run(story())


def test_a_program_that_sends_too_much_or_goes_without_a_goodbye_fills_no_log(caplog: pytest.LogCaptureFixture) -> None:
    async def main(asked: Asked) -> None:
        socket = await asked.listener("/formant/volume")
        await _next(socket)
        await socket.send("x" * 5000)
        with pytest.raises(ConnectionClosed):
            await socket.recv()
        gone = await asked.listener("/formant/volume")
        await _next(gone)
        gone.transport.abort()
        await gone.wait_closed()

    _run(main)
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_the_tree_values_and_host_info_are_told_over_http() -> None:
    async def main(asked: Asked) -> None:
        status, root = await asked.get("/")
        assert status == 200
        assert root["CONTENTS"]["formant"]["CONTENTS"]["box"]["CONTENTS"]["north"]["CONTENTS"]["volume"]["VALUE"] == [
            0.5
        ]
        assert await asked.get("/formant/volume?VALUE") == (200, {"VALUE": [0.5]})
        assert await asked.get("/formant?VALUE") == (204, None)
        assert await asked.get("/formant/volume?NONSENSE") == (400, None)
        assert await asked.get("/nowhere") == (404, None)
        status, info = await asked.get("/?HOST_INFO")
        assert (info["NAME"], info["OSC_IP"], info["OSC_TRANSPORT"]) == ("Formant", "127.0.0.1", "UDP")

    _run(main)


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("//formant/volume", 200), ("/formant/volume/", 200), ("/formant//volume?VALUE", 200),
        ("/%66ormant/volume", 200), ("http://127.0.0.1:9000/formant/volume", 200), ("http://[::1]:9000?HOST_INFO", 200),
        ("//[", 404), ("//]/", 404), ("http://[", 200), ("/..", 404), ("/%00", 404), ("/%ff%fe", 404),
        ("/formant/volume/VALUE", 404), ("/CONTENTS", 404), ("/formant/CONTENTS/volume", 404), ("*", 404),
        ("/" + "formant/" * 500, 404), ("/?VALUE?", 400), ("/??HOST_INFO", 400), ("/?value", 400),
        ("/formant/volume?VALUE=1", 400), ("/formant/volume?__class__", 400),
    ],
)  # fmt: skip
def test_strange_paths_are_answered_and_fill_no_log(target: str, status: int, caplog: pytest.LogCaptureFixture) -> None:
    async def main(asked: Asked) -> None:
        assert (await asked.get(target))[0] == status

    _run(main)
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_name_that_an_outsider_can_own_is_refused() -> None:
    """A page whose site points its own name here (DNS rebinding) names no origin when it asks by HTTP."""

    async def main(asked: Asked) -> None:
        known = ("127.0.0.1:9000", "[::1]:9000", "localhost", "stage.local:9000", "stage", socket.gethostname())
        for host in known:
            assert (await asked.get("/", host=host))[0] == 200, host
        for host in ("evil.example", "127.0.0.1.evil.example:9000", "evil.example.", "a b", "127.0.0.1@evil.example"):
            assert (await asked.get("/", host=host)) == (403, None), host
        assert (await asked.get("/", "Host: evil.example\r\n")) == (403, None)

    _run(main)


def test_a_program_that_listens_is_told_of_changes_in_osc() -> None:
    async def main(asked: Asked) -> None:
        async with await asked.listener("/formant/box/north/volume", "/nowhere") as socket:
            assert (await _next(socket)).arguments == (0.5,)
            asked.state["preset"], asked.state["volume"] = "tenor", 0.25
            message = await _next(socket)
            assert (message.address, message.arguments) == ("/formant/box/north/volume", (0.25,))

    _run(main)


def test_nonsense_is_left_alone() -> None:
    async def main(asked: Asked) -> None:
        async with await asked.listener() as socket:
            for text in ("{", "[1]", '{"COMMAND": "LISTEN", "DATA": 3}', '{"COMMAND": "DANCE", "DATA": "/"}', b"\0"):
                await socket.send(text)
            await socket.send('{"COMMAND": "IGNORE", "DATA": "/formant/volume"}')
            await socket.send('{"COMMAND": "LISTEN", "DATA": "/formant/volume"}')
            assert (await _next(socket)).address == "/formant/volume"

    _run(main)


def test_pages_of_browsers_and_too_many_connections_are_refused() -> None:
    async def main(asked: Asked) -> None:
        with pytest.raises(InvalidStatus):
            await asked.listener(origin="http://evil.example")
        assert await asked.get("/", "Origin: http://evil.example\r\n") == (403, None)
        assert await asked.get("/", "Origin: null\r\n") == (403, None)
        sockets = [await asked.listener() for _ in range(MOST_CONNECTIONS)]
        with pytest.raises(InvalidStatus):
            await asked.listener()
        for each in sockets:
            await each.close()
        while asked.query._queues:
            await asyncio.sleep(0.01)
        await (await asked.listener()).close()

    _run(main)


def test_a_port_that_is_taken_is_refused_with_words() -> None:
    async def main(asked: Asked) -> None:
        other = OscQuery(asked.query._bridge, ("127.0.0.1", 1), "x")
        with pytest.raises(ListenError, match="Choose another --query"):
            await other.start("127.0.0.1", asked.port)

    _run(main)


@pytest.mark.parametrize("addresses", [1, 20])
def test_sockets_without_end_take_no_more_files_and_a_listener_goes_on(addresses: int) -> None:
    """Hundreds that never ask. Beyond the limit each is cut at once; who listens already is told of changes."""

    async def main(asked: Asked) -> None:
        listener = await asked.listener("/formant/volume")
        assert (await _next(listener)).arguments == (0.5,)
        idle = []
        for n in range(300):
            source = (f"127.0.0.{1 + n % addresses}", 0)
            idle.append(await asyncio.open_connection("127.0.0.1", asked.port, local_addr=source))
        asked.state["volume"] = 0.25
        assert (await _next(listener)).arguments == (0.25,)
        assert asked.query._sockets <= MOST_SOCKETS
        for _, writer in idle:
            writer.transport.abort()
        while asked.query._sockets > 1:
            await asyncio.sleep(0.01)
        assert (await asked.get("/formant/volume?VALUE"))[0] == 200
        await listener.close()

    _run(main)


def test_a_connection_that_asks_without_end_is_closed_and_another_is_told() -> None:
    async def main(asked: Asked) -> None:
        listener, bad = await asked.listener("/formant/volume"), await asked.listener()
        assert (await _next(listener)).arguments == (0.5,)

        async def ask() -> None:
            while True:
                await bad.send(json.dumps({"COMMAND": "LISTEN", "DATA": "/formant/volume"}))

        with pytest.raises(ConnectionClosed):
            await ask()
        asked.state["volume"] = 0.25
        assert (await _next(listener)).arguments == (0.25,)
        await listener.close()

    _run(main)
