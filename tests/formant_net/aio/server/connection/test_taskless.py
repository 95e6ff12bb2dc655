"""A connection without a task does what the library's does: it opens, joins pieces, and ends in every way."""

from __future__ import annotations

import asyncio
import gc
import json
import random
from contextlib import suppress

import pytest
from support.net.attacks import BINARY, CONTINUATION, PING, TEXT, UPGRADE, Target, Wire, frame
from support.net.loopback import Edge, edge, hear, run
from support.suite.patience import PATIENCE_S
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame

from formant_net.aio.server.connection.taskless import TasklessConnection
from formant_net.protocol.timing import Timing
from formant_net.server.access.limits import Limits


def target(attic: Edge) -> Target:
    return Target("127.0.0.1", attic.port, "127.0.0.9")


async def until_closed(wire: Wire) -> bytes:
    told = b""
    with suppress(ConnectionError):
        while data := await wire.reader.read(65536):
            told += data
    return told


def test_frames_of_every_kind_and_size_arrive_as_sent_however_they_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts, pieces, pings and large ones mixed, cut at any byte: the hub hears the same texts in the same order."""
    heard: list[str] = []

    async def story(seed: int) -> None:
        dice = random.Random(seed)
        heard.clear()
        async with edge(limits=Limits(newcomer_messages=10**6, control_burst=10**6)) as attic:
            monkeypatch.setattr(attic.hub, "receive_frame", lambda _, message, now: heard.append(message))
            wire = await Wire.upgraded(target(attic))
            said, stream = [], bytearray()
            for n in range(60):
                text = f"{n}:" + "é" * dice.choice([0, 1, 60, 61, 62, 63, 700, 4000, 20_000])
                data = text.encode()
                said.append(text)
                if dice.random() < 0.3:
                    cuts = sorted(dice.sample(range(len(data)), min(2, len(data) - 1)))
                    parts = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
                    for k, part in enumerate(parts):
                        stream += frame(CONTINUATION if k else TEXT, part, fin=k == len(parts) - 1)
                        stream += frame(PING, b"") * dice.randrange(2)
                else:
                    stream += frame(TEXT, data)
            at = 0
            while at < len(stream):
                step = dice.choice([1, 2, 3, 7, 500, 3000, 40_000])
                await wire.write(bytes(stream[at : at + step]))
                at += step
                if dice.random() < 0.3:
                    await asyncio.sleep(0)
            while len(heard) < len(said):
                await asyncio.sleep(0.01)
            assert heard == said
            wire.close()

    for seed in range(4):
        run(story(seed))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (frame(TEXT, b"a", fin=False) + frame(TEXT, b"b"), 1002),
        (frame(CONTINUATION, b"a"), 1002),
        (frame(TEXT, b"a", rsv1=True), 1002),
        (b"\x81\x02{}", 1002),
        (frame(TEXT, b"\xff\xff"), 1007),
        (frame(TEXT, b"\xff", fin=False) + frame(CONTINUATION, b"\xff"), 1007),
        (frame(BINARY, b"", length=200_000), 1009),
    ],
    ids=["text inside a message", "piece of nothing", "reserved bit", "no mask", "not UTF-8", "pieces", "too large"],
)
def test_an_error_of_the_protocol_ends_the_connection_with_its_code(data: bytes, code: int) -> None:
    async def story() -> None:
        async with edge() as attic:
            wire = await Wire.upgraded(target(attic))
            await wire.write(data)
            told = await until_closed(wire)
            assert code.to_bytes(2, "big") in told

    run(story())


def test_a_client_that_says_goodbye_and_stays_is_gone_at_once_and_cut_a_little_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(TasklessConnection, "end_s", 0.1)

    async def story() -> None:
        async with edge() as attic:
            synth = await attic.join("synth-a")
            phone = await attic.join("ctrl-a")
            assert (await hear(synth))["type"] == "controller-joined"
            phone.transport.write(frame(8, b"\x03\xe8"))  # a close frame, past the library
            assert (await hear(synth))["type"] == "controller-left"
            with pytest.raises(ConnectionClosed):
                await phone.recv()
            wire = await Wire.upgraded(target(attic))
            await wire.write(frame(8, b"\x03\xe8"))
            assert await wire.reader.read(4) == b"\x88\x02\x03\xe8"
            await wire.reader.read()
            while len(attic.hub._clients) > 1:
                await asyncio.sleep(0.01)
            wire.close()

    run(story())


@pytest.mark.parametrize("more", [b"", frame(BINARY, b"later") + frame(TEXT, b"{}")], ids=["alone", "and more"])
def test_who_sends_what_is_no_text_is_gone_at_once_and_nothing_more_of_it_is_read(more: bytes) -> None:
    """It says nothing after it, as a client that waits: nothing else would tell the server to look again."""

    async def story() -> None:
        async with edge() as attic:
            synth = await attic.join("synth-a")
            wire = await Wire.upgraded(target(attic))
            hello = json.dumps({"type": "register", "client_id": "ctrl-a"})
            await wire.write(frame(TEXT, hello.encode()))
            assert (await hear(synth))["type"] == "controller-joined"
            received = attic.hub.counters.received
            await wire.write(frame(TEXT, b"\xff") + more)
            assert (await hear(synth))["type"] == "controller-left"
            assert attic.hub.counters.received == received
            wire.close()

    run(story())


def test_half_a_request_is_waited_for_and_one_without_end_is_cut() -> None:
    async def story() -> None:
        long, short = Limits(handshake_s=PATIENCE_S), Limits(handshake_s=0.2)
        async with edge(limits=long) as attic, edge(limits=short) as barn:
            patient, stuck = await Wire.open(target(attic)), await Wire.open(target(barn))
            request = UPGRADE.format(host=f"127.0.0.1:{attic.port}", more="").encode()
            await patient.write(request[:20])
            await stuck.write(request[:20])
            assert await until_closed(stuck) == b""
            await patient.write(request[20:])
            assert (await patient.reader.readline()).startswith(b"HTTP/1.1 101")
            await patient.write(frame(TEXT, b"{}"))
            assert b"bad-message" in await patient.reader.readuntil(b"}")

    run(story())


def test_a_silent_client_is_asked_for_a_sign_of_life_by_a_ping() -> None:
    async def story() -> None:
        async with edge(timing=Timing(heartbeat_s=0.1, ttl_s=30.0)) as attic:
            wire = await Wire.upgraded(target(attic))
            await wire.write(frame(TEXT, b'{"type":"register","client_id":"ctrl-a"}'))
            told = b""
            while b"\x89\x00" not in told:
                told += await wire.reader.read(4096)
            assert attic.hub.clients() == {"ctrl-a": "controller"}

    run(story())


def test_a_connection_costs_no_task() -> None:
    async def story() -> None:
        async with edge() as attic:
            before = len(asyncio.all_tasks())
            wires = [await Wire.upgraded(target(attic)) for _ in range(20)]
            assert len(asyncio.all_tasks()) == before
            for wire in wires:
                wire.close()

    run(story())


def test_what_a_connection_says_before_the_end_is_not_handed_over_twice() -> None:
    """`known` clients are read as soon as data comes; the turn of a newcomer is over when it has registered."""

    async def story() -> None:
        async with edge() as attic:
            wire = await Wire.upgraded(target(attic))
            heartbeat = frame(TEXT, b'{"type":"heartbeat"}')
            await wire.write(frame(TEXT, b'{"type":"register","client_id":"ctrl-a"}') + heartbeat * 5)
            await wire.reader.readuntil(b"registered")
            while attic.hub.counters.received < 6:
                await asyncio.sleep(0.01)
            await wire.write(heartbeat)
            while attic.hub.counters.received < 7:
                await asyncio.sleep(0.01)
            wire.close()

    run(story())


@pytest.mark.parametrize("sockets", [1, 20])
def test_a_message_in_empty_pieces_takes_no_memory_and_still_arrives(sockets: int) -> None:
    """Empty pieces add nothing to the size that is limited. At the rate that is allowed, 500 sockets could leave
    gigabytes of them in a day."""

    async def story() -> None:
        async with edge(limits=Limits(control_burst=10**6)) as attic:
            wires = [await Wire.upgraded(Target("127.0.0.1", attic.port, f"127.0.0.{9 + n}")) for n in range(sockets)]
            honest = await attic.join("ctrl-honest")
            for wire in wires:
                await wire.write(frame(TEXT, b'{"type":', fin=False))
                await wire.write(frame(CONTINUATION, b"", fin=False) * (4000 // sockets))
                await wire.write(frame(CONTINUATION, b'"register", "client_id":', fin=False) + frame(PING, b"here"))
            for wire in wires:
                await wire.reader.readuntil(b"here")  # all before it is read
            kept = sum(type(each) is Frame for each in gc.get_objects())
            assert kept < 100, "the pieces themselves are not kept"
            await honest.send('{"type": "request-controllers"}')
            assert (await hear(honest))["code"] == "wrong-role"
            for n, wire in enumerate(wires):
                await wire.write(frame(CONTINUATION, b'"synth-%d"}' % n))
                assert b'"registered"' in await wire.reader.readuntil(b'"registered"')
                wire.close()

    run(story())
