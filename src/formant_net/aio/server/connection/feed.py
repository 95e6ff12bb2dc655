"""A WebSocket connection that reads its client's data in short turns, so that other clients are served in between.

An event loop hands over up to 256 kB at once. As frames of six bytes that is 40,000 frames and a second of work, during
which no other client is served. Here a turn lasts half a millisecond and reads a frame at a time, or 2 kB of a large
one. Then the others have their turns, and flow control makes the client wait. Frames without a whole message (pings,
fragments) are counted against a limit: a browser sends a few a minute.
"""

from __future__ import annotations

import asyncio
from typing import ClassVar

from websockets.frames import DATA_OPCODES, Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State

from formant_net.aio.driver import clock
from formant_net.aio.server.connection.arrivals import Arrivals
from formant_net.aio.server.connection.frames import NOT_YET, TEXT, Bytes, frame_end, text_of
from formant_net.aio.server.connection.taskless import TasklessConnection
from formant_net.server.access.limits import Limits
from formant_net.timers.allowance import Allowance

SLICE_BYTES = 2048
TURN_S = 0.0005
"""Seconds of one client's turn: its slices are read until this time has passed."""
HOLD_BYTES = 16 * SLICE_BYTES
"""Unread bytes above which the socket is not read any more. Below this, pausing would cost more than it saves: two
system calls for each slice."""


class FairConnection(TasklessConnection):
    """It also calls `heard` for a slice without a message, and `flooded` before it cuts a connection."""

    limits: ClassVar[Limits]
    arrivals: Arrivals
    """The queue of those that nobody knows yet."""
    group = ""
    """The token and the address that it is counted with."""
    unsent = 0
    """Bytes that it had not read when they were last looked at, if it is a slow reader."""
    turns: Arrivals | None
    """The queue that it waits in. None: a player or a box, whose data is read at once."""

    def heard(self) -> None:
        """A slice without a message has come. It is a sign of life."""

    def flooded(self) -> None:
        """Too many frames without a message have come."""

    def stop_listening(self) -> None:
        """Ignore what comes from now on. Messages to the client still go out."""
        self._deaf = True
        self._forget()
        self.transport.pause_reading()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._backlog = bytearray()
        self._at = 0
        self._in_frames = True
        self._spoke = False
        self._holding = False
        self._deaf = self._paused = False
        self._asked = 0
        self._head = b""
        self._odd: Allowance | None = None
        self.turns = self.arrivals
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        if self.turns is None and self._in_frames and not self._backlog and frame_end(data, 0) == len(data):
            self._frame_came(data, 0, len(data))  # nearly always
            return
        self._backlog += data
        if self._holding:
            if len(self._backlog) - self._at > HOLD_BYTES:
                self._hold()
        elif self.turns is None:
            self.feed()
        else:
            self._holding = True
            self.turns.add(self)

    def send_data(self) -> None:
        """Send the answers to a slice in one write.

        A slice may hold 340 pings. Their pongs, written one by one to a socket that the other side has reset, would log
        hundreds of warnings.
        """
        waiting = self.protocol.writes
        if not waiting:
            return
        frames = sum(1 for data in waiting if data)  # an empty item is always the last; it closes our side
        waiting[:frames] = [b"".join(waiting[:frames])] if frames else []
        super().send_data()

    def eof_received(self) -> None:
        while not self.transport.is_closing() and self._take():
            pass
        super().eof_received()

    def _forget(self) -> None:
        self._backlog.clear()
        self._at = 0

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        super().connection_lost(exc)

    def process_event(self, event: Request | Frame) -> None:  # type: ignore[override]
        if isinstance(event, Frame):
            if event.fin and event.opcode in DATA_OPCODES and event.opcode is not Opcode.CONT:
                self._spoke = True
            elif self.transport.is_closing() or not self._odd_one():
                return
        super().process_event(event)

    def _odd_one(self) -> bool:
        """Count a frame that is no whole message. Returns False, and cuts the connection, if it is one too many."""
        now = clock()
        if self._odd is None:
            self._odd = Allowance(self.limits.control_per_s, self.limits.control_burst, now)
        if self._odd.take(now):
            return True
        self.flooded()
        self._forget()
        self.transport.abort()
        return False

    def feed(self) -> None:
        """Take a turn."""
        self._holding = False
        end = clock() + TURN_S
        more = True
        while not self.transport.is_closing() and (more := self._take()):
            if clock() >= end:
                break
        if self.transport.is_closing():
            self._forget()
        elif more and self._backlog:
            if len(self._backlog) - self._at > HOLD_BYTES:
                self._hold()
            self._holding = True
            if self.turns is None:
                self.loop.call_soon(self.feed)
            else:
                self.turns.add(self)
        elif self._paused and not self._deaf:
            self._paused = False
            self.transport.resume_reading()

    def _take(self) -> bool:
        """Read a frame, or a slice of what is no frame or a large one. Returns False if more has to come first."""
        backlog, at = self._backlog, self._at
        if not backlog:
            return False
        if self.request is None:
            self._request_slice()
            return True
        if self.protocol.state is State.CONNECTING:
            self._forget()
            return False
        if self._in_frames:
            end = frame_end(backlog, at)
            if end > 0:
                if backlog[at] != TEXT:
                    end = self._odd_end(end)
                if end == len(backlog):
                    self._backlog, self._at = bytearray(), 0
                else:
                    self._at = end
                self._frame_came(backlog, at, end)
                return True
            if end == NOT_YET:
                del backlog[:at]
                self._at = 0
                self.heard()
                return False
            self._in_frames = False  # from now on the library finds the frames
        self._library(self._slice())
        return True

    def _odd_end(self, end: int) -> int:
        """Where the frames that are no texts end, within a slice: they are answered together."""
        backlog, most = self._backlog, self._at + SLICE_BYTES
        while end < most and (after := frame_end(backlog, end)) > 0 and backlog[end] != TEXT:
            end = after
        return end

    def _frame_came(self, data: Bytes, at: int, end: int) -> None:
        """A whole frame, or several that are no texts. The library is between two frames, so it can be passed over."""
        if self._pieces is None and self.protocol.state is State.OPEN:
            text = text_of(data, at, end)
            if text is not None and len(text) <= self.limits.message_bytes:
                self.message(Opcode.TEXT, text)
                return
        self._library(bytes(data[at:end]))

    def _library(self, data: bytes) -> None:
        self._spoke = False
        super().data_received(data)
        if not self._spoke:
            self.heard()

    def _slice(self) -> bytes:
        data = bytes(self._backlog[self._at : self._at + SLICE_BYTES])
        self._at += SLICE_BYTES
        if self._at >= len(self._backlog):
            self._forget()
        return data

    def _request_slice(self) -> None:
        self._asked += min(SLICE_BYTES, len(self._backlog) - self._at)
        if self._asked > self.limits.request_bytes:
            self.flooded()
            self.transport.abort()
            return
        super().data_received(self._one_request(self._slice()))

    def _one_request(self, data: bytes) -> bytes:
        """The part of `data` that belongs to the first request of a connection.

        A second request that follows before the answer ("pipelining") is dropped.
        """
        end = (self._head + data).find(b"\r\n\r\n")
        if end >= 0:
            data = data[: end + 4 - len(self._head)]
            self._forget()
        self._head = (self._head + data)[-3:]
        return data

    def _hold(self) -> None:
        if not self._paused:
            self._paused = True
            self.transport.pause_reading()
