"""The address under which other devices of the local network reach this machine."""

from __future__ import annotations

import socket

_FAR = (("192.0.2.1", socket.AF_INET), ("2001:db8::1", socket.AF_INET6))
"""Addresses reserved for documentation (RFC 5737, RFC 3849): far away for every routing table, and nobody's."""


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
