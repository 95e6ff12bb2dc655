"""Asks the DNS of this network for servers: for networks that do not pass multicast on, but have a name server.

In each search domain of this machine two names are asked for: the service `_formant._tcp` (SRV, and `tls=1` in its TXT
record for https), and the host `formant` (port 8080).
"""

from __future__ import annotations

import asyncio
from typing import Any

from formant_net.lan.record import Place, by_name

LIFETIME_S = 3.0
MOST_DOMAINS = 4
PORT = 8080


async def dns_places(resolver: Any = None) -> list[Place]:
    """The places that DNS names, the best first; none without a name server. Raises ImportError without dnspython.

    resolver   a `dns.asyncresolver.Resolver`; None: as this machine is set up
    """
    from dns.asyncresolver import Resolver
    from dns.exception import DNSException

    try:
        resolver = resolver or Resolver()
    except (DNSException, OSError):  # no name server is set up
        return []
    domains = [name.to_text(omit_final_dot=True) for name in (resolver.search or [resolver.domain])]
    found = await asyncio.gather(*(_in_domain(resolver, name) for name in domains[:MOST_DOMAINS] if name))
    return [place for places in found for place in places]


async def _in_domain(resolver: Any, domain: str) -> list[Place]:
    service = f"_formant._tcp.{domain}."
    hosts, texts, plain = await asyncio.gather(
        _ask(resolver, service, "SRV"),
        _ask(resolver, service, "TXT"),
        _ask(resolver, f"formant.{domain}.", "A", "AAAA"),
    )
    secure = any(b"tls=1" in text.strings for text in texts)
    named = by_name([(each.priority, each.weight, each.target.to_text(True), each.port) for each in hosts], secure)
    return [*named, *([Place("", f"formant.{domain}", PORT)] if plain else [])]


async def _ask(resolver: Any, name: str, *kinds: str) -> list[Any]:
    """The records of the first of these kinds that the name has."""
    from dns.exception import DNSException

    for kind in kinds:
        try:
            return list(await resolver.resolve(name, kind, lifetime=LIFETIME_S))
        except (DNSException, OSError):
            continue
    return []
