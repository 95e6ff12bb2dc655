"""A controller without our code: raw WebSocket and raw aiortc, well-behaved or not, in this process or in its own.

python -m support.net.stranger flood ws://host:port/ws KEY SECONDS       prints one JSON line
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import sys
import time
from collections.abc import Callable
from typing import Any

from aiortc import RTCConfiguration, RTCDataChannel, RTCPeerConnection, RTCSessionDescription
from aiortc.rtcsctptransport import (
    SCTP_DATA_FIRST_FRAG,
    SCTP_DATA_LAST_FRAG,
    SCTP_DATA_UNORDERED,
    DataChunk,
    tsn_plus_one,
)
from support.suite.patience import PATIENCE_S
from websockets.asyncio.client import ClientConnection, connect


class Stranger:
    """One controller. `async with Stranger(url, key) as stranger: await stranger.linked()`."""

    def __init__(self, url: str, key: str | None, id: str | None = None) -> None:
        self.url = url
        self.key = key
        self.id = id or f"ctrl-{secrets.token_hex(4)}"
        self.channels: dict[str, RTCDataChannel] = {}
        self.pongs: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.offers_since_open = 0
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._open = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._socket: ClientConnection

    async def __aenter__(self) -> Stranger:
        self._socket = await connect(self.url, compression=None)
        await self._say("register", client_id=self.id, key=self.key)
        answer = json.loads(await self._socket.recv())
        assert answer["type"] == "registered", answer
        self._tasks.append(asyncio.create_task(self._listen()))
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await self._socket.close()
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self.pc.close(), 3.0)

    async def linked(self, timeout_s: float = PATIENCE_S) -> None:
        await asyncio.wait_for(self._open.wait(), timeout_s)

    async def closed(self, timeout_s: float) -> float:
        """How long it took until the synth had closed the link, s."""
        began = time.monotonic()
        async with asyncio.timeout(timeout_s):
            while self.channels["params"].readyState == "open" and self.pc.connectionState == "connected":
                await asyncio.sleep(0.01)
        return time.monotonic() - began

    def send(self, **message: Any) -> None:
        self.channels["params"].send(json.dumps(message))

    async def round_trips(self, seconds: float) -> list[float]:
        """What `play` took for some time, s."""
        times: list[float] = []
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.play(times)
        return times

    async def play(self, times: list[float], every_s: float = 0.02) -> None:
        """Send pings that carry touches, as often as a finger is sent, and append each round trip to `times`, s."""
        sequence = int(time.monotonic() * 1000)
        while True:
            sequence += 1
            sent = time.monotonic()
            point = {"id": 1, "x": 0.5, "y": 0.5}
            self.send(type="ping", timestamp=sent, seq=sequence, points=[point])
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(2.0):
                    while (await self.pongs.get())["timestamp"] != sent:
                        pass
            times.append(time.monotonic() - sent)  # one without an answer counts, with the time that it waited
            await asyncio.sleep(max(0.0, sent + every_s - time.monotonic()))

    async def _listen(self) -> None:
        async for text in self._socket:
            message = json.loads(text)
            if message["type"] == "offer":
                await self._answer(message)

    async def _answer(self, offer: dict[str, Any]) -> None:
        if self._open.is_set():
            self.offers_since_open += 1
            return  # whoever misbehaved does not come back here
        if self.pc.remoteDescription is not None:  # on a busy machine the first link may not have opened in time
            await self.pc.close()
            self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.pc.on("datachannel", self._channel)
        await self.pc.setRemoteDescription(RTCSessionDescription(**offer["data"]))
        await self.pc.setLocalDescription(await self.pc.createAnswer())
        description = {"type": "answer", "sdp": self.pc.localDescription.sdp}
        await self._say("answer", target=offer["source"], data=description)

    def _channel(self, channel: RTCDataChannel) -> None:
        self.channels[channel.label] = channel
        channel.on("message", self._message)
        if channel.label == "params":
            self._open.set()

    def _message(self, text: str) -> None:
        message = json.loads(text)
        if message["type"] == "pong":
            self.pongs.put_nowait(message)

    async def _say(self, type: str, **fields: Any) -> None:
        await self._socket.send(json.dumps({"type": type, **fields}))


# --- what strangers do -----------------------------------------------------------------------------------------------


async def flood(stranger: Stranger, seconds: float, make: Callable[[int], dict[str, Any]] | None = None) -> int:
    """Touches as fast as they go out; how many went."""
    make = make or (lambda n: {"type": "touch", "x": 0.5, "y": 0.5, "active": True, "id": n % 8, "seq": n})
    channel, sent = stranger.channels["params"], 0
    end = time.monotonic() + seconds
    with contextlib.suppress(Exception):
        while time.monotonic() < end and channel.readyState == "open":
            if channel.bufferedAmount < 200_000:
                for _ in range(50):
                    sent += 1
                    channel.send(json.dumps(make(sent)))
            await asyncio.sleep(0)
    return sent


async def notes(stranger: Stranger, seconds: float) -> int:
    """Other fingers in every message."""

    def many(n: int) -> dict[str, Any]:
        points = [{"id": f"{n}-{k}", "x": 0.5, "y": 0.5} for k in range(32)]
        return {"type": "touch", "x": 0.5, "y": 0.5, "active": True, "seq": n, "points": points}

    return await flood(stranger, seconds, many)


async def nonsense(stranger: Stranger, seconds: float) -> int:
    """Messages that cannot be read."""
    return await flood(stranger, seconds, lambda n: {"type": "touch", "x": "nan", "n": n})


async def channels(stranger: Stranger, seconds: float) -> int:
    """Data channels without end."""
    opened = 0
    with contextlib.suppress(Exception):
        while opened < 2000 and stranger.channels["params"].readyState == "open":
            stranger.pc.createDataChannel(f"more-{opened}")
            opened += 1
            await asyncio.sleep(0.001)
    return opened


async def fragments(stranger: Stranger, seconds: float) -> int:
    """Beginnings of messages that never end; how many bytes went."""
    sctp, sent = stranger.pc.sctp, 0
    assert sctp is not None
    stream = stranger.channels["params"].id
    end = time.monotonic() + seconds
    with contextlib.suppress(Exception):
        while time.monotonic() < end and stranger.channels["params"].readyState == "open":
            for _ in range(20):
                chunk = DataChunk()
                chunk.flags = SCTP_DATA_FIRST_FRAG
                chunk.tsn = sctp._local_tsn
                chunk.stream_id, chunk.stream_seq, chunk.protocol = stream, 0, 51
                chunk.user_data = b"x" * 1100
                sctp._local_tsn = tsn_plus_one(sctp._local_tsn)
                await sctp._send_chunk(chunk)
                sent += len(chunk.user_data)
            await asyncio.sleep(0.002)
    return sent


async def chunks(stranger: Stranger, seconds: float, make: Callable[[int], DataChunk], per_s: float) -> int:
    """Raw chunks at a rate; how many went."""
    sctp, sent = stranger.pc.sctp, 0
    assert sctp is not None
    began = time.monotonic()
    with contextlib.suppress(Exception):
        while time.monotonic() < began + seconds and stranger.channels["params"].readyState == "open":
            while sent < (time.monotonic() - began) * per_s:
                chunk = make(sent)
                chunk.tsn = sctp._local_tsn
                sctp._local_tsn = tsn_plus_one(sctp._local_tsn)
                await sctp._send_chunk(chunk)
                sent += 1
            await asyncio.sleep(0.002)
    return sent


def whole(stream: int | None, protocol: int, data: bytes) -> DataChunk:
    """An unordered message in one chunk."""
    chunk = DataChunk()
    chunk.flags = SCTP_DATA_FIRST_FRAG | SCTP_DATA_LAST_FRAG | SCTP_DATA_UNORDERED
    chunk.stream_id, chunk.stream_seq, chunk.protocol, chunk.user_data = stream, 0, protocol, data
    return chunk


async def another_channel(stranger: Stranger, seconds: float) -> int:
    """Messages on a channel that nobody asked for."""
    extra = stranger.pc.createDataChannel("extra", ordered=False, maxRetransmits=0)
    await asyncio.sleep(0.3)
    return await chunks(stranger, seconds, lambda n: whole(extra.id, 51, b"anything"), 3000.0)


async def unknown_protocols(stranger: Stranger, seconds: float) -> int:
    """Messages of payload protocols that WebRTC does not have."""
    return await chunks(stranger, seconds, lambda n: whole(1, 1000 + n % 7, b"x"), 3000.0)


async def open_again(stranger: Stranger, seconds: float) -> int:
    """Requests to open the same channel, again and again (DCEP)."""
    opened = b"\x03\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00x"
    extra = stranger.pc.createDataChannel("extra")
    await asyncio.sleep(0.3)
    return await chunks(stranger, seconds, lambda n: whole(extra.id, 50, opened), 3000.0)


async def gap(stranger: Stranger, seconds: float) -> int:
    """One number is left out, and then messages come at a rate that is allowed."""
    sctp = stranger.pc.sctp
    assert sctp is not None
    sctp._local_tsn = tsn_plus_one(sctp._local_tsn)
    stream = stranger.channels["params"].id
    return await chunks(stranger, seconds, lambda n: whole(stream, 51, b'{"type":"param","name":"x","value":1}'), 100.0)


DEEDS = {
    "flood": flood,
    "notes": notes,
    "nonsense": nonsense,
    "channels": channels,
    "fragments": fragments,
    "another channel": another_channel,
    "unknown protocols": unknown_protocols,
    "open again": open_again,
    "gap": gap,
}


async def _main(deed: str, url: str, key: str, seconds: float) -> None:
    async with Stranger(url, key or None) as stranger:
        await stranger.linked()
        print("linked", flush=True)
        began = time.monotonic()
        done = await DEEDS[deed](stranger, seconds)
        lasted = time.monotonic() - began
        with contextlib.suppress(TimeoutError):
            lasted += await stranger.closed(10.0)
        ended = stranger.channels["params"].readyState != "open" or stranger.pc.connectionState != "connected"
        print(json.dumps({"deed": deed, "count": done, "closed": ended, "after_s": round(lasted, 2)}), flush=True)


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])))
