"""Faults that users of comparable servers have reported in public, tried on ours, with honest clients beside.

Each test names the report. Versions of those servers that were mended since are not meant. A sixth report,
socketio/engine.io#420 (a client that does not read), is tried in formant_net/aio/server/test_server.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
from typing import Any

import pytest
from support.net.attacks import CONTINUATION, PING, TEXT, UPGRADE, Target, Wire, frame
from support.net.honest import witness
from support.net.loopback import Edge, edge, run

from formant_net.protocol.timing import Timing
from formant_net.server.access.limits import Limits


def target(one: Edge) -> Target:
    return Target("127.0.0.1", one.port, "127.0.0.2")


async def closed(wire: Wire) -> None:
    """Wait until the server has ended the connection."""
    with contextlib.suppress(ConnectionError):
        while await wire.reader.read(65536):
            pass


async def health(one: Edge) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((await one.http("GET /healthz HTTP/1.1"))[2])
    return told


BROKEN = {
    "a reserved opcode": frame(3, b"x"),
    "a reserved control frame": frame(11, b""),
    "a bit of an extension": frame(TEXT, b"{}", rsv1=True),
    "no mask": b"\x81\x02{}",
    "a ping in pieces": frame(PING, b"", fin=False),
    "a ping of 126 bytes": frame(PING, b"x" * 126),
    "a length of 2^63": b"\x81\xff" + struct.pack("!Q", 2**63) + b"\0\0\0\0",
    "a continuation of nothing": frame(CONTINUATION, b"x"),
    "half a close code": frame(8, b"\x03"),
    "a close code that is none": frame(8, struct.pack("!H", 999)),
    "a close with invalid UTF-8": frame(8, struct.pack("!H", 1000) + b"\xff"),
}


def test_invalid_frames_end_their_own_connection_alone(caplog: pytest.LogCaptureFixture) -> None:
    """peers/peerjs-server#290: the server could crash if a client sends invalid frames."""

    async def story() -> None:
        async with edge() as one, witness(one.ws_url, None) as honest:
            for data in BROKEN.values():
                wire = await Wire.upgraded(target(one))
                await wire.write(data)
                await closed(wire)
                wire.close()
                await honest.latency()
            assert (await health(one))["counters"]["internal_faults"] == 0

    run(story())
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(
    "request_line",
    ["GET /ws?transport=websocket HTTP/1.1", "GET /ws HTTP/1.0", "POST /ws HTTP/1.1", "GET /ws HTTP/1.1\r\nUpgrade: x"],
)
def test_a_plain_request_for_the_socket_is_refused_in_words(
    request_line: str, caplog: pytest.LogCaptureFixture
) -> None:
    """socketio/engine.io#159: GET ?transport=websocket without an upgrade ended the process."""

    async def story() -> None:
        async with edge() as one, witness(one.ws_url, None) as honest:
            reader, writer = await asyncio.open_connection("127.0.0.1", one.port)
            writer.write(f"{request_line}\r\nHost: 127.0.0.1\r\n\r\n".encode())
            answer = await reader.read()
            writer.close()
            assert answer == b"" or 400 <= int(answer.split()[1]) < 600
            await honest.latency()
            assert (await health(one))["counters"]["internal_faults"] == 0

    run(story())
    assert "Traceback" not in caplog.text


def test_fragments_without_an_end_take_no_memory() -> None:
    """websockets/ws, GHSA-96hv-2xvq-fx4p: memory was used up by a message of tiny fragments."""

    async def story() -> None:
        async with edge() as one, witness(one.ws_url, None) as honest:
            wire = await Wire.upgraded(target(one))
            sent = 0
            with contextlib.suppress(ConnectionError):
                await wire.write(frame(TEXT, b"[", fin=False))
                while sent < 100_000 and not wire.reader.at_eof():
                    await wire.write(frame(CONTINUATION, b"[", fin=False) * 50)
                    sent += 50
                    await asyncio.sleep(0)
            assert sent < 100_000
            await closed(wire)
            assert (await health(one))["counters"]["turned_away"] == 1
            await honest.latency()

    run(story())


def test_sockets_that_say_nothing_are_bounded_and_keep_nobody_out() -> None:
    """coturn/coturn#780: a session was kept for every packet of a stranger, without a bound."""

    async def story() -> None:
        async with edge(limits=Limits(newcomers=40, newcomers_per_address=20)) as one:
            wires = [await Wire.upgraded(target(one)) for _ in range(60)]
            assert len(one.hub._clients) <= 20
            async with witness(one.ws_url, None) as honest:
                await honest.latency()
            for wire in wires:
                wire.close()

    run(story())


def test_pings_that_are_not_answered_are_few_and_then_the_client_goes() -> None:
    """python-websockets/websockets#312: every ping without a pong is kept until the connection ends."""

    async def story() -> None:
        async with edge(timing=Timing(heartbeat_s=1.0, ttl_s=3.0)) as one:
            wire = await Wire.open(target(one))
            await wire.write(UPGRADE.format(host=f"127.0.0.1:{one.port}", more="").encode())
            await wire.reader.readuntil(b"\r\n\r\n")
            await wire.write(frame(TEXT, json.dumps({"type": "register", "client_id": "ctrl-mute"}).encode()))
            data = b""
            with contextlib.suppress(ConnectionError):
                while more := await wire.reader.read(65536):
                    data += more
            assert 1 <= data.count(b"\x89\x00") <= 2, "two empty pings, then the end"
            assert one.hub.clients() == {}

    run(story())


def test_a_message_to_nobody_is_answered() -> None:
    """peers/peerjs-server#127: the sender heard nothing, and the server logged a fault of its own."""

    async def story() -> None:
        async with edge() as one:
            ctrl = await one.join("ctrl-a")
            await ctrl.send(json.dumps({"type": "ice-candidate", "target": "synth-nobody", "data": None}))
            said = json.loads(await ctrl.recv())
            assert (said["type"], said["code"], said["target"]) == ("error", "unknown-target", "synth-nobody")
            assert (await health(one))["counters"]["internal_faults"] == 0

    run(story())
