"""Servers by DNS: a name server of our own on the loopback interface, which real queries reach."""

from __future__ import annotations

import asyncio
from typing import Any

import dns.asyncresolver
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset

from formant_net.aio.lan.domain import dns_places
from formant_net.lan.record import Place


class NameServer(asyncio.DatagramProtocol):
    """Answers from a table: name and kind -> texts of records."""

    def __init__(self, zone: dict[tuple[str, str], list[str]]) -> None:
        self._zone = zone
        self.asked: list[tuple[str, str]] = []

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, address: Any) -> None:
        query = dns.message.from_wire(data)
        (question,) = query.question
        kind = question.rdtype.name
        name = question.name.to_text()
        self.asked.append((name, kind))
        answer = dns.message.make_response(query)
        if texts := self._zone.get((name, kind)):
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", kind, *texts))
        else:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        self._transport.sendto(answer.to_wire(), address)


def found(zone: dict[tuple[str, str], list[str]], *domains: str) -> list[Place]:
    async def story() -> list[Place]:
        server = NameServer(zone)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: server, local_addr=("127.0.0.1", 0))
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers = ["127.0.0.1"]
        resolver.port = transport.get_extra_info("sockname")[1]
        resolver.search = [dns.name.from_text(domain) for domain in domains]
        try:
            places = await dns_places(resolver)
        finally:
            transport.close()
        assert server.asked or not domains
        return places

    return asyncio.run(story())


def test_the_service_names_servers_in_the_order_of_their_priority_and_the_host_comes_last() -> None:
    zone = {
        ("_formant._tcp.church.example.", "SRV"): [
            "20 0 8081 second.church.example.",
            "10 5 8080 first.church.example.",
        ],
        ("formant.church.example.", "AAAA"): ["fd77::3"],
    }
    assert found(zone, "church.example") == [
        Place("", "first.church.example", 8080),
        Place("", "second.church.example", 8081),
        Place("", "formant.church.example", 8080),
    ]


def test_https_is_said_by_the_text_of_the_service() -> None:
    zone = {
        ("_formant._tcp.church.example.", "SRV"): ["0 0 443 formant.church.example."],
        ("_formant._tcp.church.example.", "TXT"): ['"txtvers=1" "tls=1"'],
    }
    assert found(zone, "elsewhere.example", "church.example") == [Place("", "formant.church.example", 443, secure=True)]


def test_a_domain_without_servers_and_a_machine_without_domains_give_none() -> None:
    assert found({}, "church.example") == []
    assert found({}) == []
    assert found({("_formant._tcp.x.example.", "SRV"): ["0 0 0 . "]}, "x.example") == [], "`.` says that there is none"
