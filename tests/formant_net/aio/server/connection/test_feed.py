"""A connection takes its turn, whole messages arrive, and frames without a message are counted."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from contextlib import suppress

import pytest
from support.net.attacks import CONTINUATION, PING, TEXT, Target, Wire, frame
from support.net.loopback import ask, edge, hear, run, say
from support.net.sdp import offer, sdp
from websockets.exceptions import ConnectionClosed

from formant_net.aio.server.connection import arrivals, feed
from formant_net.aio.server.connection.arrivals import Arrival, Arrivals
from formant_net.aio.server.connection.feed import SLICE_BYTES, FairConnection
from formant_net.server.access.join_keys import Access
from formant_net.server.access.limits import Limits
from formant_net.server.access.tokens import SCOPES, KeySet, make_key


def test_messages_of_many_slices_arrive_whole_and_in_order() -> None:
    async def story() -> None:
        async with edge() as attic:
            synth, phone = await attic.join("synth-a"), await attic.join("ctrl-a")
            large = {"type": "offer", "sdp": sdp(more=("a=x:" + "y" * 2000 + "\r\n") * 12)}
            assert len(large["sdp"]) > 10 * SLICE_BYTES
            for _ in range(20):
                await say(synth, "offer", target="ctrl-a", data=large)
                await say(synth, "offer", target="ctrl-a", data=offer())
            for _ in range(20):
                assert (await hear(phone))["data"] == large
                assert (await hear(phone))["data"] == offer()

    run(story())


def test_everything_that_was_sent_before_the_end_is_read() -> None:
    async def story() -> None:
        async with edge() as attic:
            synth, phone = await attic.join("synth-a"), await attic.join("ctrl-a")
            for n in range(30):
                await say(synth, "offer", target="ctrl-a", data=offer(f"n{n}"))
            synth.transport.write_eof()
            for n in range(30):
                assert f"s=n{n}\r\n" in (await hear(phone))["data"]["sdp"]

    run(story())


def test_what_one_slice_asks_for_is_answered_in_one_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each write to a socket that the other side has reset is a line in the log."""
    pong = b"\x8a\x00"
    writes: list[bytes] = []
    connection_made = FairConnection.connection_made

    def made(self: FairConnection, transport: asyncio.Transport) -> None:
        write = transport.write

        def noted(data: bytes) -> None:
            writes.append(bytes(data))
            write(data)

        monkeypatch.setattr(transport, "write", noted)
        connection_made(self, transport)

    monkeypatch.setattr(FairConnection, "connection_made", made)

    async def story() -> None:
        async with edge() as attic:
            wire = await Wire.upgraded(Target("127.0.0.1", attic.port, "127.0.0.9"))
            await wire.write(frame(PING, b"") * 50)
            assert await wire.reader.readexactly(100) == pong * 50

    run(story())
    assert len([data for data in writes if data.startswith(pong)]) <= 3, (
        "TCP may split 300 bytes, but hardly more often"
    )


async def until_closed(wire: Wire) -> None:
    with suppress(ConnectionError):
        while await wire.reader.read(65536):
            pass


async def flood(target: Target) -> bool:
    """Whether a connection was let in to flood."""
    try:
        wire = await Wire.upgraded(target)
    except (ConnectionError, EOFError):
        return False
    with suppress(ConnectionError):
        await wire.write(frame(PING, b"") * 300)
    await until_closed(wire)
    return True


@pytest.mark.parametrize(
    "data",
    [frame(PING, b"") * 300, frame(TEXT, b"a", fin=False) + frame(CONTINUATION, b"a", fin=False) * 300],
    ids=["pings", "pieces"],
)
def test_frames_without_a_message_are_counted_and_too_many_end_the_connection(data: bytes) -> None:
    async def story() -> None:
        async with edge() as attic:
            wire = await Wire.upgraded(Target("127.0.0.1", attic.port, "127.0.0.9"))
            await wire.write(data)
            await until_closed(wire)
            phone = await attic.join("ctrl-a")
            await asyncio.gather(*(phone.ping() for _ in range(50)))
            assert (await ask(phone, "register", client_id="ctrl-a"))["type"] == "registered"

    run(story())


def test_an_address_that_floods_again_and_again_is_kept_out_and_others_are_not() -> None:
    async def story() -> None:
        async with edge(limits=Limits(connects_burst=100, connects_per_s=0.01)) as attic:
            flooder = Target("127.0.0.1", attic.port, "127.0.0.9")
            floods = [await flood(flooder) for _ in range(25)]
            assert 3 <= floods.count(True) <= 20
            assert floods[-1] is False
            await attic.join("ctrl-a")

    run(story())


