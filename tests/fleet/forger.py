"""A stranger on the network who announces servers: `python -m fleet.forger TAPE ID`, in a namespace.

It says again and again, without being asked, that hundreds of servers are there: some with the id of the true one, at
its own address, with and without https; and others at machines that do not exist. At its own ports it takes every
WebSocket, answers nothing that it is told, and writes all of it to the file TAPE.
"""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from websockets.asyncio.server import ServerConnection, serve
from zeroconf import ServiceInfo
from zeroconf._dns import DNSAddress, DNSPointer, DNSService, DNSText
from zeroconf._protocol.outgoing import DNSOutgoing

from formant_net.aio.lan.multicast import open_multicast
from formant_net.lan.record import SERVICE, Record
from formant_net.server.access.certificate import make_certificate, make_private_key, to_pem

ADDRESS = "192.168.1.66"
FIRST = 9000
PORTS = 40
"""Those with an odd number speak https."""
NOBODY = 200
EVERY_S = 0.5
RESPONSE = 0x8400
PTR, SRV, TXT, A, IN = 12, 33, 16, 1, 1


def https() -> ssl.SSLContext:
    """A certificate for the address of the stranger, with a key of its own."""
    key = make_private_key()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as file:
        file.write(to_pem(key, make_certificate(key, [ADDRESS], datetime.now(UTC))))
        file.flush()
        context.load_cert_chain(file.name)
    return context


def announcement(names: list[tuple[str, str, int, bool]]) -> DNSOutgoing:
    """One answer that names servers: id, address, port, and whether they speak https."""
    out = DNSOutgoing(RESPONSE)
    for n, (id, address, port, secure) in enumerate(names):
        name, host = f"choir {n}.{SERVICE}", f"forged-{n}.local."
        text = ServiceInfo(SERVICE, name, port=port, properties=Record(id, secure).txt()).text
        for record in (
            DNSPointer(SERVICE, PTR, IN, 4500, name),
            DNSService(name, SRV, IN, 120, 0, 0, port, host),
            DNSText(name, TXT, IN, 4500, text),
            DNSAddress(host, A, IN, 120, ipaddress.ip_address(address).packed),
        ):
            out.add_answer_at_time(record, 0)
    return out


async def main(tape: Path, id: str) -> None:
    """Until it is ended. It prints a line when it has announced everything."""

    async def hear(connection: ServerConnection) -> None:
        with tape.open("a", encoding="utf-8") as file:
            async for heard in connection:
                file.write(f"{connection.local_address[1]} {heard!r}\n")
                file.flush()

    secure = https()
    names = [(f"nobody{n}", f"192.168.1.{100 + n % 150}", 9000 + n, False) for n in range(NOBODY)]
    for n in range(PORTS):
        await serve(hear, ADDRESS, FIRST + n, ssl=secure if n % 2 else None, ping_interval=None)
        names.append((id, ADDRESS, FIRST + n, bool(n % 2)))
    opened = open_multicast()
    await opened.zeroconf.async_wait_for_start()
    for round in range(1_000_000):
        for begin in range(0, len(names), 40):
            opened.zeroconf.async_send(announcement(names[begin : begin + 40]))
        if round == 1:
            print("announced", flush=True)
        await asyncio.sleep(EVERY_S)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
