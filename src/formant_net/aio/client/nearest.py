"""Which of several servers is the nearest: names are looked up, and a TCP connection to every machine is timed."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from formant_net.client.servers import Server

KNOCK_S = 1.0
"""Seconds. A machine that does not answer within this time is tried last."""
ALIKE_S = 0.02
"""Servers whose round trips differ by less are equally near: the order in which they were given decides."""


async def nearest_first(servers: Sequence[Server]) -> list[Server]:
    """All machines behind `servers`, the one with the quickest connect first, those that do not answer last.

    A single address is not timed. It takes a second at most and never fails: a server whose name cannot be looked up
    now stays in the list under its name.
    """
    found = [each for group in await asyncio.gather(*map(_machines, servers)) for each in group]
    if len(found) < 2:
        return found
    trips = await asyncio.gather(*map(_knock, found))
    order = sorted(range(len(found)), key=lambda i: (trips[i] // ALIKE_S, i))
    return [found[i] for i in order]


async def _machines(server: Server) -> list[Server]:
    """One server for each address of its name."""
    place = urlsplit(server.ws_url)
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(KNOCK_S):
            told = await loop.getaddrinfo(place.hostname, _port(server), type=socket.SOCK_STREAM)
    except (OSError, TimeoutError, UnicodeError):  # UnicodeError: no such name can be
        return [server]
    addresses = list(dict.fromkeys(str(address[0]) for *_, address in told))
    if len(addresses) < 2 or place.hostname in addresses or place.hostname == "localhost":
        return [server]  # one machine; which of its addresses to use is the system's business
    return [replace(server, address=address) for address in addresses]


async def _knock(server: Server) -> float:
    """Seconds until a TCP connection is open: the shorter of two times, because a busy machine may be late once."""
    loop = asyncio.get_running_loop()
    took = KNOCK_S
    try:
        async with asyncio.timeout(KNOCK_S):
            for _ in range(2):
                begun = loop.time()
                host = server.address or urlsplit(server.ws_url).hostname
                _, writer = await asyncio.open_connection(host, _port(server))
                took = min(took, loop.time() - begun)
                writer.close()
    except (OSError, TimeoutError, UnicodeError):
        pass
    return took


def _port(server: Server) -> int:
    place = urlsplit(server.ws_url)
    return place.port or (443 if place.scheme == "wss" else 80)
