"""Clients that send prepared frames and count what arrives, cheaply: raw sockets, masks of zeros, no JSON."""

from __future__ import annotations

import asyncio
import json
import struct
import time
from typing import Any

UPGRADE = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def frame(text: str) -> bytes:
    """A masked text frame; a mask of zeros leaves it as it is."""
    payload = text.encode()
    size = len(payload)
    head = struct.pack("!BB", 0x81, 0x80 | size) if size < 126 else struct.pack("!BBH", 0x81, 0x80 | 126, size)
    return head + b"\0\0\0\0" + payload


def sdp(number: int) -> str:
    """1.5 kB as aiortc writes it, every one another."""
    lines = ["v=0", f"o=- {3900000000 + number} {3900000000 + number} IN IP4 0.0.0.0", "s=-", "t=0 0"]
    lines += ["a=group:BUNDLE 0", "a=msid-semantic:WMS *"]
    port = 20000 + number % 40000
    lines += [f"m=application {port} UDP/DTLS/SCTP webrtc-datachannel", "c=IN IP4 192.168.1.20", f"a=mid:L{number}"]
    lines += ["a=sctp-port:5000", "a=max-message-size:65536"]
    for k in range(12):
        lines.append(f"a=candidate:{number % 100000}{k} 1 udp {2113937151 - k} 192.168.1.{20 + k} {port} typ host")
    lines += ["a=end-of-candidates", f"a=ice-ufrag:{number:04x}", f"a=ice-pwd:{number:022x}"]
    digits = f"{number:064X}"
    lines += ["a=fingerprint:sha-256 " + ":".join(digits[n : n + 2] for n in range(0, 64, 2)), "a=setup:actpass"]
    return "\r\n".join(lines) + "\r\n"


def offer(target: str, number: int) -> str:
    return json.dumps({"type": "offer", "target": target, "data": {"type": "offer", "sdp": sdp(number)}})


def candidate(target: str, number: int) -> str:
    data = {"candidate": f"candidate:{number} 1 udp 2113937151 192.168.1.20 50123 typ host", "sdpMid": "0"}
    return json.dumps({"type": "ice-candidate", "target": target, "data": data})


def peer_offer(target: str, number: int) -> str:
    """The same in the words of PeerServer."""
    payload = {"type": "data", "sdp": {"type": "offer", "sdp": sdp(number)}}
    return json.dumps({"type": "OFFER", "dst": target, "payload": payload})


def peer_candidate(target: str, number: int) -> str:
    data = {"candidate": f"candidate:{number} 1 udp 2113937151 192.168.1.20 50123 typ host", "sdpMid": "0"}
    return json.dumps({"type": "CANDIDATE", "dst": target, "payload": {"type": "data", "candidate": data}})


class Client(asyncio.Protocol):
    """One WebSocket. Counts frames, and remembers when each came if `times` is set."""

    def __init__(self, path: str = "/ws") -> None:
        self._path = path
        self.frames = 0
        self.times: list[float] | None = None
        self.opened = asyncio.get_running_loop().create_future()
        self.wanted: tuple[int, asyncio.Future[None]] | None = None
        self.first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._buffer = bytearray()
        self._upgraded = False
        self._writable = asyncio.Event()
        self._writable.set()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(UPGRADE.format(path=self._path).encode())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._upgraded:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            del self._buffer[: end + 4]
            self._upgraded = True
            self.opened.set_result(None)
        at, buffer = 0, self._buffer
        while len(buffer) - at >= 2:
            size, head = buffer[at + 1], 2
            if size == 126:
                if len(buffer) - at < 4:
                    break
                size, head = struct.unpack_from("!H", buffer, at + 2)[0], 4
            if len(buffer) - at < head + size:
                break
            at += head + size
            self.frames += 1
            if self.times is not None:
                self.times.append(time.perf_counter())
        if at:
            del buffer[:at]
            if not self.first.done():
                self.first.set_result(None)
            if self.wanted is not None and self.frames >= self.wanted[0] and not self.wanted[1].done():
                self.wanted[1].set_result(None)

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    async def until(self, frames: int) -> None:
        if self.frames < frames:
            self.wanted = (frames, asyncio.get_running_loop().create_future())
            await self.wanted[1]

    async def write(self, data: bytes) -> None:
        await self._writable.wait()
        self.transport.write(data)


PEER = "peer"
"""The server that speaks PeerServer's protocol."""


async def join(port: int, id: str, name: str = "") -> Client:
    """A client that has registered at the server of that name."""
    path = f"/peerjs?key=peerjs&id={id}&token=t" if name == PEER else "/ws"
    _, client = await asyncio.get_running_loop().create_connection(lambda: Client(path), "127.0.0.1", port)
    await client.opened
    if name != PEER:
        await client.write(frame(json.dumps({"type": "register", "client_id": id})))
    await client.first
    return client


async def crowd(port: int, count: int, prefix: str, name: str = "") -> tuple[list[Client], list[float]]:
    """So many clients that have registered, 50 at a time, and the seconds that each took from the start of its
    connection."""
    gate = asyncio.Semaphore(50)

    async def one(n: int) -> tuple[Client, float]:
        async with gate:
            begun = time.perf_counter()
            client = await join(port, f"{prefix}{n}", name)
            return client, time.perf_counter() - begun

    made = await asyncio.gather(*(one(n) for n in range(count)))
    return [client for client, _ in made], sorted(took for _, took in made)


def leave(*clients: Client) -> None:
    """Cut the connections."""
    for client in clients:
        client.transport.abort()
