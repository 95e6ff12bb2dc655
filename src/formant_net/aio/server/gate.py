"""The checks of a connection before the hub: its client's address, the room for that address, and its page's origin."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from http import HTTPStatus

from websockets.datastructures import MultipleValuesError
from websockets.http11 import Request

from formant_net.protocol.standing import FULL, Standing
from formant_net.server.access.addresses import Addresses, group_of
from formant_net.server.access.origin import Origins

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
SPARE_SOCKETS = 512
"""Most TCP connections without a whole request yet. When there are more, the address with most of them loses one."""
READERS = 1024
"""Most TCP connections that read a plain answer. A page is 85 of them, one after the other; who reads slowly keeps one
for `handshake_s`."""
_MAX_HOPS = 32


class ProxyError(ValueError):
    """A text is not a network. The message shows a valid one."""


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxies that are trusted to name a client's address. Any other client could name any address."""

    networks: tuple[Network, ...] = ()

    @classmethod
    def make(cls, networks: Iterable[str]) -> Proxies:
        """Proxies from texts such as `10.0.0.5` or `10.0.0.0/8`. Raises ProxyError."""
        try:
            return cls(tuple(ipaddress.ip_network(text.strip(), strict=False) for text in networks))
        except ValueError as error:
            raise ProxyError(f"{error}: write an address such as 127.0.0.1 or a network such as 10.0.0.0/8") from None

    def trusts(self, address: str) -> bool:
        """Whether an address belongs to one of the proxies."""
        if not self.networks:
            return False
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self.networks)

    def client(self, peer: str, forwarded: str) -> str:
        """The address of the client behind `peer`: the last one in `X-Forwarded-For` that is not a proxy's."""
        if not self.trusts(peer):
            return peer
        for hop in reversed([hop.strip() for hop in forwarded.split(",")][-_MAX_HOPS:]):
            try:
                address = str(ipaddress.ip_address(hop))
            except ValueError:
                return peer
            if not self.trusts(address):
                return address
        return peer


@dataclass(frozen=True, slots=True)
class Gate:
    """The checks of one server's connections and requests."""

    addresses: Addresses
    origins: Origins = field(default_factory=Origins)
    proxies: Proxies = field(default_factory=Proxies)

    def opened(self, peer: str, now: float) -> bool:
        """A TCP connection of `peer` has come. Returns False if the server must cut it without an answer."""
        return self.proxies.trusts(peer) or self.addresses.opened(peer, now)

    def standing_of(self, peer: str) -> Standing:
        """The standing of a connection without a request yet, by which its address is counted."""
        return FULL if self.proxies.trusts(peer) or not peer else Standing(group=f".{group_of(peer)}")

    def closed(self, peer: str) -> None:
        """A TCP connection that `opened` was called for has ended, whether it was accepted or not."""
        if not self.proxies.trusts(peer):
            self.addresses.closed(peer)

    def flooded(self, address: str, now: float) -> None:
        """A connection was cut because it flooded the server. Its address may not connect again at once."""
        if not self.proxies.trusts(address):
            self.addresses.flooded(address, now)

    def address_of(self, peer: str, request: Request) -> str:
        """The client's address, "" for a Unix socket, which has none."""
        if not self.proxies.networks:
            return peer
        return self.proxies.client(peer, ",".join(request.headers.get_all("X-Forwarded-For")))

    def refusal(self, peer: str, request: Request, path: str) -> tuple[HTTPStatus, str] | None:
        """The status and the text that refuse a request, or None if it is answered."""
        try:
            host = request.headers.get("Host")
            origin = request.headers.get("Origin")
        except MultipleValuesError:
            return HTTPStatus.BAD_REQUEST, "A request may have one Host and one Origin: send each once.\n"
        if path in ("/ws", "/ice-servers"):  # before the key, so that wrong keys of foreign pages are not counted
            why = self.origins.refusal(origin, host)
            if why is None and origin is None and _from_elsewhere(request):
                why = "pages of other sites may not request this"
            if why is not None or path == "/ws":
                return None if why is None else (HTTPStatus.FORBIDDEN, _sentence(why))
        if path == "/healthz" or self._by_https(peer, request):
            return None  # monitoring asks for /healthz under any host name
        why = self.origins.refusal_of_host(host)
        return None if why is None else (HTTPStatus.MISDIRECTED_REQUEST, _sentence(why))

    def _by_https(self, peer: str, request: Request) -> bool:
        """Whether a trusted proxy received this request over https."""
        said = request.headers.get_all("X-Forwarded-Proto")
        return said == ["https"] and self.proxies.trusts(peer)


def _from_elsewhere(request: Request) -> bool:
    """Whether a browser marks a request as sent by another site's page. Browsers do so over https only."""
    return any(said in ("cross-site", "same-site") for said in request.headers.get_all("Sec-Fetch-Site"))


def peer_of(transport: asyncio.BaseTransport) -> str:
    """The address of the other end of a TCP connection, "" for a Unix socket."""
    name = transport.get_extra_info("peername")
    return str(name[0]) if isinstance(name, tuple) else ""


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}.\n"