def test_headers_without_end_are_cut_long_before_the_library_would() -> None:
    """A hundred lines of eight thousand characters, from hundreds of sockets, would be half a gigabyte."""

    async def story() -> None:
        async with edge() as attic:
            wire = await Wire.open(Target("127.0.0.1", attic.port, "127.0.0.9"))
            sent = 0
            with suppress(ConnectionError):
                await wire.write(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n")
                while sent < 1_000_000:
                    await wire.write(b"X: " + b"a" * 7000 + b"\r\n")
                    sent += 7005
                    await asyncio.sleep(0.002)
            assert 7_000 < sent < 500_000
            await until_closed(wire)
            status, _, _ = await attic.http("GET / HTTP/1.1\r\nX: " + "a" * 7000)
            assert status == 200

    run(story())


def test_a_newcomer_is_heard_a_little_before_it_registers() -> None:
    async def story() -> None:
        async with edge(limits=Limits(newcomer_messages=5)) as attic:
            stranger = await attic.connect()
            for _ in range(6):
                await say(stranger, "heartbeat")
            codes = [(await hear(stranger))["code"] for _ in range(6)]
            assert codes == ["not-registered"] * 5 + ["too-fast"]
            with pytest.raises(ConnectionClosed):
                await stranger.recv()
            phone = await attic.join("ctrl-a")
            for _ in range(100):
                await say(phone, "request-controllers")
                assert (await hear(phone))["code"] == "wrong-role"

    run(story())


def test_pipelined_requests_from_many_addresses_cost_an_honest_client_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Two hundred sockets of twenty addresses send fifty requests each: one of each is answered, and none is logged."""

    async def story() -> None:
        async with edge() as attic:
            synth, phone = await attic.join("synth-a"), await attic.join("ctrl-a")
            assert (await hear(synth))["type"] == "controller-joined"
            request = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 50
            answered = 0

            async def attacker(n: int) -> None:
                nonlocal answered
                source = (f"127.0.1.{1 + n % 20}", 0)
                reader, writer = await asyncio.open_connection("127.0.0.1", attic.port, local_addr=source)
                with suppress(ConnectionError):
                    writer.write(request)
                    answered += (await reader.read()).count(b"HTTP/1.1 200")
                writer.close()

            storm = asyncio.gather(*(attacker(n) for n in range(200)))
            for n in range(20):
                await say(synth, "offer", target="ctrl-a", data=offer(f"n{n}"))
                assert f"s=n{n}\r\n" in (await hear(phone))["data"]["sdp"]
            await storm
            assert 0 < answered <= 200

    run(story())
    assert [record for record in caplog.records if record.levelname != "INFO"] == []


def test_a_second_request_before_the_first_is_answered_is_thrown_away(caplog: pytest.LogCaptureFixture) -> None:
    """However the bytes are cut, and with an honest client beside: its socket is served, and nothing is logged."""

    async def story() -> None:
        async with edge() as attic:
            phone = await attic.join("ctrl-a")
            request = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
            for n in range(60):
                reader, writer = await asyncio.open_connection("127.0.0.1", attic.port)
                stream = request * 3
                for start in range(0, len(stream), 1 + 7 * n):
                    writer.write(stream[start : start + 1 + 7 * n])
                    if n % 3 == 0:
                        await asyncio.sleep(0)
                answer = await reader.read()
                assert answer.count(b"HTTP/1.1 200") == 1, n
                writer.close()
            assert (await ask(phone, "register", client_id="ctrl-a"))["type"] == "registered"

    run(story())
    assert caplog.records == []


def test_newcomers_wait_with_others_of_their_own_address(monkeypatch: pytest.MonkeyPatch) -> None:
    groups = set()
    add = Arrivals.add

    def noted(self: Arrivals, arrival: Arrival) -> None:
        groups.add(arrival.group)
        add(self, arrival)

    monkeypatch.setattr(Arrivals, "add", noted)

    async def story() -> None:
        async with edge() as attic:
            await attic.join("ctrl-a")
            (await Wire.upgraded(Target("127.0.0.1", attic.port, "127.0.0.9"))).close()

    run(story())
    assert len(groups) == 2
    assert "" not in groups


@pytest.mark.parametrize("addresses", [1, 20])
def test_a_player_is_read_before_the_guests_however_many_they_are(
    monkeypatch: pytest.MonkeyPatch, addresses: int
) -> None:
    """Forty guests of one token have sent two hundred messages each. The clock moves so that a turn is one message."""
    now = [0.0]

    def clock() -> float:
        now[0] += 1.0
        return now[0]

    keys = KeySet.parse(json.dumps({"keys": [make_key("HS256", "a", lambda count: b"x" * count)]}))
    token = keys.sign({"exp": time.time() + 3600.0, "scope": " ".join(SCOPES["audience"])})
    told: list[str] = []

    async def story() -> None:
        async with edge(access=Access("abcd-efgh", tokens=keys)) as attic:
            player = await attic.join("ctrl-player", key="abcd-efgh")
            guests = []
            for n in range(40):
                wire = await Wire.upgraded(Target("127.0.0.1", attic.port, f"127.0.1.{1 + n % addresses}"))
                hello = {"type": "register", "client_id": f"touch-ctrl-{n}", "key": token}
                await wire.write(frame(TEXT, json.dumps(hello).encode()))
                await wire.reader.readuntil(b'"registered"')
                guests.append(wire)
            monkeypatch.setattr(arrivals, "clock", clock)
            monkeypatch.setattr(feed, "clock", clock)
            receive = attic.hub.receive_frame

            def noted(conn: int, message: str | bytes, now: float) -> None:
                told.append(str(message))
                receive(conn, message, now)

            monkeypatch.setattr(attic.hub, "receive_frame", noted)
            for wire in guests:
                await wire.write(b"".join(frame(TEXT, b'{"type": "guest-%d"}' % n) for n in range(200)))
            while len(told) < 100:
                await asyncio.sleep(0)
            waits = []
            for n in range(20):
                sent = len(told)
                await player.send(json.dumps({"type": f"player-{n}"}))
                while f'{{"type": "player-{n}"}}' not in told[sent:]:
                    await asyncio.sleep(0)
                waits.append(told.index(f'{{"type": "player-{n}"}}') - sent)
            assert len(told) < 7000, "the guests are still being read"
            assert statistics.median(waits) < 20, "messages of guests before one of the player"
            for wire in guests:
                wire.close()

    run(story())
