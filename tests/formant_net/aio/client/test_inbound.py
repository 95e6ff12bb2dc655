"""What a peer sends is counted by chunks, before SCTP reads it; a gap that is never filled is bounded."""

from __future__ import annotations

import asyncio
import struct

import pytest
from aioice.ice import StunProtocol
from aiortc import rtcsctptransport
from aiortc.rtcsctptransport import RTCSctpTransport
from support.virtual import sctp as peer

from formant_net.aio.client import inbound
from formant_net.aio.client.inbound import CHUNKS_BURST, CHUNKS_PER_S, MAX_MISORDERED, Inbound, cost_of
from formant_net.timers.allowance import Allowance


class Sctp:
    """What is asked of aiortc's transport."""

    def __init__(self) -> None:
        self.read = 0
        self._sack_misordered: set[int] = set()

    async def _handle_data(self, data: bytes) -> None:
        self.read += cost_of(data)


def packet(chunks: int, payload: bytes = b"abcd") -> bytes:
    one = struct.pack("!BBH", 0, 3, 4 + len(payload)) + payload + b"\0" * (-len(payload) % 4)
    return b"\0" * 12 + one * chunks


class Stand:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(inbound, "clock", lambda: self.now)
        self.sctp, self.abused = Sctp(), []  # type: ignore[var-annotated]
        self.inbound = Inbound(self.sctp, self.abused.append)

    def comes(self, data: bytes, times: int, per_s: float) -> None:
        async def all_of_them() -> None:
            for _ in range(times):
                self.now += 1.0 / per_s
                await self.sctp._handle_data(data)  # as the transport below calls it

        asyncio.run(all_of_them())


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch) -> Stand:
    return Stand(monkeypatch)


def test_aiortc_still_has_what_stands_before_it() -> None:
    assert asyncio.iscoroutinefunction(RTCSctpTransport._handle_data)
    assert "_sack_misordered" in RTCSctpTransport._mark_received.__code__.co_names
    assert "data_received" in StunProtocol.datagram_received.__code__.co_names


def test_nothing_and_too_much_at_once_do_not_wait_for_dtls() -> None:
    class Ice:
        def __init__(self) -> None:
            self._queue: asyncio.Queue[tuple[bytes, int]] = asyncio.Queue()

        def data_received(self, data: bytes, component: int) -> None:
            self._queue.put_nowait((data, component))

    ice = Ice()
    inbound.only_content(ice)
    for data in (b"", b"a", b"", *[b"x"] * 5000):
        ice.data_received(data, 1)
    assert ice._queue.get_nowait() == (b"a", 1)
    assert ice._queue.qsize() == inbound.MOST_UNREAD - 1


@pytest.mark.parametrize(("payload", "count"), [(b"", 1), (b"abcd", 30), (b"abc", 7), (b"x" * 1100, 1)])
def test_chunks_are_counted_with_their_padding(payload: bytes, count: int) -> None:
    assert cost_of(packet(count, payload)) == count


@pytest.mark.parametrize("data", [b"", b"\0" * 12, b"\0" * 15, b"\0" * 40, b"\xff" * 1200])
def test_what_is_no_packet_counts_as_one(data: bytes) -> None:
    assert cost_of(data) == 1


def test_the_fastest_player_is_read_for_ever(stand: Stand) -> None:
    stand.comes(packet(1), 20_000, per_s=320.0)
    assert (stand.sctp.read, stand.inbound.refused, stand.abused) == (20_000, 0, [])


@pytest.mark.parametrize("bundled", [1, 40])
def test_a_flood_costs_no_more_than_is_allowed_however_it_is_packed(stand: Stand, bundled: int) -> None:
    stand.comes(packet(bundled), 30_000, per_s=3000.0)
    assert stand.abused == ["too many packets"]
    assert stand.sctp.read <= CHUNKS_BURST + 11 * CHUNKS_PER_S + bundled


