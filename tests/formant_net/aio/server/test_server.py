"""The server on real sockets: simple clients, order, malformed frames, silence, slow readers and the end."""

from __future__ import annotations

import asyncio
import json
import socket as sockets
from typing import Any
from unittest.mock import ANY

import pytest
from support.net.attacks import Target, Wire
from support.net.loopback import Edge, ask, edge, hear, run, say
from support.net.sdp import answer, candidate, offer, sdp
from support.suite.patience import PATIENCE_S
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, ConnectionClosedOK
from websockets.frames import Frame, Opcode
from websockets.http11 import Response

from formant_net.aio import driver as drivers
from formant_net.aio.server import server
from formant_net.aio.server.connection.feed import FairConnection
from formant_net.aio.server.server import EdgeServer
from formant_net.aio.server.static import Asset
from formant_net.protocol.timing import Timing
from formant_net.server.access.limits import Limits

QUICK = Timing(heartbeat_s=0.2, ttl_s=0.6, probe_s=0.2, register_s=0.3)


def test_simple_clients_that_know_only_the_table_meet_and_talk() -> None:
    async def story() -> None:
        async with edge() as attic:
            synth, phone = await attic.connect(), await attic.connect()
            assert (await ask(synth, "register", client_id="synth-a"))["type"] == "registered"
            assert (await ask(synth, "request-controllers"))["controllers"] == []
            assert (await ask(phone, "register", client_id="touch-ctrl-a"))["type"] == "registered"
            joined = await hear(synth)
            assert (joined["type"], joined["controller_id"]) == ("controller-joined", "touch-ctrl-a")
            await say(synth, "offer", target="touch-ctrl-a", data=offer())
            heard = await hear(phone)
            assert (heard["source"], heard["data"]) == ("synth-a", offer())
            await say(phone, "answer", target=heard["source"], data=answer())
            await say(phone, "ice", target=heard["source"], data=candidate())
            assert [(await hear(synth))["type"] for _ in range(2)] == ["answer", "ice-candidate"]
            await phone.close()
            assert (await hear(synth))["type"] == "controller-left"

    run(story())


def test_a_pair_hears_everything_in_order() -> None:  # fault 7
    async def story() -> None:
        async with edge() as attic:
            phone, synth = await attic.join("ctrl-a"), await attic.join("synth-a")
            sent = [candidate(n) for n in range(500)]
            for one in sent:
                await say(synth, "ice-candidate", target="ctrl-a", data=one)
            heard = [(await hear(phone))["data"]["candidate"] for _ in sent]
            assert heard == [one["candidate"] for one in sent]

    run(story())


@pytest.mark.parametrize("frame", ["", "hello", "[]", '{"type":1}', '{"type":"offer"}', "[" * 50_000, b"\x00\xff"])
def test_a_malformed_frame_is_answered_and_nothing_ends(frame: str | bytes) -> None:  # fault 11
    async def story() -> None:
        async with edge() as attic:
            phone = await attic.join("ctrl-a")
            await phone.send(frame)
            assert (await hear(phone))["code"] == "bad-message"
            assert (await ask(phone, "register", client_id="ctrl-a"))["type"] == "registered"

    run(story())


def test_a_message_beyond_the_limit_is_refused_in_words_and_one_far_beyond_ends_only_its_own_connection() -> None:
    async def story() -> None:
        async with edge() as attic:
            phone, synth = await attic.join("ctrl-a"), await attic.join("synth-a")
            await phone.send("x" * 70_000)
            assert (await hear(phone))["code"] == "too-large"
            await phone.send("x" * 200_000)
            with pytest.raises(ConnectionClosedError) as closed:
                await phone.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1009
            assert (await hear(synth))["type"] == "controller-left"

    run(story())


def test_invalid_utf8_and_broken_framing_end_only_their_own_connection() -> None:  # fault 11
    async def story() -> None:
        async with edge() as attic:
            synth = await attic.join("synth-a")
            for raw in (Frame(Opcode.TEXT, b'{"type":"\xff\xfe"}').serialize(mask=True, extensions=[]), b"\xff" * 40):
                phone = await attic.join("ctrl-a")
                assert (await hear(synth))["type"] == "controller-joined"
                phone.transport.write(raw)
                with pytest.raises(ConnectionClosed):
                    await phone.recv()
                assert (await hear(synth))["type"] == "controller-left"

    run(story())


