"""The client's WebSocket: opens, sends and closes what the core asks for, one attempt at a time."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Callable
from typing import Any, ClassVar, Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.uri import parse_uri

from formant_net.aio.client.health import health_of
from formant_net.aio.client.verify import NotTrusted, check_pin, client_context, unknown
from formant_net.aio.driver import clock
from formant_net.aio.lan.dial import dial
from formant_net.client.effects import Check, Connect, Disconnect, Transmit
from formant_net.ops.log import get_logger
from formant_net.protocol.codec import MAX_SIGNALING_BYTES, decode_signaling, encode
from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.messages import Message, Unknown
from formant_net.protocol.trust import Trust

CLOSE_S = 1.0
ALIVE_S = 10.0
"""Seconds between the library's pings, and for which it waits: a server that vanished is noticed within 20 s."""
TURN_S = 0.002
"""Seconds for which messages that came together are read; then touches have their turn. A storm of newcomers comes as
hundreds of messages at once."""
MAX_QUEUED = 256
"""Messages that may wait for a slow socket. With more the socket is closed, and a new one gets a new list."""


class SignalingCore(Protocol):
    """The core that is told what happens to sockets."""

    def opened(self, attempt: int, now: float) -> None: ...
    def closed(self, attempt: int, reason: str, now: float) -> None: ...
    def checked(self, number: int, ok: bool, now: float) -> None: ...
    def receive(self, attempt: int, message: Message | Unknown, now: float) -> None: ...


class _Connection(ClientConnection):
    """Verifies the server before it reads the first byte of ours."""

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
        self.connection: ClientConnection | None = None


class SignalingSockets:
    """Carries out Connect, Transmit and Disconnect.

    core    is told what comes of it
    tell    calls a method of the core with arguments and the time, and carries out what it asks for (Driver.tell)
    """

    def __init__(self, core: SignalingCore, tell: Callable[..., None]) -> None:
        self._core, self._tell = core, tell
        self._sockets: dict[int, _Socket] = {}
        self._checks: set[asyncio.Task[None]] = set()
        self._gone: set[str] = set()
        """Addresses that did not answer. The next attempt looks the name up again: the machine may have another one."""
        self._log = get_logger()

    @property
    def round_trip_s(self) -> float | None:
        """Round trip of the newest connection by its pings, s; None: none was answered yet."""
        connections = [socket.connection for socket in self._sockets.values() if socket.connection is not None]
        return (connections[-1].latency or None) if connections else None

    def connect(self, effect: Connect) -> None:
        """Start an attempt."""
        socket = self._sockets[effect.attempt] = _Socket()
        socket.task = asyncio.create_task(self._attempt(effect, socket))

    def check(self, effect: Check) -> None:
        """Check whether another server is well."""
        task = asyncio.create_task(self._check(effect))
        self._checks.add(task)
        task.add_done_callback(self._checks.discard)

    def transmit(self, effect: Transmit) -> None:
        """Queue a message. Without a socket it is dropped; the core recovers after the next registration."""
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
        well = False
        try:
            well = await health_of(effect.url, effect.trust, effect.address) is not None
        except Exception as error:
            self._log.warning("fault in the check of a server", server=effect.url, reason=repr(error))
        self._tell(self._core.checked, effect.number, well)

    async def _attempt(self, effect: Connect, socket: _Socket) -> None:
        url, attempt = effect.url, effect.attempt
        address = effect.address if effect.address not in self._gone else None
        reason, open_once = "closed", False
        try:
            place = parse_uri(url)
            context = client_context(effect.trust) if place.secure else None
            async with connect(
                url,
                sock=await dial(address or place.host, place.port),
                ssl=context,
                create_connection=_knowing(effect.trust),
                compression=None,
                proxy=None,  # an ensemble's server is on the LAN; a proxy for the web does not know the way
                open_timeout=None,  # the core gives it up (Timing.open_s)
                close_timeout=CLOSE_S,
                ping_interval=ALIVE_S,
                ping_timeout=ALIVE_S,
                max_size=MAX_SIGNALING_BYTES,
            ) as connection:
                open_once = True
                socket.connection = connection
                self._tell(self._core.opened, attempt)
                writer = asyncio.create_task(_write(connection, socket.queue))
                try:
                    turn_ends = clock() + TURN_S
                    async for frame in connection:
                        self._read(attempt, frame)
                        if clock() >= turn_ends:
                            await asyncio.sleep(0)
                            turn_ends = clock() + TURN_S
                    reason = _words_of_close(connection)
                finally:
                    writer.cancel()
        except asyncio.CancelledError:
            reason = "given up"
            if attempt not in self._sockets:
                self._answered(effect, open_once)
                raise
        except ConnectionClosed as error:
            reason = f"closed: {error}"
        except NotTrusted as error:
            reason = str(error)
        except ssl.SSLCertVerificationError as error:
            reason = unknown(error)
        except (OSError, WebSocketException, ValueError) as error:
            reason = _words_of_error(error)
        except Exception as error:
            self._log.exception("fault in the connection; trying again", server=url)
            reason = repr(error)
        self._answered(effect, open_once)
        if self._sockets.pop(attempt, None) is not None:
            self._tell(self._core.closed, attempt, reason)

    def _answered(self, effect: Connect, open_once: bool) -> None:
        """Note whether the address of an attempt was reached. If not, the next attempt looks the name up."""
        if effect.address and not open_once:
            self._gone ^= {effect.address}

    def _read(self, attempt: int, frame: str | bytes) -> None:
        try:
            message = decode_signaling(frame)
        except ProtocolError as error:
            self._log.warning("server's message ignored", reason=str(error))
            return
        self._tell(self._core.receive, attempt, message)


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