@pytest.mark.parametrize("payload", ["messages", "bundled", "gap"])
def test_ninety_links_of_one_guest_cost_no_more_than_ninety_guests_and_a_player_is_read_whole(
    monkeypatch: pytest.MonkeyPatch, payload: str
) -> None:
    """Each link stays below what one may send, so none is a flood. Together they were 45,000 chunks a second: four
    cores. A player sends 320 a second beside them, and an honest guest 60."""
    now = 100.0
    monkeypatch.setattr(inbound, "clock", lambda: now)
    guests, abused = inbound.of_guests(), []  # type: ignore[var-annotated]

    def link(common: Allowance | None) -> tuple[Sctp, Inbound]:
        sctp = Sctp()
        if payload == "gap" and common is not None:
            sctp._sack_misordered = set(range(MAX_MISORDERED))
        return sctp, Inbound(sctp, abused.append, common)

    bad = [link(guests) for _ in range(90)]
    honest, player = link(guests), link(None)
    bundle = 25 if payload == "bundled" else 1

    async def story() -> None:
        nonlocal now
        for tick in range(400):  # 4 s
            now += 0.01
            for sctp, _ in bad:
                for _ in range(1 if bundle > 1 and tick % 5 == 0 else 5 if bundle == 1 else 0):
                    await sctp._handle_data(packet(bundle))
            for _ in range(3):
                await player[0]._handle_data(packet(1))
            if tick % 5 < 3:
                await honest[0]._handle_data(packet(1))

    asyncio.run(story())
    assert abused == []
    most = 90 * (inbound.SHARE_BURST + 4 * inbound.SHARE_PER_S) + inbound.GUESTS_BURST + 4 * inbound.GUESTS_PER_S
    assert sum(sctp.read for sctp, _ in bad) <= most + 91 * bundle
    assert player[0].read == 1200, "all of it"
    assert honest[0].read >= 4 * inbound.SHARE_PER_S, "what a finger needs"


def test_ninety_honest_guests_who_play_are_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(inbound, "clock", lambda: now)
    guests = inbound.of_guests()
    links = [Sctp() for _ in range(90)]
    for sctp in links:
        Inbound(sctp, lambda reason: None, guests)

    async def story() -> None:
        nonlocal now
        for _ in range(300):
            now += 1 / 60
            for sctp in links:
                await sctp._handle_data(packet(1))

    asyncio.run(story())
    assert {sctp.read for sctp in links} == {300}


def test_a_burst_after_an_outage_is_forgiven(stand: Stand) -> None:
    stand.comes(packet(1), 1000, per_s=1e6)
    stand.comes(packet(1), 500, per_s=300.0)
    assert (stand.sctp.read, stand.abused) == (1500, [])


def test_a_gap_that_is_never_filled_ends_the_link(stand: Stand) -> None:
    stand.sctp._sack_misordered = set(range(MAX_MISORDERED))
    stand.comes(packet(1), 1, per_s=100.0)
    assert stand.abused == []
    stand.sctp._sack_misordered.add(-1)
    stand.comes(packet(1), 100, per_s=100.0)
    assert stand.abused == ["a gap that is never filled"]
    assert stand.sctp.read == 2, "nothing is read any more"


