"""A connection that takes its turn: what one client sends is read a little at a time, and the others come in between.

An event loop hands over up to 256 kB at once. As frames of six bytes that is 40,000 frames and a second of work during
which nobody else is heard. Here 2 kB are read, then everybody else has a turn; meanwhile the client's own kernel makes
it wait. Frames that carry no message (pings, pieces of one) are counted: a browser sends a few a minute.
"""

from __future__ import annotations

import asyncio
from typing import ClassVar

from websockets.asyncio.server import ServerConnection
from websockets.frames import Frame, Opcode
from websockets.http11 import Request

from formant_net.allowance import Allowance
from formant_net.limits import Limits

SLICE_BYTES = 2048


class FairConnection(ServerConnection):
    """`heard` is called for each slice, `flooded` before a connection is cut for its frames."""

    limits: ClassVar[Limits]

    def heard(self) -> None:
        """Something has come: a sign of life, whatever it is."""

    def flooded(self) -> None:
        """Too many frames without a message have come."""

    def stop_listening(self) -> None:
        """What comes from now on is not read any more; what is sent still goes out."""
        self._deaf = True
        self._backlog.clear()
        self.transport.pause_reading()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._backlog = bytearray()
        self._holding = False
        self._deaf = False
        self._asked = 0
        self._odd = Allowance(self.limits.control_per_s, self.limits.control_burst, self.loop.time())
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            self.transport.pause_reading()
            return
        self._backlog += data
        if self._holding:
            self._hold()  # the library has let the transport go on meanwhile
        else:
            self._feed()

    def eof_received(self) -> None:
        while self._backlog and not self.transport.is_closing():
            self._take()
        super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._backlog.clear()
        super().connection_lost(exc)

    def process_event(self, event: Request | Frame) -> None:  # type: ignore[override]
        if isinstance(event, Frame) and not (event.fin and event.opcode in (Opcode.TEXT, Opcode.BINARY)):
            if self.transport.is_closing():
                return
            if not self._odd.take(self.loop.time()):
                self.flooded()
                self._backlog.clear()
                self.transport.abort()
                return
        super().process_event(event)

    def _feed(self) -> None:
        self._holding = False
        if self._backlog and not self.transport.is_closing():
            self._take()
        if self.transport.is_closing():
            self._backlog.clear()
        elif self._backlog:
            self._hold()
            self._holding = True
            self.loop.call_soon(self._feed)
        elif not (self._deaf or self.recv_messages.paused):
            self.transport.resume_reading()

    def _take(self) -> None:
        if self.request is None:
            self._asked += min(SLICE_BYTES, len(self._backlog))
            if self._asked > self.limits.request_bytes:
                self.flooded()
                self.transport.abort()
                return
        data = bytes(self._backlog[:SLICE_BYTES])
        del self._backlog[:SLICE_BYTES]
        super().data_received(data)
        self.heard()

    def _hold(self) -> None:
        self.transport.pause_reading()
