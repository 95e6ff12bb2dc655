"""The server's shell: websockets in, hub, websockets out, one timer.

A connection is one handler task with one `finally`. Frames go out by `broadcast`, which writes without waiting; the
transport's own write buffer is each client's bounded queue, and who lets it run full is closed.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol, cast

from websockets.asyncio.server import Server as WebSocketServer
from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State

from formant_net.aio.feed import FairConnection
from formant_net.aio.gate import Gate, Proxies
from formant_net.aio.http import Pages
from formant_net.aio.static import Asset
from formant_net.hub import Hub
from formant_net.hub_outputs import Close, Event, Post, Probe, Send, SendAll
from formant_net.limits import Limits
from formant_net.line_limit import LineLimit
from formant_net.log import get_logger
from formant_net.messages import Error, encode
from formant_net.origin import Origins

_CLOSE_TIMEOUT_S = 2.0


class Carrier(Protocol):
    """What takes the hub's words to other edges, and the registry's to its engine (aio/engine.py)."""

    def post(self, post: Post) -> None: ...

    def flush(self) -> None:
        """Called after each change."""


class EdgeServer:
    """One edge: a hub and the sockets of its clients."""

    def __init__(
        self,
        hub: Hub,
        *,
        assets: Mapping[str, Asset],
        version: str,
        limits: Limits | None = None,
        origins: Origins | None = None,
        proxies: Proxies | None = None,
        secure: bool = False,
        hsts: bool = False,
    ) -> None:
        self._hub = hub
        self._version = version
        self._limits = limits or Limits()
        self._gate = Gate(hub.addresses, self._limits.clients, origins or Origins(), proxies or Proxies())
        self._log = get_logger()
        self._pages = Pages(assets, self.health, self._ice_servers, secure=secure, hsts=hsts, connect=hub.other_sockets)
        self._raw: set[FairConnection] = set()
        self._sockets: dict[int, FairConnection] = {}
        self._conns: dict[FairConnection, int] = {}
        self._last = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._slow_readers = 0
        self._turned_away = 0
        self._lines = LineLimit()
        self._faults = 0
        self._carrier: Carrier | None = None
        self._started = 0.0
        self._stopping = False

    def attach(self, carrier: Carrier) -> None:
        """There are other edges, and this is the way to them."""
        self._carrier = carrier

    def change(self, change: Callable[[float], None]) -> None:
        """Let a core take in news from elsewhere: `change(now)`. Then all that follows from it is done."""
        self._change(change)

    async def wind_down(self, within_s: float) -> None:
        """Ask all clients to go elsewhere; returns when they have, or when the time is over. Routing goes on."""
        self._change(lambda now: self._hub.wind_down(within_s, now))
        end = self._loop.time() + within_s
        while self._hub.clients() and self._loop.time() < end:
            await asyncio.sleep(0.05)

    @asynccontextmanager
    async def listening(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
        """Serve while the block runs; gives the port. Raises OSError if it cannot be had. The end closes with 1001."""
        self._loop = asyncio.get_running_loop()
        self._started = self._loop.time()
        edge = self

        class Connection(FairConnection):
            """Tells the hub of every sign of life: pongs, and pings of a client's own, never reach `recv`."""

            limits = self._limits

            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                super().connection_made(transport)
                edge._raw.add(self)
                if not edge._gate.opened(self, len(edge._raw), edge._loop.time()):
                    edge._turned_away += 1
                    self.transport.abort()

            def connection_lost(self, exc: Exception | None) -> None:
                super().connection_lost(exc)
                edge._raw.discard(self)
                edge._gate.closed(self)

            def heard(self) -> None:
                edge._heard(self)

            def flooded(self) -> None:
                edge._turned_away += 1
                edge._gate.flooded(self, edge._loop.time())

        secure: dict[str, Any] = {}
        if tls is not None:
            secure = {"ssl": tls, "ssl_handshake_timeout": self._limits.handshake_s}
        server = serve(
            self._client,
            host,
            port,
            process_request=self._request,
            create_connection=Connection,
            compression=None,  # 50 kB a connection instead of 15, for messages of 200 bytes
            ping_interval=None,  # the hub decides who is asked for a sign of life, and when
            open_timeout=self._limits.handshake_s,
            close_timeout=_CLOSE_TIMEOUT_S,
            # A message just beyond the limit is refused in words; one of twice the limit ends its connection (1009).
            max_size=2 * self._limits.message_bytes,
            server_header=None,
            **secure,
        )
        async with server as listening:
            try:
                yield _port(listening)
            finally:
                self._stopping = True
                if self._timer is not None:
                    self._timer.cancel()
                listening.close()  # with 1001, "going away"
                for silent in [socket for socket in self._raw if socket.protocol.state is State.CONNECTING]:
                    silent.transport.abort()  # browsers open sockets in advance; nobody waits for those
                await listening.wait_closed()
                for task in list(self._tasks):
                    task.cancel()

    def keys_changed(self) -> None:
        """Keys were added or withdrawn."""
        self._change(self._hub.on_access)

    def health(self) -> dict[str, Any]:
        """What /healthz says."""
        roles = list(self._hub.clients().values())
        counters = self._hub.counters
        degraded = self._hub.degraded()
        return {
            "status": "degraded" if degraded else "ok",
            "degraded": degraded,
            "version": self._version,
            "edge": self._hub.edge,
            "location": self._hub.place.location,
            "edges": self._hub.edges(),
            "uptime_s": round(self._loop.time() - self._started, 1),
            "synths": roles.count("synth"),
            "controllers": roles.count("controller"),
            "connections": len(self._sockets),
            "counters": {
                "received": counters.received,
                "routed": counters.routed,
                "relayed": counters.relayed,
                "joined": counters.joined,
                "left": counters.left,
                "expired": counters.expired,
                "unknown_types": counters.unknown_types,
                "errors": dict(counters.errors),
                "slow_readers": self._slow_readers,
                "turned_away": self._turned_away,
                "internal_faults": self._faults,
            },
        }

    def _ice_servers(self, key: str | None, address: str) -> list[dict[str, Any]]:
        now = self._loop.time()
        self._hub.wall_offset_s = time.time() - now
        return self._hub.ice_servers_for(key, address, now)

    # --- sockets in ------------------------------------------------------------------------------------------------

    def _request(self, connection: ServerConnection, request: Request) -> Response | None:
        path = request.path.partition("?")[0]
        if (refused := self._gate.refusal(connection, request, path)) is not None:
            return self._pages.refuse(*refused)
        if path == "/ws":
            return None
        return self._pages.answer(request, self._gate.address_of(connection))

    async def _client(self, accepted: ServerConnection) -> None:
        socket = cast(FairConnection, accepted)  # what `create_connection` made
        self._last += 1
        conn = self._last
        self._sockets[conn] = socket
        self._conns[socket] = conn
        try:
            address = self._gate.address_of(socket)
            self._change(lambda now: self._hub.connect(conn, now, address), conn)
            async for frame in socket:
                self._change(lambda now, frame=frame: self._hub.receive_frame(conn, frame, now), conn)  # type: ignore[misc]
        except ConnectionClosed:
            pass  # how it ended makes no difference: the same clean-up follows
        finally:
            del self._sockets[conn], self._conns[socket]
            self._change(lambda now: self._hub.disconnect(conn, now), conn)

    def _heard(self, socket: FairConnection) -> None:
        conn = self._conns.get(socket)
        if conn is not None:
            self._change(lambda now: self._hub.alive(conn, now), conn)

    def _change(self, change: Callable[[float], None], conn: int | None = None) -> None:
        """Let the hub take in one change, then do all that follows from it."""
        now = self._loop.time()
        self._hub.wall_offset_s = time.time() - now  # the wall clock may have been put right meanwhile
        try:
            change(now)
        except Exception:
            # Our own fault, not the client's: one message is lost, the server stays.
            self._faults += 1
            self._log.exception("internal fault", conn=conn)
            socket = self._sockets.get(conn) if conn is not None else None
            if socket is not None:
                text = "the server failed to handle this message: its log says why"
                broadcast([socket], encode(Error(code="internal", message=text)))
        self._carry_out()
        if self._carrier is not None:
            self._carrier.flush()
        self._arm()

    # --- sockets out -----------------------------------------------------------------------------------------------

    def _carry_out(self) -> None:
        for output in self._hub.drain():
            match output:
                case Send(to, message):
                    self._write(to, (message if isinstance(message, str) else encode(message),))
                case SendAll(to, messages):
                    self._write(to, tuple(map(encode, messages)))
                case Close(conn, code, reason):
                    if conn in self._sockets:
                        self._start(self._sockets[conn].close(code, reason))
                        if reason == "too-fast":  # it would go on until the closing handshake is given up
                            self._sockets[conn].stop_listening()
                case Post():
                    if self._carrier is not None:
                        self._carrier.post(output)
                case Probe(conn):
                    if conn in self._sockets:
                        self._start(self._ping(self._sockets[conn]))
                case Event(level, name, fields):
                    if not self._stopping:  # the end of the server is one line, not one for every client
                        self._tell(level, name, fields)

    def _write(self, to: tuple[int, ...], texts: tuple[str, ...]) -> None:
        """The same to all, in order. Several go in one write: in a storm of joins the system calls cost the most."""
        sockets = [self._sockets[conn] for conn in to if conn in self._sockets]
        if len(texts) == 1:
            broadcast(sockets, texts[0])
        else:
            frames = b"".join(Frame(Opcode.TEXT, text.encode()).serialize(mask=False) for text in texts)
            for socket in sockets:
                # As `broadcast` does. We never send a message in fragments, so a frame is not in another's way.
                if socket.protocol.state is State.OPEN:
                    socket.transport.write(frames)
        for socket in sockets:
            if socket.transport.get_write_buffer_size() > self._limits.unsent_bytes:
                self._drop_slow(socket)

    def _tell(self, level: str, name: str, fields: Mapping[str, Any]) -> None:
        if self._lines.write(name, self._loop.time()):
            getattr(self._log, level)(name, **fields)
        elif self._lines.just_full(name):
            self._log.warning("too many lines, the rest of 10 s is left out", about=name)

    def _drop_slow(self, socket: ServerConnection) -> None:
        if socket.transport.is_closing():
            return
        self._slow_readers += 1
        self._tell("warning", "slow reader closed", {"unsent_bytes": socket.transport.get_write_buffer_size()})
        socket.transport.abort()  # a close frame would wait behind everything that is stuck

    async def _ping(self, socket: ServerConnection) -> None:
        with suppress(ConnectionClosed):  # which its handler notices, as `_heard` notices the pong
            await socket.ping()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._log.warning("closing a connection failed", reason=str(error))

    # --- the one timer ---------------------------------------------------------------------------------------------

    def _arm(self) -> None:
        deadline = self._hub.next_deadline()
        if self._stopping or deadline is None or (self._timer is not None and self._timer.when() <= deadline):
            return  # a timer that comes too early does nothing and is set anew: cheaper than moving it at each frame
        if self._timer is not None:
            self._timer.cancel()
        # Not before the next millisecond: an event loop may round, and a deadline is over strictly after its moment.
        self._timer = self._loop.call_at(max(deadline, self._loop.time() + 0.001), self._time_passed)

    def _time_passed(self) -> None:
        self._timer = None
        self._change(self._hub.on_deadline)


def _port(server: WebSocketServer) -> int:
    return int(next(iter(server.sockets)).getsockname()[1])
