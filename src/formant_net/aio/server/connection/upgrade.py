"""The answer to the usual request for a WebSocket (RFC 6455 section 4.2), in one step."""

from __future__ import annotations

import re

from websockets.http11 import Request
from websockets.utils import accept_key

_KEY = re.compile(r"[A-Za-z0-9+/]{21}[AQgw]==").fullmatch
"""16 bytes in base64: the last digit has four bits that are 0."""


def upgraded(request: Request) -> bytes | None:
    """The answer that opens the WebSocket. None for a request that is wrong, or valid and unusual: ask the library."""
    all_of = request.headers.get_all
    keys = all_of("Sec-WebSocket-Key")
    if (
        request.method != "GET"
        or request.protocol != "HTTP/1.1"
        or len(keys) != 1
        or _KEY(keys[0]) is None
        or all_of("Sec-WebSocket-Version") != ["13"]
        or [each.lower() for each in all_of("Upgrade")] != ["websocket"]
        or [each.lower() for each in all_of("Connection")] not in (["upgrade"], ["keep-alive, upgrade"])
    ):
        return None
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept_key(keys[0])}\r\n\r\n"
    ).encode()
