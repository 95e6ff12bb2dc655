"""OSCQuery for an OSC bridge: its tree over HTTP, and changes over WebSocket to programs that listen."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import socket
from http import HTTPStatus
from urllib.parse import unquote

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from formant_net.aio.driver import clock
from formant_net.aio.osc.bridge import OscBridge
from formant_net.aio.osc.datagrams import ListenError
from formant_net.osc.fingers import Sender
from formant_net.osc.floods import asks_of_one
from formant_net.osc.query import answer, host_info, tree
from formant_net.server.access.origin import Origins

MOST_CONNECTIONS = 8
MOST_SOCKETS = 64
"""TCP connections, also those that have not asked yet. Each takes a file of this process."""
MOST_WAITING = 256
"""Packets that wait for a slow connection; a slower one loses the rest."""
MOST_MESSAGE_BYTES = 4096


class OscQuery:
    """Answers programs that ask what can be played. `start` opens its port.

    osc     host and port of the UDP port that hears OSC
    name    what HOST_INFO calls this program
    """

    def __init__(self, bridge: OscBridge, osc: Sender, name: str) -> None:
        self._bridge, self._osc, self._name = bridge, osc, name
        self._numbers = itertools.count(1)
        self._queues: dict[Sender, asyncio.Queue[bytes]] = {}
        self._server: Server | None = None
        self._sockets = 0
        self._origins = Origins()
        bridge.deliver = self._deliver

    async def start(self, host: str, port: int) -> Sender:
        """Open the TCP port, and return where it is. Raises ListenError."""
        query = self
        self._origins = Origins.make(names=(host, socket.gethostname()))

        class Connection(ServerConnection):
            """One of at most `MOST_SOCKETS`."""

            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                super().connection_made(transport)
                query._sockets += 1
                if query._sockets > MOST_SOCKETS:
                    self.transport.abort()

            def connection_lost(self, exc: Exception | None) -> None:
                query._sockets -= 1
                super().connection_lost(exc)

        try:
            self._server = await serve(
                self._connected,
                host,
                port,
                create_connection=Connection,
                process_request=self._request,
                compression=None,
                max_size=MOST_MESSAGE_BYTES,
                open_timeout=5.0,
                server_header=None,
            )
        except OSError as error:
            raise ListenError(f"cannot listen on {host}:{port}: {error.strerror}. Choose another --query") from error
        address = self._server.sockets[0].getsockname()
        return address[0], address[1]

    async def close(self) -> None:
        """End all connections and let go of the port."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def _request(self, connection: ServerConnection, request: Request) -> Response | None:
        """JSON for a GET; None: it wants a WebSocket.

        Pages of browsers name their origin, and are refused. One whose site points its own name at this machine names
        none when it asks by HTTP. So names that an outsider can own are refused as well (server/access/origin.py).
        """
        if request.headers.get_all("Origin"):
            return connection.respond(HTTPStatus.FORBIDDEN, "pages of browsers are refused\n")
        if any(self._origins.refusal_of_host(host) for host in request.headers.get_all("Host")):
            return connection.respond(HTTPStatus.FORBIDDEN, "ask by the address of this machine, not by this name\n")
        if request.headers.get("Upgrade", "").lower() == "websocket":
            full = len(self._queues) >= MOST_CONNECTIONS
            return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "too many connections\n") if full else None
        path, _, asked = re.sub(r"^https?://[^/?]*", "", request.path).partition("?")
        host = connection.local_address[0]  # on every address: the one that this program reached
        info = host_info(self._name, host, self._osc[1])
        root = tree(self._bridge.values(), self._bridge.presets())
        status, found = answer(root, unquote(path), asked, info)
        body = b"" if found is None else json.dumps(found).encode()
        headers = Headers({"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"})
        headers["X-Content-Type-Options"] = "nosniff"
        return Response(status, HTTPStatus(status).phrase, headers, body)

    async def _connected(self, connection: ServerConnection) -> None:
        target = (connection.remote_address[0], -next(self._numbers))
        queue = self._queues[target] = asyncio.Queue[bytes](MOST_WAITING)
        sending = asyncio.create_task(_send(connection, queue))
        asks = asks_of_one(clock())
        try:
            async for text in connection:
                if not asks.take(clock()):
                    connection.transport.abort()
                    return
                self._asked(target, text)
        except ConnectionClosed:
            return  # without a goodbye, or it sent too much: nothing for our log
        finally:
            sending.cancel()
            del self._queues[target]
            self._bridge.player.feedback.leave(target)

    def _asked(self, target: Sender, text: str | bytes) -> None:
        """LISTEN and IGNORE; anything else is left alone, as the proposal wants it."""
        try:
            asked = json.loads(text)
        except (ValueError, RecursionError):
            return
        if not isinstance(asked, dict) or not isinstance(path := asked.get("DATA"), str):
            return
        if asked.get("COMMAND") == "LISTEN":
            self._bridge.player.feedback.listen(target, path)
        elif asked.get("COMMAND") == "IGNORE":
            self._bridge.player.feedback.ignore(target, path)
        self._bridge.step()

    def _deliver(self, to: Sender, data: bytes) -> None:
        queue = self._queues.get(to)
        if queue is not None and not queue.full():
            queue.put_nowait(data)


async def _send(connection: ServerConnection, queue: asyncio.Queue[bytes]) -> None:
    try:
        while True:
            await connection.send(await queue.get())
    except ConnectionClosed:
        return
