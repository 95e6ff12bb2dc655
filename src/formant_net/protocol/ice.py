"""ICE servers: read from an operator's text, and given to each client with a password that expires.

Once one guest has read the fixed password of a relay (TURN), anybody can use that relay. If the server shares a secret
with the relay, each client gets its own password, valid for `ttl_s`. This is the "REST API" scheme that coturn
(`use-auth-secret`, `static-auth-secret`) and others support.

source    draft-uberti-behave-turn-rest-00: username = "expiry:name", password = base64(HMAC-SHA1(secret, username))
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

_SPELLING = re.compile(r"(?P<scheme>stuns?|turns?):(?:(?P<user>[^:@/]+):(?P<password>[^@/]+)@)?(?P<place>[^@/\s]+)")


class IceServerError(ValueError):
    """Not the address of a STUN or TURN server; the text says what one looks like."""


def parse_ice_server(text: str) -> dict[str, Any]:
    """`stun:HOST[:PORT]`, `turn:HOST[:PORT][?transport=tcp]` or `turn:USER:PASSWORD@HOST…` as an RTCIceServer.

    A user or password with `:`, `@` or `/` in it is percent-encoded. Raises IceServerError.
    """
    match = _SPELLING.fullmatch(text.strip())
    if match is None:
        raise IceServerError(
            "an ICE server is written stun:HOST:PORT, turn:HOST:PORT (with --turn-secret) or "
            "turn:USER:PASSWORD@HOST:PORT (with : @ / percent-encoded)"
        )
    user, scheme = match["user"], match["scheme"]
    if user is not None and not scheme.startswith("turn"):
        raise IceServerError(f"a {scheme} server takes no user: write {scheme}:HOST:PORT")
    server: dict[str, Any] = {"urls": [f"{scheme}:{match['place']}"]}
    if user is not None:
        server |= {"username": unquote(user), "credential": unquote(match["password"])}
    return server


@dataclass(frozen=True, slots=True)
class IceServers:
    """The ICE servers that clients are given. Neither the secret nor a password is ever part of `repr`.

    servers    RTCIceServer dictionaries; a relay without a user gets a password of its own for every client
    secret     shared with the relay, or None
    ttl_s      seconds for which such a password is valid
    """

    servers: tuple[dict[str, Any], ...] = field(default=(), repr=False)
    secret: str | None = field(default=None, repr=False)
    ttl_s: float = 3600.0

    @classmethod
    def make(cls, servers: Iterable[dict[str, Any]], secret: str | None = None, ttl_s: float = 3600.0) -> IceServers:
        """Raises IceServerError when a relay has neither a user nor a secret, or a secret no relay."""
        made = cls(tuple(servers), secret or None, ttl_s)
        nobody = [server["urls"][0] for server in made.servers if _wants_password(server)]
        if nobody and made.secret is None:
            raise IceServerError(f"{nobody[0]} needs a user: write turn:USER:PASSWORD@HOST:PORT, or give --turn-secret")
        if made.secret is not None and not nobody:
            raise IceServerError("--turn-secret needs a relay without a user: add --ice-server turn:HOST:PORT")
        return made

    @property
    def renew_s(self) -> float | None:
        """Seconds after which clients must get new passwords, or None: half of `ttl_s`, so that none expires in use."""
        return None if self.secret is None else self.ttl_s / 2

    def told(self, name: str, wall: float) -> list[dict[str, Any]]:
        """The list for the client `name` at `wall`, s since 1970."""
        return [
            server | self._password(name, wall) if self.secret is not None and _wants_password(server) else server
            for server in self.servers
        ]

    def public(self) -> list[dict[str, Any]]:
        """The servers that anybody may know: all but relays that need a password."""
        return [server for server in self.servers if "credential" not in server and not _wants_password(server)]

    def _password(self, name: str, wall: float) -> dict[str, str]:
        username = f"{int(wall + self.ttl_s)}:{name}"
        # SHA-1 is what the scheme names; for HMAC it is not broken.
        code = hmac.new((self.secret or "").encode(), username.encode(), hashlib.sha1).digest()
        return {"username": username, "credential": base64.b64encode(code).decode()}


def _wants_password(server: dict[str, Any]) -> bool:
    return "credential" not in server and any(str(url).startswith("turn") for url in server["urls"])
