from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from support.net.loopback import edge, run
from support.virtual.clock import at_once
from websockets.asyncio.server import ServerConnection, serve

from formant_net.aio.client import signaling
from formant_net.aio.client.signaling import MAX_QUEUED, SignalingSockets
from formant_net.client.effects import Check, Connect, Disconnect, Transmit
from formant_net.protocol import codec
from formant_net.protocol import messages as m

REGISTER = m.Register(client_id="ctrl-a", role="controller")


class Heard:
    """What the sockets tell, in order."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[tuple[Any, ...]] = asyncio.Queue()

    def opened(self, attempt: int, now: float) -> None:
        self.events.put_nowait(("opened", attempt))

    def closed(self, attempt: int, reason: str, now: float) -> None:
        self.events.put_nowait(("closed", attempt, reason))

    def checked(self, number: int, ok: bool, now: float) -> None:
        raise AssertionError("no other server was asked for")

    def receive(self, attempt: int, message: object, now: float) -> None:
        self.events.put_nowait(("received", attempt, message))


@contextlib.asynccontextmanager
async def opened(url: str) -> AsyncIterator[tuple[Heard, SignalingSockets]]:
    """Sockets whose first attempt to reach the server has succeeded. At the end they have told nothing more."""
    heard = Heard()
    sockets = SignalingSockets(heard, at_once)
    sockets.connect(Connect(url, 1))
    assert await heard.events.get() == ("opened", 1)
    yield heard, sockets
    await sockets.close()
    assert heard.events.empty()


def test_a_client_registers_with_a_real_server_and_hears_its_answer() -> None:
    async def main() -> None:
        async with edge() as server, opened(server.ws_url) as (heard, sockets):
            sockets.transmit(Transmit(1, REGISTER))
            kind, attempt, message = await heard.events.get()
            assert (kind, attempt) == ("received", 1)
            assert isinstance(message, m.Registered)

    run(main())


def test_a_machine_that_has_moved_is_found_by_its_name_in_the_next_attempt() -> None:
    async def main() -> None:
        heard = Heard()
        sockets = SignalingSockets(heard, at_once)
        async with edge() as server:
            moved = server.ws_url.replace("127.0.0.1", "localhost")
            sockets.connect(Connect(moved, 1, address="127.0.0.9"))
            assert (await heard.events.get())[:2] == ("closed", 1)
            sockets.connect(Connect(moved, 2, address="127.0.0.9"))
            assert await heard.events.get() == ("opened", 2)
            await sockets.close()

    run(main())


def test_a_server_that_is_not_there_is_said_in_words() -> None:
    async def main() -> None:
        heard = Heard()
        sockets = SignalingSockets(heard, at_once)
        sockets.connect(Connect("ws://127.0.0.1:9/ws", 1))
        kind, attempt, reason = await heard.events.get()
        assert (kind, attempt) == ("closed", 1)
        assert "refused" in reason.lower()
        sockets.connect(Connect("ws://not a host/ws", 2))
        assert (await heard.events.get())[:2] == ("closed", 2)
        sockets.transmit(Transmit(2, REGISTER))  # nobody there: dropped

    run(main())


def test_frames_that_cannot_be_read_are_skipped_and_the_end_is_told() -> None:
    async def nasty(connection: ServerConnection) -> None:
        await connection.send(b"\xff\x00")
        await connection.send("{")
        await connection.send('{"type": "telepathy"}')
        await connection.close(1001, "tired")

    async def main() -> None:
        heard = Heard()
        sockets = SignalingSockets(heard, at_once)
        async with serve(nasty, "127.0.0.1", 0) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            sockets.connect(Connect(f"ws://127.0.0.1:{port}/ws", 7))
            assert await heard.events.get() == ("opened", 7)
            assert await heard.events.get() == ("received", 7, m.Unknown("telepathy"))
            kind, attempt, reason = await heard.events.get()
            assert (kind, attempt) == ("closed", 7)
            assert "1001" in reason
            assert "tired" in reason

    run(main())


def test_what_was_ended_on_purpose_is_not_told() -> None:
    async def main() -> None:
        async with edge() as server, opened(server.ws_url) as (heard, sockets):
            sockets.disconnect(Disconnect(1))
            sockets.connect(Connect(server.ws_url, 2))
            assert await heard.events.get() == ("opened", 2)

    run(main())


def test_a_server_that_does_not_read_is_given_up_instead_of_filling_the_memory() -> None:
    async def main() -> None:
        async with edge() as server, opened(server.ws_url) as (heard, sockets):
            for _ in range(MAX_QUEUED + 1):  # in one step of the loop: the writer cannot run between
                sockets.transmit(Transmit(1, REGISTER))
            kind, *_ = await heard.events.get()
            assert kind == "closed"

    run(main())


def test_hundreds_of_messages_that_come_together_let_what_is_played_have_its_turns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each message takes a millisecond here. In a storm of newcomers they once stopped a synth for 40 ms and more."""
    now = 0.0

    def clock() -> float:
        nonlocal now
        now += 0.001
        return now

    monkeypatch.setattr(signaling, "clock", clock)
    count = 300
    left = codec.encode(m.ControllerLeft(controller_id="ctrl-a"))

    async def server(socket: ServerConnection) -> None:
        data = left.encode()
        socket.transport.write((bytes((0x81, len(data))) + data) * count)
        await socket.wait_closed()

    async def main() -> None:
        heard = Heard()
        sockets = SignalingSockets(heard, at_once)
        turns = 0

        async def player() -> None:
            nonlocal turns
            while True:
                await asyncio.sleep(0)
                turns += bool(heard.events.qsize())

        async with serve(server, "127.0.0.1", 0) as listening:
            port = listening.sockets[0].getsockname()[1]
            sockets.connect(Connect(f"ws://127.0.0.1:{port}/ws", 1))
            playing = asyncio.create_task(player())
            while heard.events.qsize() < count + 1:
                await asyncio.sleep(0)
            playing.cancel()
            assert turns >= count // 4
            await sockets.close()

    run(main())


def test_a_check_that_fails_in_an_unknown_way_is_told_as_not_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the core would wait for its result for ever."""

    async def strange(*_: object) -> None:
        raise ValueError("a strange address")

    class Checking(Heard):
        def checked(self, number: int, ok: bool, now: float) -> None:
            self.events.put_nowait(("checked", number, ok))

    monkeypatch.setattr(signaling, "health_of", strange)

    async def main() -> None:
        heard = Checking()
        sockets = SignalingSockets(heard, at_once)
        sockets.check(Check("ws://other/ws", 7))
        await asyncio.gather(*sockets._checks, return_exceptions=True)
        assert heard.events.get_nowait() == ("checked", 7, False)
        await sockets.close()

    run(main())