def test_a_wrong_key_is_said_and_the_socket_closed() -> None:
    async def story() -> None:
        async with edge(key="abcd") as attic:
            stranger = await attic.connect()
            assert (await ask(stranger, "register", client_id="ctrl-a"))["code"] == "bad-key"
            with pytest.raises(ConnectionClosedError) as closed:
                await stranger.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1008
            await attic.join("ctrl-a", key="abcd")

    run(story())


def test_the_late_close_of_a_replaced_socket_leaves_the_new_one_registered() -> None:  # fault 6
    async def story() -> None:
        async with edge() as attic:
            old = await attic.connect()
            resume = (await ask(old, "register", client_id="ctrl-a"))["resume"]
            await attic.join("ctrl-a", resume=resume)
            assert (await hear(old))["type"] == "kicked"
            with pytest.raises(ConnectionClosedOK):
                await old.recv()
            await old.wait_closed()
            assert attic.hub.clients() == {"ctrl-a": "controller"}

    run(story())


def test_a_client_that_went_dark_gets_its_id_back_without_a_secret() -> None:  # fault 15
    async def story() -> None:
        async with edge(timing=Timing(probe_s=0.2)) as attic:
            dark = await attic.join("ctrl-a")
            dark.transport.pause_reading()  # it neither reads nor answers pings, as behind a dead network
            back = await attic.join("ctrl-a")
            assert attic.hub.clients() == {"ctrl-a": "controller"}
            assert (await ask(back, "heartbeat", source="ctrl-b"))["code"] == "wrong-source"

    run(story())


def test_the_id_of_a_living_client_is_taken() -> None:
    async def story() -> None:
        async with edge(timing=Timing(probe_s=PATIENCE_S)) as attic:
            await attic.join("ctrl-a")
            assert (await ask(await attic.connect(), "register", client_id="ctrl-a"))["code"] == "id-taken"

    run(story())


def test_a_client_that_only_answers_pings_stays_and_one_that_does_not_is_dropped_and_announced() -> None:  # fault 8
    async def story() -> None:
        async with edge(timing=QUICK) as attic:
            synth = await attic.join("synth-a")
            await attic.join("ctrl-hidden-tab")
            dark = await attic.join("ctrl-dark")
            assert [(await hear(synth))["type"] for _ in range(2)] == ["controller-joined"] * 2
            dark.transport.pause_reading()
            left = await hear(synth)
            assert (left["type"], left["controller_id"]) == ("controller-left", "ctrl-dark")
            assert attic.hub.clients() == {"synth-a": "synth", "ctrl-hidden-tab": "controller"}

    run(story())


def test_a_socket_that_never_registers_is_closed() -> None:
    async def story() -> None:
        async with edge(limits=Limits(register_s=0.3)) as attic:
            mute = await attic.connect()
            assert (await hear(mute))["code"] == "register-timeout"
            with pytest.raises(ConnectionClosedError):
                await mute.recv()

    run(story())


def test_a_server_that_slept_knows_how_long_and_keeps_only_who_is_heard_of_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story() -> None:
        async with edge() as attic:
            synth, _, _ = await attic.join("synth-a"), await attic.join("ctrl-stays"), await attic.join("ctrl-gone")
            stays = attic.clients[1]
            asleep = drivers.clock()
            monkeypatch.setattr(drivers, "clock", lambda: asleep + 61.0)
            await say(synth, "heartbeat")
            await say(stays, "heartbeat")
            told = [await hear(synth) for _ in range(3)]
            assert told[-1]["type"] == "controller-left"
            assert told[-1]["controller_id"] == "ctrl-gone"
            assert sorted(attic.hub.clients()) == ["ctrl-stays", "synth-a"]
            assert attic.hub.counters.expired == 1

    run(story())


def test_a_reader_that_does_not_read_is_closed_and_holds_nobody_up() -> None:
    async def story() -> None:
        async with edge(limits=Limits(unsent_bytes=200_000, offers_per_pair_per_min=1000)) as attic:
            stuck, phone = await attic.join("ctrl-stuck"), await attic.join("ctrl-a")
            synth = await attic.join("synth-a")
            stuck.transport.pause_reading()
            large = {"type": "offer", "sdp": sdp(more=("a=x:" + "y" * 2000 + "\r\n") * 14)}
            for _ in range(400):
                await say(synth, "offer", target="ctrl-stuck", data=large)
                await say(synth, "offer", target="ctrl-a", data=large)
                assert (await hear(phone))["data"] == large
                if "ctrl-stuck" not in attic.hub.clients():
                    break
            told = await hear(synth)
            while told["type"] == "error":
                told = await hear(synth)
            assert (told["type"], told["controller_id"]) == ("controller-left", "ctrl-stuck")

    run(story())


