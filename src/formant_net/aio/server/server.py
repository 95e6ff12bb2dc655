"""The server's shell: it carries messages between WebSockets and the hub.

Connections have no tasks: each calls the hub when something comes. What the hub sends is written without waiting
(writes.py).
"""

from __future__ import annotations

import asyncio
import math
import platform
import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol

from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response
from websockets.protocol import State

from formant_net.aio.driver import Driver, clock
from formant_net.aio.server.bind import BACKLOG, hosts_of, listen, port_of
from formant_net.aio.server.connection.arrivals import Arrivals
from formant_net.aio.server.connection.feed import FairConnection
from formant_net.aio.server.gate import READERS, SPARE_SOCKETS, Gate, Proxies, peer_of
from formant_net.aio.server.http import Pages
from formant_net.aio.server.static import Asset
from formant_net.aio.server.writes import Writes, text_frame
from formant_net.fleet.agreed import Keep
from formant_net.ops.log import get_logger
from formant_net.protocol.codec import encode_bytes
from formant_net.protocol.messages import Error
from formant_net.protocol.standing import Shares, Standing, is_phone
from formant_net.server.access.limits import Limits
from formant_net.server.access.origin import Origins
from formant_net.server.health.metrics import STALE, ServerView, render
from formant_net.server.health.view import boxes
from formant_net.server.hub import Hub
from formant_net.server.outputs import Close, Event, Output, Post, Probe, Send, SendAll
from formant_net.server.places import group_of_address
from formant_net.server.registry.registry import Restart, Write

_CLOSE_TIMEOUT_S = 2.0
WALL_S = 0.1
"""Seconds after which the wall clock is read again: it may have been corrected meanwhile."""


class CannotListen(OSError):
    """The server cannot listen on the address or port; `errno` and `strerror` say why. No other fault raises it."""


class Carrier(Protocol):
    """Takes the hub's messages to other edges, and the registry's writes to its engine (aio/server/engine.py)."""

    def carry(self, output: Post | Write | Restart | Keep) -> None: ...


