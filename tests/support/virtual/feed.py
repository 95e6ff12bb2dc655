"""One connection of the server on a loop and a transport that are lists, and the library's own parser beside it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.datastructures import Headers
from websockets.frames import DATA_OPCODES, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import Protocol, Side, State
from websockets.server import ServerProtocol

from formant_net.aio.server.connection import feed, frames
from formant_net.aio.server.connection.arrivals import Arrivals
from formant_net.aio.server.connection.feed import FairConnection
from formant_net.server.access.limits import Limits

MESSAGE_BYTES = 300
LARGE_BYTES, SLICE_BYTES = 200, 64
"""Small, so that short inputs meet every limit."""


@dataclass
class Told:
    """What a parser made of some bytes.

    messages   texts and binary messages, in order
    written    what it answered: pongs, and a close frame if there is one
    refused    the code of the close frame that it sent, None if it goes on
    """

    messages: list[str | bytes] = field(default_factory=list)
    written: bytes = b""
    refused: int | None = None


class _Handle:
    def cancel(self) -> None: ...


class _Loop:
    """As much of a loop as a connection uses. Timers never fire."""

    def __init__(self) -> None:
        self.soon: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()

    def time(self) -> float:
        return 0.0

    def create_future(self) -> None:
        return None

    def call_later(self, delay: float, what: Callable[..., None], *args: Any) -> _Handle:
        return _Handle()

    def call_soon(self, what: Callable[..., None], *args: Any) -> None:
        self.soon.append((what, args))

    def run(self) -> None:
        while self.soon:
            what, args = self.soon.popleft()
            what(*args)


class _Transport:
    def __init__(self) -> None:
        self.written = bytearray()
        self.closing = False
        self.reading = True

    def write(self, data: bytes) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self.closing

    def abort(self) -> None:
        self.closing = True

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None: ...

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def set_write_buffer_limits(self, high: int, low: int | None) -> None: ...

    def get_write_buffer_size(self) -> int:
        return 0


class _Server:
    def __init__(self) -> None:
        self.all_connections: set[object] = set()

    def is_serving(self) -> bool:
        return True


class _Connection(FairConnection):
    limits = Limits(message_bytes=MESSAGE_BYTES, control_burst=10**9)
    told: list[str | bytes]

    def ended(self) -> None: ...

    def said(self, message: str | bytes) -> None:
        self.told.append(message)


class _Asking(_Connection):
    """It keeps the requests that come, and gives each the same answer, or opens the WebSocket at /ws."""

    limits = Limits(request_bytes=4 * feed.SLICE_BYTES)
    asked: list[Request]

    def answer(self, request: Request) -> Response | None:
        self.asked.append(request)
        return None if request.path == "/ws" else Response(204, "No Content", Headers())


@contextmanager
def _running(loop: _Loop) -> Iterator[None]:
    before = asyncio._get_running_loop()
    asyncio._set_running_loop(loop)  # type: ignore[arg-type]
    try:
        yield
    finally:
        asyncio._set_running_loop(before)


@contextmanager
def _limits(small: bool) -> Iterator[None]:
    before = frames.LARGE_BYTES, feed.SLICE_BYTES
    frames.LARGE_BYTES = LARGE_BYTES if small else 2 * MESSAGE_BYTES  # never more than the library accepts
    if small:
        feed.SLICE_BYTES = SLICE_BYTES
    try:
        yield
    finally:
        frames.LARGE_BYTES, feed.SLICE_BYTES = before


def by_server(chunks: Sequence[bytes], *, known: bool, small: bool = True, eager: bool = True) -> Told:
    """What the server's connection makes of the chunks, as they come from the socket.

    known    it has registered
    small    a frame of more than `LARGE_BYTES` is a large one, and a slice has `SLICE_BYTES`
    eager    the loop turns after each chunk; if not, only when the socket is not read any more, and at the end
    """
    loop, transport = _Loop(), _Transport()
    with _limits(small), _running(loop):
        protocol = _protocol()
        connection = _Connection(protocol, _Server())  # type: ignore[arg-type]
        connection.arrivals = Arrivals(loop)  # type: ignore[arg-type]
        connection.told = []
        connection.connection_made(transport)  # type: ignore[arg-type]
        connection.request = Request("/ws", Headers())
        connection._open, connection.turns = True, None if known else connection.arrivals
        for chunk in chunks:
            connection.data_received(chunk)
            if eager or not transport.reading:
                loop.run()
            assert transport.reading, "nothing waits and the socket is not read"
        loop.run()
    sent = protocol.close_sent
    return Told(connection.told, bytes(transport.written), None if sent is None else int(sent.code))


@dataclass
class Asked:
    """What became of the bytes of a connection that has just begun.

    requests   each that was answered: method, path, protocol and headers
    cut        the connection was cut without an answer
    status     the first line of what was written, b"" if nothing was
    """

    requests: list[tuple[str, str, str, list[tuple[str, str]]]]
    cut: bool
    status: bytes


def asked_of_server(chunks: Sequence[bytes]) -> Asked:
    """What the server's connection makes of the chunks as HTTP."""
    loop, transport = _Loop(), _Transport()
    with _running(loop):
        connection = _Asking(ServerProtocol(max_size=2 * MESSAGE_BYTES), _Server())  # type: ignore[arg-type]
        connection.arrivals = Arrivals(loop)  # type: ignore[arg-type]
        connection.told, connection.asked = [], []
        connection.connection_made(transport)  # type: ignore[arg-type]
        for chunk in chunks:
            if transport.closing:
                break
            connection.data_received(chunk)
            loop.run()
        return Asked(
            [_plain(each) for each in connection.asked],
            transport.closing,
            bytes(transport.written).partition(b"\r\n")[0],
        )


def asked_of_library(data: bytes) -> Asked:
    """What the library's parser makes of the first request in all of it. It cuts nothing."""
    protocol = ServerProtocol()
    protocol.receive_data(data[: data.find(b"\r\n\r\n") + 4] if b"\r\n\r\n" in data else data)
    found = [_plain(event) for event in protocol.events_received() if isinstance(event, Request)]
    return Asked(found, False, b"".join(protocol.data_to_send()).partition(b"\r\n")[0])


def _plain(request: Request) -> tuple[str, str, str, list[tuple[str, str]]]:
    return request.method, request.path, request.protocol, list(request.headers.raw_items())


def by_library(data: bytes) -> Told:
    """What the library's parser makes of all of it, as its connections do: pieces joined, then read as text."""
    protocol = _protocol()
    protocol.receive_data(data)
    told = Told(written=b"".join(protocol.data_to_send()))
    pieces: list[Frame] = []
    for event in protocol.events_received():
        assert isinstance(event, Frame)
        if event.opcode not in DATA_OPCODES:
            continue
        pieces.append(event)
        if not event.fin:
            continue
        whole, kind = b"".join([bytes(piece.data) for piece in pieces]), pieces[0].opcode
        pieces = []
        if kind is Opcode.BINARY:
            told.messages.append(whole)
            continue
        try:
            told.messages.append(whole.decode())
        except UnicodeDecodeError:
            told.refused = 1007
            return told
    told.refused = None if protocol.close_sent is None else int(protocol.close_sent.code)
    return told


def _protocol() -> Protocol:
    return Protocol(Side.SERVER, state=State.OPEN, max_size=2 * MESSAGE_BYTES)