def test_a_fault_of_our_own_costs_one_message_and_not_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        async with edge() as attic:
            phone = await attic.join("ctrl-a")
            with monkeypatch.context() as broken:
                broken.setattr(attic.hub, "receive_frame", lambda *_: 1 / 0)
                assert (await ask(phone, "heartbeat"))["code"] == "internal"
            assert (await ask(phone, "register", client_id="ctrl-a"))["type"] == "registered"
            _, _, body = await attic.http("GET /healthz HTTP/1.1")
            assert json.loads(body)["counters"]["internal_faults"] == 1

    run(story())


def test_a_stop_closes_every_socket_with_going_away_and_does_not_wait_for_the_silent() -> None:
    async def story() -> None:
        # Without care the silent socket alone would hold the end up for as long as an opening handshake may take.
        async with asyncio.timeout(PATIENCE_S), edge(limits=Limits(handshake_s=4.0 * PATIENCE_S)) as attic:
            phone, synth = await attic.join("ctrl-a"), await attic.join("synth-a")
            attic.clients.clear()
            _, writer = await asyncio.open_connection("127.0.0.1", attic.port)  # browsers open sockets in advance
            await attic.http("GET /healthz HTTP/1.1")
            port = attic.port
        for client in (phone, synth):
            await client.wait_closed()
            assert client.close_code == 1001
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        writer.close()

    run(story())


def test_a_port_in_use_is_an_os_error() -> None:
    async def story() -> None:
        with sockets.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            async with edge() as attic:
                other = EdgeServer(attic.hub, assets={}, version="0")
                with pytest.raises(OSError, match="in use"):
                    async with other.listening("127.0.0.1", taken.getsockname()[1]):
                        pass

    run(story())


def test_who_comes_while_the_server_is_busy_waits_and_is_not_dropped() -> None:
    """The loop stands still here while 300 connect at once. The system keeps them all for it."""

    async def story() -> None:
        async with edge() as one:
            waiting = [sockets.create_connection(("127.0.0.1", one.port), timeout=0.9) for _ in range(300)]
            await one.join("ctrl-a")
            for each in waiting:
                each.close()

    run(story())


@pytest.mark.parametrize("addresses", [1, 5])
def test_slow_readers_of_pages_give_way_to_others_and_take_a_bounded_number_of_sockets(
    monkeypatch: pytest.MonkeyPatch, addresses: int
) -> None:
    """A page is written at once and stays in memory until it is read, and each socket is an open file."""
    monkeypatch.setattr(server, "READERS", 10)
    held: list[FairConnection] = []
    answer_of = EdgeServer._answer

    def noted(self: EdgeServer, socket: FairConnection, *more: Any) -> Response | None:
        held.append(socket)
        return answer_of(self, socket, *more)

    monkeypatch.setattr(EdgeServer, "_answer", noted)
    page = Asset(b"x" * 16_000_000, "text/plain", '"tag"')

    async def slow(attic: Edge, source: str) -> Wire:
        wire = await Wire.open(Target("127.0.0.1", attic.port, source))
        wire.reader._transport.pause_reading()  # type: ignore[attr-defined]
        await wire.write(b"GET /large HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        return wire

    async def story() -> None:
        async with edge(assets={"/large": page, "/": Asset(b"page", "text/plain", '"tag"')}) as attic:
            wires = [await slow(attic, f"127.0.1.{1 + n % addresses}") for n in range(30)]
            while len(held) < 30:
                await asyncio.sleep(0.01)
            reading = [socket for socket in held if socket.transport.get_write_buffer_size() > 1_000_000]
            assert len(reading) <= 10
            for _ in range(10):
                assert await attic.http("GET / HTTP/1.1", source="127.0.2.1") == (200, ANY, b"page")
            phone = await attic.join("ctrl-a")
            await say(phone, "heartbeat")
            for wire in wires:
                wire.close()

    run(story())