SCRAPE_S = 1.0
"""Seconds for which the text of the metrics is kept: whoever asks more often costs nothing more."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """The server answers GET /metrics. A client needs the join key, or this token if there is one."""

    token: str | None = field(default=None, repr=False)


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
        metrics: Metrics | None = None,
        health_s: float = 15.0,
    ) -> None:
        self._hub = hub
        self._version = version
        self._limits = limits or Limits()
        self._gate = Gate(hub.addresses, origins or Origins(), proxies or Proxies())
        self._log = get_logger()
        self._pages = Pages(
            assets,
            self.health,
            self._ice_servers,
            secure=secure,
            hsts=hsts,
            connect=hub.other_sockets,
            metrics=self._scraped if metrics is not None else None,
        )
        self._metrics = metrics or Metrics()
        self._health_s = health_s
        self._text, self._text_at = "", -math.inf
        self.announced: Callable[[], bool | None] = lambda: None
        """Whether this server is announced on the local network; None: it is not meant to be."""
        self._raw: set[FairConnection] = set()
        self._silent: Shares[FairConnection] = Shares()
        """Connections without a whole request yet."""
        self._readers: Shares[FairConnection] = Shares()
        """Connections that get a plain answer, until they have ended."""
        self._sockets: dict[int, FairConnection] = {}
        self._writes = Writes(self._sockets, self._limits)
        self._last = 0
        self._turned_away = 0
        self._faults = 0
        self._carrier: Carrier | None = None
        self._started = 0.0
        self._wall_at = -math.inf
        self._stopping = False
        self.hosts: tuple[str, ...] = ()
        """The addresses that the edge listens on."""

    def attach(self, carrier: Carrier) -> None:
        """Use this carrier to reach other edges."""
        self._carrier = carrier

    def change(self, change: Callable[[float], None]) -> None:
        """Run `change(now)`, which gives a core news from elsewhere, and carry out the outputs that follow."""
        self._driver.tell(change)

    async def wind_down(self, within_s: float) -> None:
        """Ask all clients to move to another edge. Returns when they have, or after `within_s`. Routing continues."""
        self._driver.tell(self._hub.wind_down, within_s)
        end = self._loop.time() + within_s
        while self._hub.clients() and self._loop.time() < end:
            await asyncio.sleep(0.05)

    @asynccontextmanager
    async def listening(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
        """Serve while the block runs, and give the port. At the end all connections are closed with 1001.

        host      "": all addresses of IPv4 and of IPv6
        raises    CannotListen
        """
        self._loop = asyncio.get_running_loop()
        self._driver = Driver(
            self._hub, self._carry_out, before=self._before, on_fault=self._on_fault, moved=self._hub.moved
        )
        self._started = clock()
        edge = self

        class Connection(FairConnection):
            """A client's connection, which tells the edge what comes."""

            limits = self._limits
            open_s = self._limits.handshake_s
            arrivals = Arrivals(self._loop)
            guests = Arrivals(self._loop)
            peer = ""
            """The other end of the TCP connection."""
            address = ""
            """The client's address; another than `peer` behind a proxy."""
            number = 0
            """The hub's name for it, while the WebSocket is open."""

            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                super().connection_made(transport)
                self.peer = peer_of(transport)
                edge._raw.add(self)
                if not edge._gate.opened(self.peer, clock()) or not edge._room_for(self, self.peer):
                    edge._turned_away += 1
                    self.transport.abort()

            def connection_lost(self, exc: Exception | None) -> None:
                super().connection_lost(exc)
                edge._raw.discard(self)
                edge._silent.remove(self)
                edge._readers.remove(self)
                edge._writes.forget(self)
                edge._gate.closed(self.peer)

            def answer(self, request: Request) -> Response | None:
                edge._silent.remove(self)
                self.address = edge._gate.address_of(self.peer, request)
                return edge._answer(self, self.peer, self.address, request)

            def opened(self) -> None:
                edge._last += 1
                self.number = edge._last
                edge._sockets[self.number] = self
                edge._driver.tell(edge._hub.connect, self.number, self.address)

            def said(self, message: str | bytes) -> None:
                if not self.number:
                    return  # it comes after the end
                edge._driver.tell(edge._hub.receive_frame, self.number, message)
                if self.turns is not None and (standing := edge._hub.standing(self.number)) is not None:
                    self.turns, self.group = self.guests if standing.guest else None, standing.group

            def heard(self) -> None:
                if self.number:
                    edge._driver.tell(edge._hub.alive, self.number)

            def ended(self) -> None:
                number, self.number = self.number, 0
                del edge._sockets[number]
                edge._driver.tell(edge._hub.disconnect, number)

            def flooded(self) -> None:
                edge._turned_away += 1
                edge._gate.flooded(self.address or self.peer, clock())

        secure: dict[str, Any] = {}
        if tls is not None:
            secure = {"ssl": tls, "ssl_handshake_timeout": self._limits.handshake_s}
        try:
            sockets = listen(host, port)
        except OSError as error:
            raise CannotListen(error.errno, error.strerror or str(error), error.filename) from error
        self.hosts = hosts_of(sockets)
        async with AsyncExitStack() as stack:
            for each in sockets:
                stack.callback(each.close)
            servers = [
                await stack.enter_async_context(
                    serve(
                        _no_task,
                        sock=each,
                        create_connection=Connection,
                        compression=None,  # it takes 50 kB a connection instead of 15, for messages of 200 bytes
                        ping_interval=None,  # the hub decides which client is pinged, and when
                        close_timeout=_CLOSE_TIMEOUT_S,
                        # A message just beyond the limit gets an error message. One beyond twice the limit
                        # closes its connection (1009).
                        max_size=2 * self._limits.message_bytes,
                        server_header=None,
                        backlog=BACKLOG,  # the loop would listen again, with 100
                        **secure,
                    )
                )
                for each in sockets
            ]
            try:
                yield port_of(sockets)
            finally:
                self._stopping = True
                for server in servers:
                    server.close()  # with 1001, "going away"
                for silent in [socket for socket in self._raw if socket.protocol.state is State.CONNECTING]:
                    silent.transport.abort()  # browsers open sockets in advance; the end does not wait for them
                for server in servers:
                    await server.wait_closed()
                for ending in list(self._raw):
                    ending.transport.abort()
                self._driver.close()

    def keys_changed(self) -> None:
        """Keys were added or withdrawn."""
        self._driver.tell(self._hub.on_access)

    def health(self) -> dict[str, Any]:
        """The content of /healthz."""
        clients = self._hub.clients()
        roles = list(clients.values())
        phones = sum(role == "synth" and is_phone(name) for name, role in clients.items())
        counters = self._hub.counters
        degraded = self._hub.degraded()
        return {
            "status": "degraded" if degraded else "ok",
            "degraded": degraded,
            "version": self._version,
            "edge": self._hub.edge,
            "location": self._hub.place.location,
            "edges": self._hub.edges(),
            "uptime_s": round(clock() - self._started, 1),
            "synths": roles.count("synth") - phones,
            "phones": phones,
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
                "slow_readers": self._writes.slow_readers,
                "turned_away": self._turned_away,
                "internal_faults": self._faults,
            },
        }

    def _ice_servers(self, key: str | None, address: str, in_url: bool) -> list[dict[str, Any]]:
        now = clock()
        self._before(now)
        return self._hub.ice_servers_for(key, address, now, in_url=in_url)

    def _scraped(self, key: str | None, address: str) -> str | None:
        """The metrics for a client at `address` that gives this key; None if it may not have them."""
        now = clock()
        self._before(now)
        if not self._hub.may_scrape(key, self._metrics.token, address, now):
            return None
        if now - self._text_at >= SCRAPE_S:
            self._text, self._text_at = self.metrics(now), now
        return self._text

    def metrics(self, now: float) -> str:
        """The text for Prometheus. `now`: s of `clock`."""
        hub = self._hub
        clients = hub.clients()
        roles = Counter("phone" if role == "synth" and is_phone(id) else role for id, role in clients.items())
        view = ServerView(
            version=self._version,
            python=platform.python_version(),
            started=self._started + hub.wall_offset_s,
            stale_s=STALE * self._health_s,
            clients={role: roles[role] for role in ("synth", "phone", "controller", "desk")},
            errors=hub.counters.errors,
            revision=hub.steering.document.rev,
            announced=self.announced(),
        )
        return render(view, boxes(hub.health, hub.steering, now))

    # --- incoming --------------------------------------------------------------------------------------------------

    def _room_for(self, socket: FairConnection, peer: str) -> bool:
        """Make room for a connection without a request yet. Returns False if there is none."""
        standing = self._gate.standing_of(peer)
        socket.group = standing.group
        return self._has_place(socket, standing, self._silent, SPARE_SOCKETS)

    def _has_place(self, socket: FairConnection, standing: Standing, places: Shares[FairConnection], most: int) -> bool:
        """Give it one of so many places. When there is none, the address with most of them loses one."""
        if len(places) >= most:
            crowd = places.give_way(standing)
            if not crowd:
                return False
            self._turned_away += 1
            places.remove(crowd[0])
            crowd[0].transport.abort()
        places.add(socket, standing)
        return True

    def _answer(self, socket: FairConnection, peer: str, address: str, request: Request) -> Response | None:
        """The answer to a request from `address`; None opens a WebSocket."""
        path = request.path.partition("?")[0]
        if (refused := self._gate.refusal(peer, request, path)) is not None:
            return self._pages.refuse(*refused)
        if path == "/ws":
            return None
        if not self._has_place(socket, group_of_address(address), self._readers, READERS):
            return self._pages.refuse(HTTPStatus.SERVICE_UNAVAILABLE, "Too many others load the page: try again.\n")
        return self._pages.answer(request, address)

    def _before(self, now: float) -> None:
        if now - self._wall_at >= WALL_S:
            self._wall_at = now
            self._hub.wall_offset_s = time.time() - now

    def _on_fault(self, given: tuple[Any, ...]) -> None:
        """A fault of our own: one message is lost, and the server goes on."""
        self._faults += 1
        socket = self._sockets.get(given[0]) if given else None
        if socket is not None:
            text = "the server failed to handle this message: its log says why"
            self._writes.write(given[:1], text_frame(encode_bytes(Error(code="internal", message=text))))

    # --- outgoing --------------------------------------------------------------------------------------------------

    def _carry_out(self, output: Output) -> None:
        match output:
            case Send(to, message):
                self._writes.write(
                    to, text_frame(message.encode() if isinstance(message, str) else encode_bytes(message))
                )
            case SendAll(to, messages):
                self._writes.write(to, b"".join([text_frame(encode_bytes(message)) for message in messages]))
            case Close(conn, code, reason):
                self._writes.flush()  # first the messages that were sent to it before
                if (socket := self._sockets.get(conn)) is not None:
                    socket.finish(code, reason)
                    if reason == "too-fast":  # otherwise it would go on sending until the closing handshake times out
                        socket.stop_listening()
            case Post() | Write() | Restart() | Keep():
                if self._carrier is not None:
                    self._carrier.carry(output)
            case Probe(conn):
                if (socket := self._sockets.get(conn)) is not None:
                    socket.probe()
            case Event(level, name, fields):
                if not self._stopping:  # the end of the server is one line of log, not one for each client
                    getattr(self._log, level)(name, **fields)


async def _no_task(_: ServerConnection) -> None:
    """The library's handler of a connection, which `TasklessConnection` does not start."""
