"""A server of twenty rules: serves the page and relays, written from the protocol's table alone.

The page is tested against it and not against our own server, so that a fault common to both cannot hide. Only the
files and the headers are the real ones: the page has to work with them.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from formant_dsp.browser.bundle import bundle
from formant_net.aio.server.static import read_page
from formant_net.protocol.timing import Timing
from formant_net.server.access.headers import security_headers

HELD = "/held"
PAGE = Path(__file__).parents[2] / "src" / "formant_net" / "page"


_voice = cache(bundle)
"""The files with which the page sings: the same for every relay of a run."""


class Relay:
    """Registers anybody who has the key, answers `request-controllers`, passes the rest on to `target`."""

    def __init__(
        self,
        key: str | None = None,
        heartbeat_s: float = 20.0,
        host: str = "127.0.0.1",
        timing: Timing | None = None,
        ice_servers: Sequence[dict[str, Any]] = (),
    ) -> None:
        self.key = key
        self.heartbeat_s = heartbeat_s
        self.host = host
        self.port = 0
        self.ice_servers = list(ice_servers)
        self.assets = {**read_page(voice=_voice(), timing=timing)}
        """Files by path. A test may add its own."""
        self.registers: list[dict[str, Any]] = []
        """Every `register` that came, in order."""
        self.log: list[dict[str, Any]] = []
        """Every other message that came, in order."""
        self.requests: list[str] = []
        """Paths that were asked for over HTTP."""
        self.refuse_next: dict[str, Any] | None = None
        """Said once instead of `registered`."""
        self.may_set = True
        """False: whoever registers may play, and set nothing."""
        self.let_go = asyncio.Event()
        """Until it is set, whoever asks for HELD gets no answer: a page that waits for it does nothing else."""
        self.passes_on: Callable[[dict[str, Any]], dict[str, Any]] = lambda message: message
        """What becomes of a message of one client to another."""
        self.deaf = False
        """Answers nothing and passes nothing on, on connections that are there; as behind a dead path."""
        self._clients: dict[str, ServerConnection] = {}
        self._server: Server | None = None

    def alter(self, path: str, old: str, new: str) -> None:
        """Serve this file with another line. AssertionError where the old one is not in it."""
        asset = self.assets[path]
        assert old.encode() in asset.body, f"{path} has no {old!r}"
        self.assets[path] = replace(asset, body=asset.body.replace(old.encode(), new.encode()))

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}/" + (f"#key={self.key}" if self.key else "")

    def at(self, path: str) -> str:
        """The address of another page of this server, with the key."""
        return self.url.replace("/#", f"/{path}#") if self.key else self.url + path

    async def start(self) -> None:
        self._server = await serve(self._connection, self.host, self.port, process_request=self._page, compression=None)
        self.port = next(iter(self._server.sockets)).getsockname()[1]

    async def stop(self) -> None:
        if self._server:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def drop(self) -> None:
        """Cut every WebSocket."""
        for socket in list(self._clients.values()):
            socket.transport.abort()

    async def send(self, client_id: str, message: dict[str, Any]) -> None:
        await self.send_text(client_id, json.dumps(message))

    async def send_text(self, client_id: str, text: str) -> None:
        await self._clients[client_id].send(text)

    async def desk(self, client_id: str, message: dict[str, Any]) -> None:
        """A desk has said something; desk_relay.py answers."""

    def clients(self) -> list[str]:
        """Everybody who is registered."""
        return list(self._clients)

    def controllers(self) -> list[str]:
        return [client for client in self._clients if not client.startswith("synth-")]

    async def _page(self, connection: ServerConnection, request: Request) -> Response | None:
        path = request.path.split("?")[0]
        if path == "/ws":
            return None
        self.requests.append(request.path)
        if path == HELD:
            await self.let_go.wait()
        asset = self.assets.get(path)
        if asset is None:
            return connection.respond(HTTPStatus.NOT_FOUND, "nothing here\n")
        headers = Headers()
        headers["Content-Type"] = asset.content_type
        headers.update(security_headers(request.headers["Host"]))
        headers["Connection"] = "close"
        headers["Content-Length"] = str(len(asset.body))
        return Response(200, "OK", headers, asset.body)

    async def _connection(self, socket: ServerConnection) -> None:
        client_id = ""
        was_deaf = self.deaf
        try:
            async for text in socket:
                message = json.loads(text)
                if self.deaf and not was_deaf:
                    continue
                if message["type"] == "register":
                    self.registers.append(message)
                    if self.key is not None and message.get("key") != self.key:
                        error = {"type": "error", "code": "bad-key", "message": "not the key", "about": "register"}
                        await socket.send(json.dumps(error))
                        await socket.close(1008)
                        return
                    if self.refuse_next is not None:
                        refusal, self.refuse_next = self.refuse_next, None
                        await socket.send(json.dumps(refusal))
                        continue
                    client_id = message["client_id"]
                    known = self._clients.get(client_id) is socket
                    self._clients[client_id] = socket
                    await socket.send(json.dumps(self._registered(client_id)))
                    if not (known or client_id.startswith("synth-")):
                        await self._tell_synths({"type": "controller-joined", "controller_id": client_id})
                    continue
                self.log.append({**message, "source": client_id})
                if message["type"].startswith("desk-"):
                    await self.desk(client_id, message)
                    continue
                if message["type"] == "request-controllers":
                    await socket.send(json.dumps({"type": "controllers-list", "controllers": self.controllers()}))
                elif (target := self._clients.get(message.get("target", ""))) is not None:
                    passed = self.passes_on(message)
                    await target.send(json.dumps({**passed, "source": client_id, "sender_id": client_id}))
        except ConnectionClosed:
            pass
        finally:
            if self._clients.get(client_id) is socket:
                del self._clients[client_id]

    def _registered(self, client_id: str) -> dict[str, Any]:
        return {
            "type": "registered",
            "client_id": client_id,
            "edge": "fake",
            "resume": f"secret-of-{client_id}",
            "ice_servers": self.ice_servers,
            "heartbeat_s": self.heartbeat_s,
            "ttl_s": 3 * self.heartbeat_s,
            **({} if self.may_set else {"settings": False}),
        }

    async def _tell_synths(self, message: dict[str, Any]) -> None:
        for client, socket in list(self._clients.items()):
            if client.startswith("synth-"):
                await socket.send(json.dumps({**message, "timestamp": time.time()}))
