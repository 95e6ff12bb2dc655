"""aiortc's SCTP with what stands before it, on a transport that is a list: packets of a peer, whatever they hold."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterable

from aiortc.rtcsctptransport import RTCSctpTransport
from google_crc32c import value as crc32c

from formant_net.aio.client.inbound import Inbound

TAG, FIRST = 0x01020304, 1000
"""The verification tag of our side, and the number that a peer's next DATA chunk has."""


class _Dtls:
    """As much of the transport below as SCTP uses."""

    state = "connected"
    _role = "server"

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    async def _send_data(self, data: bytes) -> None:
        self.sent.append(data)


def chunk(kind: int, body: bytes = b"", flags: int = 0) -> bytes:
    return struct.pack("!BBH", kind, flags, 4 + len(body)) + body + b"\0" * (-len(body) % 4)


def packet(chunks: bytes, tag: int = TAG) -> bytes:
    """A packet with the right checksum."""
    head = struct.pack("!HHL", 5000, 5000, tag)
    return head + struct.pack("<L", crc32c(head + b"\0\0\0\0" + chunks)) + chunks


class Association:
    """An association that is open. `sent` holds the packets of our side, `abused` why the link ended."""

    def __init__(self) -> None:
        self.dtls = _Dtls()
        self.abused: list[str] = []
        self.sctp = RTCSctpTransport(self.dtls)  # type: ignore[arg-type]
        self.sctp._remote_port = 5000
        self.sctp._local_verification_tag = TAG
        self.sctp._remote_verification_tag = 1
        self.sctp._local_tsn, self.sctp._last_sacked_tsn = FIRST, FIRST - 1
        self.sctp._last_received_tsn = FIRST - 1
        self.sctp._inbound_streams_count = 65535
        self.sctp._association_state = RTCSctpTransport.State.ESTABLISHED
        self.inbound = Inbound(self.sctp, self.abused.append)

    @property
    def sent(self) -> list[bytes]:
        return self.dtls.sent

    async def take(self, data: bytes) -> None:
        """A packet comes, as the transport below hands it over."""
        await self.sctp._handle_data(data)


def after(packets: Iterable[bytes]) -> Association:
    """An association that these packets have come to. Its timers never fire."""

    async def story() -> Association:
        association = Association()
        for each in packets:
            await association.take(each)
        return association

    return asyncio.run(story())
