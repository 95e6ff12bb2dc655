"""Writes frames to clients without waiting, each connection with one system call a turn, and closes slow readers.

The transport's write buffer is each client's bounded queue: a client whose buffer is full is closed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from websockets.asyncio.server import ServerConnection
from websockets.protocol import State

from formant_net.aio.server.connection.feed import FairConnection
from formant_net.ops.log import get_logger
from formant_net.server.access.limits import Limits

BEHIND_BYTES = 64 * 1024
"""Unread bytes beyond which a client counts as a slow reader."""


class Writes:
    """The frames that go out in this turn of the loop, and the clients that are slow to read them.

    sockets   the open connections by their numbers; frames for other numbers are dropped
    limits    bytes that one client may leave unread, and all slow readers together
    """

    def __init__(self, sockets: Mapping[int, FairConnection], limits: Limits) -> None:
        self.slow_readers = 0
        """Connections that were closed because they did not read."""
        self._sockets = sockets
        self._limits = limits
        self._log = get_logger()
        self._unsent: dict[FairConnection, list[bytes]] = {}
        self._behind: set[FairConnection] = set()
        """Those who had more than `BEHIND_BYTES` to read when something was last written to them."""
        self._unsent_bytes = 0

    def write(self, to: tuple[int, ...], frames: bytes) -> None:
        """Write the same frames to several connections, each with one system call: those cost the most when many join.

        As the library's `broadcast`, it does not wait. No frame can come inside another message, because this server
        sends no fragments.
        """
        for conn in to:
            socket = self._sockets.get(conn)
            if socket is None or socket.protocol.state is not State.OPEN:
                continue
            self._unsent.setdefault(socket, []).append(frames)
            if len(self._unsent) == 1 and len(self._unsent[socket]) == 1:
                asyncio.get_running_loop().call_soon(self.flush)

    def flush(self) -> None:
        """Write the frames that each connection got in this turn of the loop, with one system call each."""
        unsent, self._unsent = self._unsent, {}
        for socket, frames in unsent.items():
            if socket.protocol.state is not State.OPEN:
                continue
            socket.transport.write(frames[0] if len(frames) == 1 else b"".join(frames))
            size = socket.transport.get_write_buffer_size()
            if size > self._limits.unsent_bytes:
                self._drop(socket)
            elif size > BEHIND_BYTES:
                self._behind.add(socket)
                self._unsent_bytes += size - socket.unsent
                socket.unsent = size
                if self._unsent_bytes > self._limits.all_unsent_bytes:
                    self._drop_slowest()

    def forget(self, socket: FairConnection) -> None:
        """The connection has ended: its unread bytes count no more."""
        if socket in self._behind:
            self._behind.remove(socket)
            self._unsent_bytes -= socket.unsent
            socket.unsent = 0

    def _drop_slowest(self) -> None:
        """All slow readers together take too much memory. Those who have read meanwhile count no more."""
        for socket in list(self._behind):
            socket.unsent = socket.transport.get_write_buffer_size()
            if socket.unsent <= BEHIND_BYTES:
                self._behind.remove(socket)
                socket.unsent = 0
        self._unsent_bytes = sum(socket.unsent for socket in self._behind)
        for socket in sorted(self._behind, key=lambda one: (one.turns is None, -one.unsent)):  # guests first
            if self._unsent_bytes <= self._limits.all_unsent_bytes:
                break
            self.forget(socket)
            self._drop(socket)

    def _drop(self, socket: ServerConnection) -> None:
        if socket.transport.is_closing():
            return
        self.slow_readers += 1
        self._log.warning("slow reader closed", unsent_bytes=socket.transport.get_write_buffer_size())
        socket.transport.abort()  # a close frame would wait behind the data that is stuck


def text_frame(payload: bytes) -> bytes:
    """A text message as one unmasked frame, as a server sends it (RFC 6455 section 5.2)."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 65536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload
