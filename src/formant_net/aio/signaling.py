"""The client's WebSocket: opens, sends and closes what the core asks for, one attempt at a time."""

from __future__ import annotations

import asyncio
import os
import ssl
from typing import Any, ClassVar, Protocol
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from formant_net.aio.verify import NotTrusted, check_pin, client_context, unknown
from formant_net.effects import Check, Connect, Disconnect, Transmit
from formant_net.errors import ProtocolError
from formant_net.log import get_logger
from formant_net.messages import MAX_SIGNALING_BYTES, Message, Unknown, decode_signaling, encode
from formant_net.trust import Trust

OPEN_S = 10.0
CLOSE_S = 1.0
ALIVE_S = 10.0
"""The library pings so often and waits so long: a server that vanished without a word is noticed within 20 s."""
CHECK_S = 3.0
MAX_QUEUED = 256
"""Messages waiting for a slow socket; with more it is given up, and a fresh one starts with a fresh list."""


class SignalingEvents(Protocol):
    """Whom the socket tells what happened (the core's methods, through the driver)."""

    def opened(self, attempt: int) -> None: ...
    def closed(self, attempt: int, reason: str) -> None: ...
    def checked(self, number: int, ok: bool) -> None: ...
    def received(self, attempt: int, message: Message | Unknown) -> None: ...


class _Connection(ClientConnection):
    """Makes sure of the server before the first byte of ours is read by it."""

    trust: ClassVar[Trust]
    fault: NotTrusted | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        secure = transport.get_extra_info("ssl_object")
        if secure is None:
            return
        try:
            check_pin(self.trust, secure.getpeercert(binary_form=True))
        except NotTrusted as fault:
            self.fault = fault
            self.transport.abort()

    async def handshake(self, *args: Any, **options: Any) -> None:
        if self.fault is not None:
            raise self.fault
        await super().handshake(*args, **options)


def _knowing(trust: Trust) -> type[_Connection]:
    return type("_Knowing", (_Connection,), {"trust": trust})


class _Socket:
    """One attempt: its task, and what waits to be sent."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[str] = asyncio.Queue(MAX_QUEUED)
        self.task: asyncio.Task[None] | None = None


class SignalingSockets:
    """Carries out Connect, Transmit and Disconnect."""

    def __init__(self, events: SignalingEvents) -> None:
        self._events = events
        self._sockets: dict[int, _Socket] = {}
        self._checks: set[asyncio.Task[None]] = set()
        self._gone: set[str] = set()
        """Addresses that did not answer: the next attempt looks the name up again, for machines move."""
        self._log = get_logger()

    def connect(self, effect: Connect) -> None:
        """Start an attempt."""
        socket = self._sockets[effect.attempt] = _Socket()
        socket.task = asyncio.create_task(self._attempt(effect, socket))

    def check(self, effect: Check) -> None:
        """See how another server is."""
        task = asyncio.create_task(self._check(effect))
        self._checks.add(task)
        task.add_done_callback(self._checks.discard)

    def transmit(self, effect: Transmit) -> None:
        """Queue a message; without a socket it is dropped: the core makes good for it after the next registration."""
        socket = self._sockets.get(effect.attempt)
        if socket is None:
            return
        try:
            socket.queue.put_nowait(encode(effect.message))
        except asyncio.QueueFull:
            self._log.warning("server too slow, closing the connection", queued=MAX_QUEUED)
            if socket.task is not None:
                socket.task.cancel("server too slow")

    def disconnect(self, effect: Disconnect) -> None:
        """End an attempt; nothing more is told of it."""
        socket = self._sockets.pop(effect.attempt, None)
        if socket is not None and socket.task is not None:
            socket.task.cancel()

    async def close(self) -> None:
        """End all attempts and wait until they have ended."""
        for check in list(self._checks):
            check.cancel()
        tasks = [socket.task for socket in self._sockets.values() if socket.task is not None]
        self._sockets.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _check(self, effect: Check) -> None:
        place = urlsplit(effect.url)
        secure = place.scheme == "wss"
        try:
            async with asyncio.timeout(CHECK_S):
                reader, writer = await asyncio.open_connection(
                    effect.address or place.hostname,
                    place.port or (443 if secure else 80),
                    ssl=client_context(effect.trust) if secure else None,
                    server_hostname=place.hostname if secure else None,
                )
                try:
                    writer.write(f"GET /healthz HTTP/1.1\r\nHost: {place.netloc}\r\n\r\n".encode())
                    answer = await reader.read(65536)
                finally:
                    writer.close()
            well = answer.startswith(b"HTTP/1.1 200 ")
        except (OSError, TimeoutError, ValueError):
            well = False
        self._events.checked(effect.number, well)

    async def _attempt(self, effect: Connect, socket: _Socket) -> None:
        url, attempt = effect.url, effect.attempt
        address = effect.address if effect.address not in self._gone else None
        elsewhere: dict[str, Any] = {"host": address} if address else {}
        reason, open_once = "closed", False
        try:
            async with connect(
                url,
                **elsewhere,
                ssl=client_context(effect.trust) if url.startswith("wss:") else None,
                create_connection=_knowing(effect.trust),
                compression=None,
                proxy=None,  # an ensemble's server is on the LAN; a proxy for the web does not know the way
                open_timeout=OPEN_S,
                close_timeout=CLOSE_S,
                ping_interval=ALIVE_S,
                ping_timeout=ALIVE_S,
                max_size=MAX_SIGNALING_BYTES,
            ) as connection:
                open_once = True
                self._events.opened(attempt)
                writer = asyncio.create_task(_write(connection, socket.queue))
                try:
                    async for frame in connection:
                        self._read(attempt, frame)
                    reason = _words_of_close(connection)
                finally:
                    writer.cancel()
        except asyncio.CancelledError:
            reason = "given up"
            if attempt not in self._sockets:
                raise
        except ConnectionClosed as error:
            reason = f"closed: {error}"
        except TimeoutError:
            reason = f"no answer within {OPEN_S:g} s"
        except NotTrusted as error:
            reason = str(error)
        except ssl.SSLCertVerificationError as error:
            reason = unknown(error)
        except (OSError, WebSocketException, ValueError) as error:
            reason = _words_of_error(error)
        except Exception as error:
            self._log.exception("fault in the connection; trying again", server=url)
            reason = repr(error)
        if effect.address and not open_once:
            self._gone ^= {effect.address}
        if self._sockets.pop(attempt, None) is not None:
            self._events.closed(attempt, reason)

    def _read(self, attempt: int, frame: str | bytes) -> None:
        try:
            message = decode_signaling(frame)
        except ProtocolError as error:
            self._log.warning("server's message ignored", reason=str(error))
            return
        self._events.received(attempt, message)


async def _write(connection: ClientConnection, queue: asyncio.Queue[str]) -> None:
    try:
        while True:
            await connection.send(await queue.get())
    except ConnectionClosed:
        pass  # the reading side knows as well, and tells why


def _words_of_error(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno is not None and error.errno > 0:
        return os.strerror(error.errno).lower()
    return str(error) or type(error).__name__


def _words_of_close(connection: ClientConnection) -> str:
    code, reason = connection.close_code, connection.close_reason
    return f"server closed the connection ({code}{', ' + reason if reason else ''})"
