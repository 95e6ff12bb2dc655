"""The join URL: one address, key included, that browsers and `formant-node synth URL` both take.

The key stands in the fragment (`http://HOST:PORT/#key=KEY`). A browser never sends the fragment, so the key reaches no
access log and no `Referer`. It crosses the wire only inside `register`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, quote, urlsplit

from formant_net.protocol.messages import MAX_CREDENTIAL_CHARS
from formant_net.protocol.trust import TrustError, parse_pin

DEFAULT_PORT = 8080
"""The port of a bare host name; a URL with a scheme keeps that scheme's own default, as everywhere else."""
_SECURE = {"http": False, "ws": False, "https": True, "wss": True}
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?|[0-9A-Fa-f:.]+(?:%[A-Za-z0-9_.-]+)?")
_MAX_KEY = MAX_CREDENTIAL_CHARS


class JoinUrlError(ValueError):
    """An address that cannot be joined; the text says what one looks like."""


@dataclass(frozen=True, slots=True)
class JoinUrl:
    """The address of an ensemble.

    ws_url     signaling, `ws://host:port/ws` or `wss://…`
    http_url   the touch page, `http://host:port/`, without the key
    key        the join key, or None for an open server; never part of `repr`, so that it cannot slip into a log
    pin        the fingerprint of a server that made its own certificate (trust.py), or None
    """

    ws_url: str
    http_url: str
    key: str | None = field(default=None, repr=False)
    pin: str | None = None

    @classmethod
    def make(
        cls, host: str, port: int, key: str | None = None, *, secure: bool = False, pin: str | None = None
    ) -> JoinUrl:
        """The join URL of a server at `host` (name, IPv4 or IPv6 without brackets) and `port`."""
        if not _is_host(host):
            raise JoinUrlError(f"{host!r} is not a host name or an address: use one such as 192.168.1.20 or box.local")
        if not 1 <= port <= 65535:
            raise JoinUrlError(f"{port} is not a port: use 1 to 65535")
        place = f"[{host}]" if ":" in host else host
        if port != (443 if secure else 80):
            place += f":{port}"
        web, socket = ("https", "wss") if secure else ("http", "ws")
        return cls(ws_url=f"{socket}://{place}/ws", http_url=f"{web}://{place}/", key=key or None, pin=pin)

    @classmethod
    def parse(cls, text: str) -> JoinUrl:
        """Read `http(s)://`, `ws(s)://` or a bare `host[:port]`, with or without `/ws` or `/sing`.

        The key is taken from the fragment (`#key=…`), else from the query (`?key=…`).
        Raises JoinUrlError in words; the text of the error never contains the key.
        """
        text = text.strip()
        bare = "://" not in text
        try:
            parts = urlsplit(f"ws://{text}" if bare else text)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise JoinUrlError(f"not an address ({error}): {_EXAMPLE}") from None
        if parts.scheme not in _SECURE:
            raise JoinUrlError(f"{parts.scheme}:// cannot be joined: {_EXAMPLE}")
        if host and ":" in host:
            host = host.replace("%25", "%", 1)  # how a URL writes the zone of a link-local address (RFC 6874)
        if not host or not _is_host(host):
            raise JoinUrlError(f"no host name in the address: {_EXAMPLE}")
        if parts.username is not None or parts.password is not None:
            raise JoinUrlError("an address has no user name or password, only a key: " + _EXAMPLE)
        if parts.path not in ("", "/", "/ws", "/sing"):
            raise JoinUrlError(f"{parts.path!r} is not the path of a join URL: {_EXAMPLE}")
        secure = _SECURE[parts.scheme]
        if port is None:
            port = DEFAULT_PORT if bare else (443 if secure else 80)
        key = _parameter("key", parts.fragment) or _parameter("key", parts.query)
        if key is not None and len(key) > _MAX_KEY:
            raise JoinUrlError(f"the key is longer than {_MAX_KEY} characters: copy the join URL once more")
        pin = _parameter("pin", parts.fragment)
        if pin is not None:
            try:
                pin = parse_pin(pin)
            except TrustError:
                raise JoinUrlError("the fingerprint (pin=…) is damaged: copy the join URL once more") from None
        return cls.make(host, port, key, secure=secure, pin=pin)

    def __str__(self) -> str:
        """The whole join URL, key included: for the one line that invites people, never for a log."""
        return self.at("")

    @property
    def sing(self) -> str:
        """The same for the page that only sings."""
        return self.at("sing")

    def at(self, page: str) -> str:
        """The same for a page of the server, by its name."""
        parts = [f"{name}={quote(value, safe='')}" for name, value in (("key", self.key), ("pin", self.pin)) if value]
        return self.http_url + page + ("#" + "&".join(parts) if parts else "")


def _is_host(host: str) -> bool:
    """Whether this may be a name or an address. A name that has an empty part or a part of more than 63 characters
    cannot be looked up (RFC 1035 section 2.3.4)."""
    if not _HOST.fullmatch(host):
        return False
    return ":" in host or (len(host) <= 254 and all(0 < len(part) < 64 for part in host.removesuffix(".").split(".")))


def _parameter(name: str, parameters: str) -> str | None:
    return next((value.strip() for value in parse_qs(parameters).get(name, []) if value.strip()), None)


_EXAMPLE = "give the join URL that the server printed, such as http://192.168.1.20:8080/#key=abcd-efgh-jkmn"
