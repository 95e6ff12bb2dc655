"""The few plain HTTP answers of a server: the touch page, `/healthz` and `/ice-servers`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from email.utils import formatdate
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from formant_net.aio.static import Asset, find

SECURITY_HEADERS = {
    # A page of plain modules from one folder, which opens WebSockets: everything else stays shut. ws: and wss: are
    # named because older Safari does not take 'self' for them, and because a page may go on to another edge.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self' ws: wss:; "
        "manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Pages:
    """Answers every request that is not for the WebSocket.

    health        the current content of /healthz
    ice_servers   the content of /ice-servers for a client that gave this key (None: it gave none)
    """

    def __init__(
        self,
        assets: Mapping[str, Asset],
        health: Callable[[], dict[str, Any]],
        ice_servers: Callable[[str | None], list[dict[str, Any]]],
    ) -> None:
        self._assets = assets
        self._health = health
        self._ice_servers = ice_servers

    def answer(self, request: Request) -> Response:
        """The whole answer to one request."""
        method = getattr(request, "method", "GET")
        if method not in ("GET", "HEAD"):
            text = f"{method} does nothing here: use GET.\n"
            return _response(HTTPStatus.METHOD_NOT_ALLOWED, text.encode(), allow="GET, HEAD")
        # Split by hand: a URL parser raises on some of what can stand in a request line.
        path, _, query = request.path.partition("?")
        if path == "/healthz":
            response = _json(self._health())
        elif path == "/ice-servers":
            key = next(iter(parse_qs(query).get("key", [])), None)
            response = _json({"ice_servers": self._ice_servers(key)})
        elif (asset := find(self._assets, path)) is not None:
            response = _file(asset, request.headers.get("If-None-Match", ""))
        else:
            text = "There is nothing here. The touch page is at /, the WebSocket at /ws.\n"
            response = _response(HTTPStatus.NOT_FOUND, text.encode())
        if method == "HEAD":
            response.body = b""
        return response


def _file(asset: Asset, known: str) -> Response:
    # "no-cache" still lets a browser keep the file, but it asks each time: a page never runs half old, half new.
    if asset.etag in (tag.strip().removeprefix("W/") for tag in known.split(",")):
        return _response(HTTPStatus.NOT_MODIFIED, b"", asset.content_type, etag=asset.etag)
    return _response(HTTPStatus.OK, asset.body, asset.content_type, etag=asset.etag)


def _json(content: dict[str, Any]) -> Response:
    return _response(HTTPStatus.OK, json.dumps(content).encode() + b"\n", "application/json", cache="no-store")


def _response(
    status: HTTPStatus,
    body: bytes,
    content_type: str = "text/plain; charset=utf-8",
    *,
    cache: str = "no-cache",
    etag: str | None = None,
    allow: str | None = None,
) -> Response:
    headers = Headers(SECURITY_HEADERS)
    headers["Date"] = formatdate(usegmt=True)
    headers["Connection"] = "close"
    headers["Content-Type"] = content_type
    headers["Cache-Control"] = cache
    if status is not HTTPStatus.NOT_MODIFIED:
        headers["Content-Length"] = str(len(body))
    if etag:
        headers["ETag"] = etag
    if allow:
        headers["Allow"] = allow
    return Response(status.value, status.phrase, headers, body)
