"""A UDP port for OSC. All datagrams that have come are read at once: a turn of the loop for each would lose some."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

from formant_net.osc.codec import MOST_BYTES
from formant_net.osc.fingers import Sender

Batch = list[tuple[Sender, bytes]]
AT_ONCE = 256
"""Datagrams that are read before other work of the loop has its turn."""
BUFFER_BYTES = 1 << 20
"""What the kernel may keep meanwhile. Without asking it keeps some 280 small datagrams."""


class ListenError(Exception):
    """The port cannot be opened. The text says why and what to do."""


class Datagrams:
    """An open port. `take` is called in the loop with what came, in order."""

    def __init__(self, host: str, port: int, take: Callable[[Batch], None]) -> None:
        self._take = take
        self._loop = asyncio.get_running_loop()
        self._socket = _opened(host, port)
        self._watched = True
        try:
            self._loop.add_reader(self._socket, self._read)
        except NotImplementedError:  # the loop of Windows
            self._watched = False
            self._poll()

    @property
    def address(self) -> Sender:
        """Host and port that it listens on."""
        host, port = self._socket.getsockname()[:2]
        return host, port

    def send(self, to: Sender, data: bytes) -> None:
        """Send a datagram. What cannot be sent is lost, as any datagram may be."""
        with suppress(OSError):
            self._socket.sendto(data, to)

    def close(self) -> None:
        """Let go of the port."""
        if self._watched:
            self._loop.remove_reader(self._socket)
        self._socket.close()

    def _read(self) -> None:
        batch: Batch = []
        with suppress(OSError):  # nothing more is there; or a port that we sent to is closed, which ends this turn only
            while len(batch) < AT_ONCE:
                data, sender = self._socket.recvfrom(MOST_BYTES + 1)
                batch.append(((sender[0], sender[1]), data))
        if batch:
            self._take(batch)

    def _poll(self) -> None:
        if self._socket.fileno() >= 0:
            self._read()
            self._loop.call_later(0.002, self._poll)


def _opened(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        opened = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise ListenError(f"{host!r} is no address of this machine: {error}") from error
    opened.setblocking(False)
    with suppress(OSError):
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
    try:
        opened.bind(address)
    except OSError as error:
        opened.close()
        raise ListenError(f"cannot listen on {host}:{port}: {error.strerror}. Choose another --listen") from error
    return opened
