"""The plain HTTP answers of a server: the touch page, `/healthz` and `/ice-servers`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from email.utils import formatdate
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from formant_net.aio.server.static import Asset, find
from formant_net.server.access.headers import security_headers
from formant_net.server.health.exposition import CONTENT_TYPE


class Pages:
    """Answers every request that does not open a WebSocket.

    health        gives the current content of /healthz
    ice_servers   gives the content of /ice-servers from the client's key (None: it sent none), its address, and whether
                  the key was in the URL
    secure        answers go over https
    hsts          answers tell browsers to use https only
    connect       gives the present further origins to which the page may open WebSockets
    metrics       gives the text for Prometheus from the client's key (None: it sent none) and its address; None: this
                  client may not have it. Without `metrics` there is no such page
    """

    def __init__(
        self,
        assets: Mapping[str, Asset],
        health: Callable[[], dict[str, Any]],
        ice_servers: Callable[[str | None, str, bool], list[dict[str, Any]]],
        *,
        secure: bool = False,
        hsts: bool = False,
        connect: Callable[[], Iterable[str]] = lambda: (),
        metrics: Callable[[str | None, str], str | None] | None = None,
    ) -> None:
        self._assets = assets
        self._health = health
        self._ice_servers = ice_servers
        self._secure = secure
        self._hsts = hsts
        self._connect = connect
        self._metrics = metrics

    def answer(self, request: Request, address: str = "") -> Response:
        """The answer to one request of a client at `address`."""
        response = self._answer(request, address)
        if request.method == "HEAD":
            response.body = b""
        hosts = request.headers.get_all("Host")
        response.headers.update(self._headers(hosts[0] if hosts else None))
        return response

    def refuse(self, status: HTTPStatus, words: str) -> Response:
        """An answer that refuses a request with this status and text."""
        response = _response(status, words.encode())
        response.headers.update(self._headers(None))
        return response

    def _headers(self, host: str | None) -> dict[str, str]:
        return security_headers(host, connect=self._connect(), secure=self._secure, hsts=self._hsts)

    def _answer(self, request: Request, address: str) -> Response:
        method = getattr(request, "method", "GET")
        if method not in ("GET", "HEAD"):
            text = f"{method} is not supported here: use GET.\n"
            return _response(HTTPStatus.METHOD_NOT_ALLOWED, text.encode(), allow="GET, HEAD")
        # Split by hand, because a URL parser raises for some texts that a request line may contain.
        path, _, query = request.path.partition("?")
        if path == "/healthz":
            return _json(self._health())
        if path == "/ice-servers":
            key, in_url = _key_of(request, query)
            return _json({"ice_servers": self._ice_servers(key, address, in_url)})
        if path == "/metrics" and self._metrics is not None:
            return self._scraped(self._metrics, request, address)
        if (asset := find(self._assets, path)) is not None:
            return _file(asset, ",".join(request.headers.get_all("If-None-Match")))
        text = "There is nothing here. The touch page is at /, the WebSocket at /ws.\n"
        return _response(HTTPStatus.NOT_FOUND, text.encode())

    def _scraped(self, metrics: Callable[[str | None, str], str | None], request: Request, address: str) -> Response:
        key, in_url = _key_of(request, "")
        text = metrics(None if in_url else key, address)
        if text is not None:
            return _response(HTTPStatus.OK, text.encode(), CONTENT_TYPE, cache="no-store")
        refusal = "The metrics need the join key or the scrape token: send `Authorization: Bearer KEY`.\n"
        response = _response(HTTPStatus.UNAUTHORIZED, refusal.encode(), cache="no-store")
        response.headers["WWW-Authenticate"] = "Bearer"
        return response


def _key_of(request: Request, query: str) -> tuple[str | None, bool]:
    """The key of a request and whether it was in the URL.

    `Authorization: Bearer` is better than the query: proxies do not log it, and no page of another origin can make a
    browser send it.
    """
    for value in request.headers.get_all("Authorization"):
        scheme, _, key = value.strip().partition(" ")
        if scheme.lower() == "bearer":
            return key.strip(), False
    try:
        return next(iter(parse_qs(query, max_num_fields=16).get("key", [])), None), True
    except ValueError:
        return None, False


def _file(asset: Asset, known: str) -> Response:
    # With "no-cache" a browser keeps a file but asks each time whether it is current. So a page never mixes versions.
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
    headers = Headers()
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