@pytest.mark.parametrize("error", [AssertionError(), ValueError("no"), UnicodeDecodeError("utf8", b"", 0, 1, "x")])
def test_what_the_stack_cannot_read_ends_the_link_in_words(
    stand: Stand, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """aiortc asserts that a channel is opened once: its task would end, and the link would seem to be there."""

    async def fails(data: bytes) -> None:
        raise error

    monkeypatch.setattr(stand.inbound, "_read", fails)
    stand.comes(packet(1), 3, per_s=100.0)
    assert stand.abused == [f"a packet that cannot be read ({type(error).__name__})"]


def test_the_end_of_the_connection_is_the_transports_own(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    async def ends(data: bytes) -> None:
        raise ConnectionError

    monkeypatch.setattr(stand.inbound, "_read", ends)
    with pytest.raises(ConnectionError):
        stand.comes(packet(1), 1, per_s=100.0)
    assert stand.abused == []


def parameter(kind: int, body: bytes, length: int | None = None) -> bytes:
    return struct.pack("!HH", kind, 4 + len(body) if length is None else length) + body


@pytest.mark.parametrize("kind", [1, 2, 4, 5, 6, 9, 130])
def test_a_parameter_of_length_0_is_not_read_because_the_stack_would_look_for_the_next_one_for_ever(
    stand: Stand, kind: int
) -> None:
    """One packet of a guest froze a synth for good. RFC 9260 section 3.2.1: a length is 4 at least."""
    body = (b"\0" * 16 if kind in (1, 2) else b"") + parameter(1, b"ab") + b"\0\0" + parameter(7, b"", 0)
    stand.comes(peer.packet(peer.chunk(0, b"\0" * 20) + peer.chunk(kind, body)), 3, per_s=100.0)
    assert (stand.sctp.read, stand.abused) == (0, ["a parameter without a length"])


def test_the_stack_still_never_finds_the_end_of_such_parameters() -> None:
    """When this fails, aiortc has mended it. It is cut after a while by what it reads, which ends."""

    class Finite(bytes):
        slices = 0

        def __getitem__(self, key: object) -> bytes:  # type: ignore[override]
            self.slices += 1
            if self.slices > 1000:
                raise TimeoutError
            return b""

    with pytest.raises(TimeoutError):
        rtcsctptransport.decode_params(Finite(b"\0" * 8))


def test_an_acknowledgement_of_millions_of_numbers_is_not_read(stand: Stand) -> None:
    """The stack makes a set of all numbers in all gap blocks: 24 million of a packet of 1.5 kB, for seconds."""
    blocks = b"".join(struct.pack("!HH", 1, 65535) for _ in range(365))
    sack = struct.pack("!LLHH", 0, 100_000, 365, 0) + blocks
    stand.comes(peer.packet(peer.chunk(3, sack)), 3, per_s=100.0)
    assert (stand.sctp.read, stand.abused) == (0, ["an acknowledgement of what was never sent"])


def test_what_an_acknowledgement_names_counts(stand: Stand) -> None:
    block = struct.pack("!LLHHHH", 0, 100_000, 1, 0, 1, inbound.MOST_ACKED)
    assert cost_of(peer.packet(peer.chunk(3, block))) == 1 + inbound.MOST_ACKED // inbound.ACKED_A_CHUNK
    usual = struct.pack("!LLHHHHHHL", 0, 100_000, 2, 1, 2, 5, 7, 7, 99)
    assert cost_of(peer.packet(peer.chunk(3, usual))) == 1
    assert cost_of(peer.packet(peer.chunk(3, struct.pack("!LLHH", 0, 1, 9, 9)))) == 1, "blocks that are not there"


def test_each_request_of_a_reconfiguration_counts_as_a_chunk_because_each_is_answered(stand: Stand) -> None:
    """123 fit into a packet. RFC 6525 section 3.1 allows two."""
    add = parameter(17, struct.pack("!LHH", 5, 1, 0))
    assert cost_of(peer.packet(peer.chunk(130, add * 2))) == 3
    stand.comes(peer.packet(peer.chunk(130, add * 120)), 3, per_s=100.0)
    assert (stand.sctp.read, stand.abused) == (0, ["too many requests at once"])


def test_usual_control_chunks_cost_one_each() -> None:
    heartbeat, error = peer.chunk(4, parameter(1, b"12345678")), peer.chunk(9, parameter(3, b"12345678"))
    init = peer.chunk(1, struct.pack("!LLHHL", 1, 100_000, 65535, 65535, 7) + parameter(0xC000, b""))
    assert [cost_of(peer.packet(each)) for each in (heartbeat, error, init, peer.chunk(11))] == [1, 1, 1, 1]
    assert cost_of(peer.packet(heartbeat + peer.chunk(0, b"\0" * 20) + error)) == 3


def test_streams_without_end_end_the_link() -> None:
    """FORWARD TSN names 370 streams a packet. The stack keeps each, and looks through all of them at each packet."""

    def forward(n: int) -> bytes:
        named = b"".join(struct.pack("!HH", 350 * n + k, 0) for k in range(350))
        return peer.packet(peer.chunk(192, struct.pack("!L", peer.FIRST + n) + named))

    association = peer.after(forward(n) for n in range(150))
    assert association.abused == ["too many streams"]
    assert len(association.sctp._inbound_streams) == 350, "nothing after the first is read"


def test_a_player_beside_such_a_peer_uses_few_streams_and_stays() -> None:
    def message(n: int) -> bytes:
        return peer.packet(peer.chunk(0, struct.pack("!LHHL", peer.FIRST + n, 4 * (n % 20), 0, 51) + b"{}", flags=7))

    association = peer.after(message(n) for n in range(400))
    assert association.abused == []
    assert association.sctp._last_received_tsn == peer.FIRST + 399
