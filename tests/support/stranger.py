"""A controller that is none of ours: raw WebSocket and raw aiortc, well-behaved or not, here or as a process.

python -m support.stranger flood ws://host:port/ws KEY SECONDS       prints one JSON line
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
from aiortc.rtcsctptransport import SCTP_DATA_FIRST_FRAG, DataChunk, tsn_plus_one
from websockets.asyncio.client import ClientConnection, connect


class Stranger:
    """One controller. `async with Stranger(url, key) as stranger: await stranger.linked()`."""

    def __init__(self, url: str, key: str | None, id: str | None = None) -> None:
        self.url = url
        self.key = key
        self.id = id or f"ctrl-{secrets.token_hex(4)}"
        self.channels: dict[str, RTCDataChannel] = {}
        self.pongs: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.links = 0
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

    async def linked(self, timeout_s: float = 15.0) -> None:
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

    async def round_trips(self, seconds: float, every_s: float = 0.02) -> list[float]:
        """Round trips of pings that carry touches, as often as a finger is sent, s."""
        times: list[float] = []
        end = time.monotonic() + seconds
        sequence = int(time.monotonic() * 1000)
        while time.monotonic() < end:
            sequence += 1
            sent = time.monotonic()
            point = {"id": 1, "x": 0.5, "y": 0.5}
            self.send(type="ping", timestamp=sent, seq=sequence, points=[point])
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(2.0):
                    while (await self.pongs.get())["timestamp"] != sent:
                        pass
                    times.append(time.monotonic() - sent)
            await asyncio.sleep(max(0.0, sent + every_s - time.monotonic()))
        return times

    async def _listen(self) -> None:
        async for text in self._socket:
            message = json.loads(text)
            if message["type"] == "offer":
                await self._answer(message)

    async def _answer(self, offer: dict[str, Any]) -> None:
        self.links += 1
        if self.links > 1:
            return  # whoever misbehaved does not come back here
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


DEEDS = {"flood": flood, "notes": notes, "nonsense": nonsense, "channels": channels, "fragments": fragments}


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
