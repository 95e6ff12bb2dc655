"""Everything that a peer sends over WebRTC is counted before SCTP reads it.

SCTP is Python here: each chunk costs 0.1 ms, on whatever channel it comes, of whatever kind, wanted or not. So chunks
are counted, not messages. What is too much is not read, which also slows an honest sender's stack down; for long, it is
a flood. A gap in the numbers that is never filled makes the stack sort all that came after it at each packet: that is
bounded, too.

Some packets are never read, because one of them would keep this process busy for seconds or for ever: a parameter of
length 0, after which aiortc never finds the next one, and an acknowledgement of millions of numbers, of which it makes
a set.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from formant_net.aio.driver import clock
from formant_net.timers.allowance import Allowance

CHUNKS_PER_S, CHUNKS_BURST = 600.0, 1200
"""A screen of 240 Hz with its repetitions sends 300 a second, and its acknowledgements a few more."""
PATIENCE_PER_S, PATIENCE = 60.0, 600
"""Dropped packets are counted as well. A flood is a tenth above the rate for long, or very many at once."""
SHARE_PER_S, SHARE_BURST = 40.0, 80
"""Chunks of each guest that are read whatever other guests send."""
GUESTS_PER_S, GUESTS_BURST = 2000.0, 2000
"""Chunks of all guests beyond their shares. So 100 links of one guest cost what 100 guests cost that play."""
MAX_MISORDERED = 512
"""Chunks after a gap. A lost one is given up by its sender after a second or two of them."""
MOST_ACKED = 4096
"""Numbers that the gap blocks of one acknowledgement name: 17 s of the fastest play. They can name 24 million."""
ACKED_A_CHUNK = 256
"""To read so many of these numbers costs as much as a chunk."""
MOST_REQUESTS = 8
"""Parameters of one RE-CONFIG chunk. Each is answered by a packet; RFC 6525 section 3.1 allows two."""
MOST_STREAMS = 64
"""Streams that a peer uses. A link has two; the stack keeps each for ever, and looks through all of them."""
_SACK, _RECONFIG = 3, 130
_PARAMETERS_AT = {1: 20, 2: 20, 4: 4, 5: 4, 6: 4, 9: 4, _RECONFIG: 4}
"""Where the parameters begin in chunks that have any: INIT, INIT ACK, HEARTBEAT, its ACK, ABORT, ERROR, RE-CONFIG."""


MOST_UNREAD = 1024
"""Datagrams that wait until DTLS reads them, of whoever knows the port."""


def of_guests() -> Allowance:
    """What all guests of a node may send beyond their shares."""
    return Allowance(GUESTS_PER_S, GUESTS_BURST, clock())


def only_content(ice: Any) -> None:
    """Drop what comes to the port of a link and is nothing: anybody may send it, without a key or a link.

    aiortc looks at the first byte of each datagram. An empty one ended the link, and it keeps all that wait.

    ice   the connection of aioice that the link has
    """
    take: Callable[[bytes, int], None] = ice.data_received

    def data_received(data: bytes, component: int) -> None:
        if data and ice._queue.qsize() < MOST_UNREAD:
            take(data, component)

    ice.data_received = data_received  # its sockets look this name up at each datagram


class Inbound:
    """Stands before the SCTP of one connection.

    abused    called once with the reason, in words, when the peer sends what none of ours does
    guests    what all guests may send beyond their shares; None: the peer is no guest
    """

    def __init__(self, sctp: Any, abused: Callable[[str], None], guests: Allowance | None = None) -> None:
        self.refused = 0
        """Packets that were not read."""
        self._sctp = sctp
        self._abused = abused
        self._read: Callable[[bytes], Awaitable[None]] = sctp._handle_data
        now = clock()
        self._chunks = Allowance(CHUNKS_PER_S, CHUNKS_BURST, now)
        self._patience = Allowance(PATIENCE_PER_S, PATIENCE, now)
        self._guests = guests
        self._share = Allowance(SHARE_PER_S, SHARE_BURST, now)
        self._over = False
        sctp._handle_data = self.take  # aiortc has no interface for it; the transport looks this name up at each packet

    async def take(self, data: bytes) -> None:
        """One packet."""
        if self._over:
            return
        now = clock()
        if not self._chunks.take(now):
            self.refused += 1
            if not self._patience.take(now):
                self._end("too many packets")
            return
        try:
            more = cost_of(data) - 1
        except ValueError as error:
            self._end(str(error))
            return
        self._chunks.charge(more)
        if self._guests is not None:
            own = self._share.take(now)
            if not own and not self._guests.take(now):
                self.refused += 1  # other guests send too much: it is not this one's fault
                return
            (self._share if own else self._guests).charge(more)
        try:
            await self._read(data)
        except ConnectionError:
            raise  # the transport needs it to end itself
        except Exception as error:  # aiortc asserts what a peer may violate; its task would end without a word
            self._end(f"a packet that cannot be read ({type(error).__name__})")
        if len(getattr(self._sctp, "_sack_misordered", ())) > MAX_MISORDERED:
            self._end("a gap that is never filled")
        elif len(getattr(self._sctp, "_inbound_streams", ())) > MOST_STREAMS:
            self._end("too many streams")

    def _end(self, reason: str) -> None:
        self._over = True
        self._abused(reason)


def cost_of(packet: bytes) -> int:
    """What it costs to read a packet of SCTP (RFC 9260 section 3), in chunks: at least 1.

    Raises ValueError, with the reason in words, for one that must not be read.
    """
    cost, at = 0, 12
    while at + 4 <= len(packet):
        length = int.from_bytes(packet[at + 2 : at + 4], "big")
        cost += 1
        if length < 4:
            break
        if packet[at]:  # no DATA, which nearly all are
            cost += _cost_of_control(packet[at : at + length])
        at += (length + 3) & ~3
    return max(1, cost)


def _cost_of_control(chunk: bytes) -> int:
    kind = chunk[0]
    if kind == _SACK:
        gaps = int.from_bytes(chunk[12:14], "big")
        ends = [int.from_bytes(chunk[at : at + 2], "big") for at in range(16, min(len(chunk), 16 + 4 * gaps), 2)]
        acked = sum(max(0, last - first + 1) for first, last in zip(ends[::2], ends[1::2], strict=False))
        if acked > MOST_ACKED:
            raise ValueError("an acknowledgement of what was never sent")
        return acked // ACKED_A_CHUNK
    at = _PARAMETERS_AT.get(kind)
    if at is None:
        return 0
    count = 0
    while at + 4 <= len(chunk):
        length = int.from_bytes(chunk[at + 2 : at + 4], "big")
        if length < 4:
            raise ValueError("a parameter without a length")
        count += 1
        at += (length + 3) & ~3
    if kind != _RECONFIG:
        return 0
    if count > MOST_REQUESTS:
        raise ValueError("too many requests at once")
    return count
