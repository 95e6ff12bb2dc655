"""Decides which web pages may connect to a server: those that it served itself, and those that the operator names.

A browser sends in `Origin` which site's page opens a WebSocket. Other clients send no `Origin`; they need the key.
Comparing `Origin` with `Host` keeps other sites out. It does not keep out a site that points its own name at this
machine after its page was loaded ("DNS rebinding"): both headers then carry that name. Over https the certificate does
not match such a name. Over http the server accepts only names that no outsider can own: IP addresses, names without a
dot, the endings of local networks, and the names that the operator gave.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

_LOCAL_ENDINGS = (".local", ".localhost", ".lan", ".home.arpa", ".internal", ".home", ".fritz.box")
"""Endings of mDNS (RFC 6762), RFC 6761 and RFC 8375, ICANN's private-use `.internal`, and those of home routers.
Anybody may register a name in `.box`, so only the name of the router's maker is in the list."""
_PORTS = {"http": 80, "https": 443}
_PLACE = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?")


class OriginError(ValueError):
    """A text is not an origin. The message shows a valid one."""


@dataclass(frozen=True, slots=True)
class Origins:
    """The origins that may connect to a server.

    allowed   origins besides the server's own, as `https://host[:port]`; `*` is every origin
    names     this server's own host names
    secure    the server, or the proxy in front of it, speaks https
    """

    allowed: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    secure: bool = False
    others: Callable[[], Iterable[str]] = lambda: ()
    """The URLs of the other servers of the ensemble. Their pages connect here when their own server has failed."""

    @classmethod
    def make(cls, allowed: Iterable[str] = (), names: Iterable[str] = (), *, secure: bool = False) -> Origins:
        """Origins from texts as the operator wrote them. Raises OriginError."""
        named = frozenset(name.lower().rstrip(".") for name in names if name)
        return cls(frozenset(_normal(text) for text in allowed), named, secure)

    def refusal_of_host(self, host: str | None) -> str | None:
        """Why the server answers no request with this Host header, as a sentence, or None if it does."""
        if host is None or self.secure:
            return None
        place = _PLACE.fullmatch(host)
        if place is None:
            return "the Host header cannot be read"
        name = place["host"].lower().rstrip(".")
        if name in self.names or _is_local(name) or any(urlsplit(one).hostname == name for one in self.allowed):
            return None
        return f"this server is not known as {name}: open it by its address, or start it with `--advertise {name}`"

    def refusal(self, origin: str | None, host: str | None) -> str | None:
        """Why a page of `origin` may not open a WebSocket at `host`, as a sentence, or None if it may."""
        if origin is None:
            return None
        try:
            asking = _normal(origin)
        except OriginError:
            asking = ""
        if asking in self.allowed or "*" in self.allowed:
            return None
        if asking and host is not None:
            if asking == _own("https", host):
                return None
            if asking == _own("http", host):
                return self.refusal_of_host(host)
            if asking in map(_normal, self.others()):
                return self.refusal_of_host(host)
        shown = asking or "unknown origin"
        return f"pages of {shown} may not connect here: the operator can start the server with `--allow-origin ORIGIN`"


def _own(scheme: str, host: str) -> str:
    try:
        return _normal(f"{scheme}://{host}")
    except OriginError:
        return ""


def _normal(text: str) -> str:
    """`scheme://host[:port]` in lower case, without the scheme's default port. Raises OriginError."""
    text = text.strip().lower()
    if text == "*":
        return text
    scheme, found, rest = text.partition("://")
    place = _PLACE.fullmatch(rest.removesuffix("/"))
    if not found or scheme not in ("http", "https") or place is None:
        raise OriginError(f"{text[:100]!r} is not an origin: write https://HOST or http://HOST:PORT")
    port = int(place["port"] or _PORTS[scheme])
    if not 1 <= port <= 65535:
        raise OriginError(f"{port} is not a port: use 1 to 65535")
    host = place["host"].rstrip(".")
    return f"{scheme}://{host}" + ("" if port == _PORTS[scheme] else f":{port}")


def _is_local(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return "." not in name or name.endswith(_LOCAL_ENDINGS)
    return True
