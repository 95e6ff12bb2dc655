"""The address under which other devices of the local network reach this machine."""

from __future__ import annotations

import ipaddress
import re
import socket

import ifaddr

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_FAR = (("192.0.2.1", socket.AF_INET), ("2001:db8::1", socket.AF_INET6))
"""Addresses reserved for documentation (RFC 5737, RFC 3849): far away for every routing table, and nobody's."""


def own_names(advertised: str | None = None) -> list[str]:
    """Every name and address under which this machine may be asked for: itself, mDNS, and its addresses now.

    Without link-local addresses (nobody types those) and without temporary ones of containers that are down.
    """
    host = socket.gethostname()
    short = host.partition(".")[0]
    names = {"localhost", host, short, f"{short}.local", *([advertised] if advertised else [])}
    addresses = {"127.0.0.1", "::1"}
    for adapter in ifaddr.get_adapters():
        addresses |= {str(ip.ip[0]) if isinstance(ip.ip, tuple) else str(ip.ip) for ip in adapter.ips}
    lasting = {str(parsed) for parsed in map(ipaddress.ip_address, addresses) if not parsed.is_link_local}
    return sorted({name.lower() for name in names if _NAME.fullmatch(name)} | lasting)


def lan_address() -> str:
    """The source address the system would use towards the rest of the world; 127.0.0.1 without any network.

    "Connecting" a UDP socket only looks a route up; nothing is sent.
    """
    for far, family in _FAR:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((far, 9))
                address = str(probe.getsockname()[0])
        except OSError:
            continue
        if address not in ("0.0.0.0", "::"):
            return address
    return "127.0.0.1"
