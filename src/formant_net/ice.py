"""ICE servers as an operator writes them, and as browsers want them."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

_SPELLING = re.compile(r"(?P<scheme>stuns?|turns?):(?:(?P<user>[^:@/]+):(?P<password>[^@/]+)@)?(?P<place>[^@/\s]+)")


class IceServerError(ValueError):
    """Not the address of a STUN or TURN server; the text says what one looks like."""


def parse_ice_server(text: str) -> dict[str, Any]:
    """`stun:HOST[:PORT]` or `turn:USER:PASSWORD@HOST[:PORT][?transport=tcp]` as an RTCIceServer dictionary.

    A user or password with `:`, `@` or `/` in it is percent-encoded. Raises IceServerError.
    """
    match = _SPELLING.fullmatch(text.strip())
    if match is None:
        raise IceServerError(
            "an ICE server is written stun:HOST:PORT or turn:USER:PASSWORD@HOST:PORT (with : @ / percent-encoded)"
        )
    user, turn = match["user"], match["scheme"].startswith("turn")
    if turn != (user is not None):
        wants = "asks for a user: write turn:USER:PASSWORD@HOST:PORT" if turn else "takes no user: write stun:HOST:PORT"
        raise IceServerError(f"a {match['scheme']} server {wants}")
    server: dict[str, Any] = {"urls": [f"{match['scheme']}:{match['place']}"]}
    if user is not None:
        server |= {"username": unquote(user), "credential": unquote(match["password"])}
    return server
