"""What a connection meets before the hub does: whose address it is, whether that has room, and which page sent it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from http import HTTPStatus

from websockets.asyncio.server import ServerConnection
from websockets.datastructures import MultipleValuesError
from websockets.http11 import Request

from formant_net.addresses import Addresses
from formant_net.origin import Origins

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
SPARE_SOCKETS = 512
"""TCP connections beyond the clients: requests for the page, and handshakes under way."""
_MAX_HOPS = 32


class ProxyError(ValueError):
    """Not a network; the text says what one looks like."""


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxies whose word for a client's address counts. Anybody else could say any address."""

    networks: tuple[Network, ...] = ()

    @classmethod
    def make(cls, networks: Iterable[str]) -> Proxies:
        """From `10.0.0.5` or `10.0.0.0/8`. Raises ProxyError."""
        try:
            return cls(tuple(ipaddress.ip_network(text.strip(), strict=False) for text in networks))
        except ValueError as error:
            raise ProxyError(f"{error}: write an address such as 127.0.0.1 or a network such as 10.0.0.0/8") from None

    def trusts(self, address: str) -> bool:
        """True for the address of one of the proxies."""
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self.networks)

    def client(self, peer: str, forwarded: str) -> str:
        """The client behind `peer`: the last address of `X-Forwarded-For` that is not itself a proxy's."""
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
    """The outer checks of one server."""

    addresses: Addresses
    most_clients: int
    origins: Origins = field(default_factory=Origins)
    proxies: Proxies = field(default_factory=Proxies)

    def opened(self, socket: ServerConnection, sockets: int, now: float) -> bool:
        """A TCP connection has come, with which there are `sockets`. False: it has to go at once, without a word."""
        peer = peer_of(socket)
        room = self.proxies.trusts(peer) or self.addresses.opened(peer, now)
        return room and sockets <= self.most_clients + SPARE_SOCKETS

    def closed(self, socket: ServerConnection) -> None:
        """A TCP connection of `opened` is gone, taken or not."""
        peer = peer_of(socket)
        if not self.proxies.trusts(peer):
            self.addresses.closed(peer)

    def flooded(self, socket: ServerConnection, now: float) -> None:
        """A connection had to be cut for what it sent: its address may not come back so soon."""
        address = self.address_of(socket)
        if not self.proxies.trusts(address):
            self.addresses.flooded(address, now)

    def address_of(self, socket: ServerConnection) -> str:
        """The client's address, "" for a socket that has none (Unix)."""
        peer = peer_of(socket)
        request = socket.request
        return self.proxies.client(peer, ",".join(request.headers.get_all("X-Forwarded-For"))) if request else peer

    def refusal(self, socket: ServerConnection, request: Request, path: str) -> tuple[HTTPStatus, str] | None:
        """Status and words for a request that is not to be answered, or None."""
        try:
            host = request.headers.get("Host")
            origin = request.headers.get("Origin")
        except MultipleValuesError:
            return HTTPStatus.BAD_REQUEST, "Host and Origin may stand once in a request: send each once.\n"
        if path == "/ws":
            why = self.origins.refusal(origin, host)
            return None if why is None else (HTTPStatus.FORBIDDEN, _sentence(why))
        if path == "/healthz" or self._by_https(socket, request):
            return None  # the first is asked by machines, under whatever name
        why = self.origins.refusal_of_host(host)
        return None if why is None else (HTTPStatus.MISDIRECTED_REQUEST, _sentence(why))

    def _by_https(self, socket: ServerConnection, request: Request) -> bool:
        """Whether a proxy of ours says that it took this request over https."""
        said = request.headers.get_all("X-Forwarded-Proto")
        return said == ["https"] and self.proxies.trusts(peer_of(socket))


def peer_of(socket: ServerConnection) -> str:
    """The other end of the TCP connection, "" for a Unix socket."""
    name = socket.transport.get_extra_info("peername")
    return str(name[0]) if isinstance(name, tuple) else ""


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}.\n"
