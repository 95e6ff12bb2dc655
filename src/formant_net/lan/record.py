"""The announcement of a server on the local network by mDNS (DNS-SD): `_formant._tcp` and its TXT record.

An announcement is only a hint, because everybody on the network can send one. A client knows the right server by the
key that it accepts and, over https, by the fingerprint that the client was given.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from formant_net.lan.addresses import Candidate

SERVICE = "_formant._tcp.local."
OSC, OSC_QUERY = "_osc._udp.local.", "_oscjson._tcp.local."
VERSION = "1"
_ID = re.compile(r"[a-z0-9]{4,32}")
_HOST = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*")
_ZONE = re.compile(r"[A-Za-z0-9_.-]{1,32}")
_NAME_BYTES = 63 - len("-999")
_MAX_ADDRESSES = 16
"""Addresses of one announcement that are used. A machine with containers has eight; more would all have to be tried."""


@dataclass(frozen=True, slots=True)
class Record:
    """One server as it announces itself.

    id        lower-case letters and digits, made once and kept: host names are not unique, and SD cards are cloned
    secure    the server speaks https
    version   version of the software
    """

    id: str
    secure: bool = False
    version: str = ""

    @property
    def host(self) -> str:
        """The machine's name in mDNS. It contains the id: two machines with one name would mix their addresses."""
        return f"formant-{self.id}.local."

    def txt(self) -> dict[str, str]:
        """The TXT record (RFC 6763: short keys). It contains nothing secret."""
        return {"txtvers": VERSION, "id": self.id, "path": "/ws", "tls": str(int(self.secure)), "v": self.version}


@dataclass(frozen=True, slots=True)
class Place:
    """One address at which a server may be reached. A link-local IPv6 address has its zone (`fe80::1%2`)."""

    server: str
    """The id of the server."""
    host: str
    port: int
    secure: bool = False

    @property
    def ws_url(self) -> str:
        """The URL of the server's WebSocket, `ws://…/ws` or `wss://…/ws`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'wss' if self.secure else 'ws'}://{host}:{self.port}/ws"


@dataclass(frozen=True, slots=True)
class Plain:
    """A program that announces a service which others have defined, such as OSCQuery. `id` as in `Record`."""

    id: str

    @property
    def host(self) -> str:
        """The machine's name in mDNS."""
        return f"formant-{self.id}.local."

    def txt(self) -> dict[str, str]:
        """The TXT record."""
        return {"txtvers": VERSION}


def is_id(text: str) -> bool:
    """Whether a text can be a server's id."""
    return _ID.fullmatch(text) is not None


def instance_name(edge_id: str) -> str:
    """The server's name in lists of services: its edge id, shortened so that a number fits after it.

    A name has at most 63 bytes (RFC 6763). The second of two servers with one name is called `NAME-2`.
    """
    return edge_id.encode()[:_NAME_BYTES].decode(errors="ignore") or "formant"


def places(txt: Mapping[bytes, bytes | None], addresses: Sequence[str], port: int | None) -> list[Place]:
    """The places that an announcement names, in its order. Anybody may send one: an invalid one gives none."""
    id = (txt.get(b"id") or b"").decode("ascii", "replace")
    if txt.get(b"txtvers") != VERSION.encode() or not is_id(id) or not 1 <= (port or 0) <= 65535:
        return []
    secure = txt.get(b"tls") == b"1"
    usable = [address for address in dict.fromkeys(addresses) if _is_usable(address)]
    return [Place(id, address, port or 0, secure) for address in usable[:_MAX_ADDRESSES]]


def by_name(hosts: Sequence[tuple[int, int, str, int]], secure: bool) -> list[Place]:
    """The places that SRV records of DNS name: (priority, weight, host, port) each, the best first."""
    usable = [each for each in hosts if _HOST.fullmatch(each[2]) and 1 <= each[3] <= 65535]
    best = sorted(usable, key=lambda each: (each[0], -each[1]))
    return [Place("", host, port, secure) for _, _, host, port in best[:_MAX_ADDRESSES]]


def zoned(addresses: Sequence[str], own: Sequence[Candidate]) -> list[str]:
    """The addresses with zones: a link-local IPv6 address without one is listed once for each of this machine's zones.

    An answer that came over IPv4 has no zone. `own` holds this machine's addresses.
    """
    zones = list(dict.fromkeys(each.index for each in own if each.index and "%" in str(each) and each.up))
    found: list[str] = []
    for address in addresses:
        link_local = address.lower().startswith("fe80:") and "%" not in address
        found += [f"{address}%{zone}" for zone in zones] if link_local else [address]
    return found


def _is_usable(address: str) -> bool:
    """Whether an address belongs to one machine and others can reach it."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if "%" in address and _ZONE.fullmatch(address.partition("%")[2]) is None:
        return False  # it would be more than a host in the URL
    if parsed.is_multicast or parsed.is_unspecified or parsed.is_loopback:
        return False
    if isinstance(parsed, ipaddress.IPv4Address):
        return not parsed.is_reserved  # 255.255.255.255
    # An IPv4 address in the clothes of IPv6 may be that of this machine (::ffff:127.0.0.1). Nobody announces one.
    return parsed.ipv4_mapped is None and not (parsed.is_link_local and "%" not in address)
