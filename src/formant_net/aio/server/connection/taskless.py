"""A WebSocket connection of a server that needs no task: it acts when bytes come, and when a timer fires.

The library starts a task for each connection. The task waits for the request, answers it, waits for messages, and waits
for the end. A server with thousands of clients that hardly speak pays for it with a third of the time of a connection
and a quarter of its memory.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any, ClassVar

from websockets.asyncio.connection import Connection
from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.frames import DATA_OPCODES, CloseCode, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State

from formant_net.aio.server.connection.upgrade import upgraded

_OPENED = Request("/ws", Headers())


class _NoQueue:
    """In the place of the library's queue of messages, which nobody reads here."""

    paused = False

    def close(self) -> None: ...


class TasklessConnection(ServerConnection):
    """It calls `answer` with the request, `opened`, then `said` with each message, and `ended` once if it was open."""

    open_s: ClassVar[float] = 10.0
    """Seconds from the connection to a complete request, and that a plain answer may take."""
    end_s: ClassVar[float] = 2.0
    """Seconds that a client has to end the TCP connection after the server has said its last."""

    def answer(self, request: Request) -> Response | None:
        """The answer to the request, or None to open the WebSocket."""
        raise NotImplementedError

    def opened(self) -> None:
        """The WebSocket is open."""

    def said(self, message: str | bytes) -> None:
        """A message has come."""

    def ended(self) -> None:
        """The WebSocket was open and ends: nothing can be sent any more."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        Connection.connection_made(self, transport)  # not the server's, which starts the task
        self.recv_messages = _NoQueue()  # type: ignore[assignment]
        self.drain_waiters = ()  # type: ignore[assignment]  # an empty deque takes 600 bytes
        self._open = self._ending = False
        self._pieces: bytearray | None = None
        """What has come of a message in pieces; no list of them, for a peer may send a million empty ones."""
        self._pieces_are = Opcode.TEXT
        self._until = self.loop.time() + self.open_s
        self._overdue = self.loop.call_later(self.open_s, self.transport.abort)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        protocol = self.protocol
        if protocol.state is not State.OPEN and (protocol.state is State.CLOSED or protocol.close_expected()):
            self._closing()

    def eof_received(self) -> None:
        super().eof_received()
        self._closing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._pieces = None
        self._overdue.cancel()
        super().connection_lost(exc)
        self._end()

    def finish(self, code: int, reason: str) -> None:
        """Close the WebSocket after what was sent before, as the library's `close` does, without waiting."""
        if self.protocol.state is State.OPEN:
            self.protocol.send_close(code, reason)
            self.send_data()
            self._closing()

    def probe(self) -> None:
        """Ask the client for a sign of life."""
        if self.protocol.state is State.OPEN:
            self.protocol.send_ping(b"")
            self.send_data()

    async def drain(self) -> None:
        """Nobody waits here until a client has read: the server cuts a client that leaves too much unread."""

    def process_event(self, event: Request | Frame) -> None:  # type: ignore[override]
        if not isinstance(event, Frame):
            self._requested(event)
        elif event.opcode in DATA_OPCODES:
            self._frame(event)
        else:
            super().process_event(event)

    def _requested(self, request: Request) -> None:
        """Answer at once, as the library's `handshake` does in its task."""
        self.request = request
        try:
            response = self.answer(request)
        except Exception:
            self.logger.exception("a request could not be answered")
            response = self.protocol.reject(HTTPStatus.INTERNAL_SERVER_ERROR, "The log of the server says why.\n")
        if response is None:
            response = self._accept(request)
        if response is not None:
            self.protocol.send_response(response)
            self.send_data()
        if self.protocol.state is State.OPEN:
            self.request = _OPENED  # the headers of a browser take 2 kB
            self._overdue.cancel()
            self._open = True
            self.server.all_connections.add(self)  # which `Server.close` closes
            self.opened()

    def _accept(self, request: Request) -> Response | None:
        """Open the WebSocket, and return None; or the answer that is still to be sent."""
        if not self.server.is_serving():
            return self.protocol.reject(HTTPStatus.SERVICE_UNAVAILABLE, "The server is about to stop.\n")
        if (answer := upgraded(request)) is None:
            return self.protocol.accept(request)
        self.transport.write(answer)
        self.protocol.state = State.OPEN  # as its `send_response` does
        return None

    def _frame(self, frame: Frame) -> None:
        """A message, or a piece of one. The protocol has checked their order and the size of the whole."""
        if self._pieces is None:
            if frame.fin:
                self.message(frame.opcode, frame.data)
                return
            self._pieces, self._pieces_are = bytearray(), frame.opcode
        self._pieces += frame.data
        if frame.fin:
            whole, self._pieces = self._pieces, None
            self.message(self._pieces_are, whole)

    def message(self, opcode: Opcode, data: Any) -> None:
        """A whole message has come. After one that was refused, no other is read."""
        if not self._open:
            return
        if opcode is Opcode.BINARY:
            self.said(bytes(data))
            return
        try:
            text = str(data, "utf-8")
        except UnicodeDecodeError as error:
            self.protocol.fail(CloseCode.INVALID_DATA, f"{error.reason} at position {error.start}")
            self.send_data()
            self._closing()
            return
        self.said(text)

    def _closing(self) -> None:
        """The WebSocket ends, or was never opened: the client has a while to end the TCP connection."""
        self._end()
        if not self._ending:
            self._ending = True
            self._overdue.cancel()
            self._overdue = self.loop.call_later(self.end_s, self._cut)

    def _cut(self) -> None:
        if self.transport.get_write_buffer_size() and self.loop.time() < self._until:
            self._overdue = self.loop.call_later(self.end_s, self._cut)  # it is still reading a file of the page
        else:
            self.transport.abort()

    def _end(self) -> None:
        if self._open:
            self._open = False
            self.server.all_connections.discard(self)
            self.ended()
