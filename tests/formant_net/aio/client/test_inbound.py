"""What a peer sends is counted by chunks, before SCTP reads it; a gap that is never filled is bounded."""

from __future__ import annotations

import asyncio
import struct

import pytest
from aiortc.rtcsctptransport import RTCSctpTransport

from formant_net.aio.client import inbound
from formant_net.aio.client.inbound import CHUNKS_BURST, CHUNKS_PER_S, MAX_MISORDERED, Inbound, chunks_in
from formant_net.timers.allowance import Allowance


class Sctp:
    """What is asked of aiortc's transport."""

    def __init__(self) -> None:
        self.read = 0
        self._sack_misordered: set[int] = set()

    async def _handle_data(self, data: bytes) -> None:
        self.read += chunks_in(data)


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


@pytest.mark.parametrize(("payload", "count"), [(b"", 1), (b"abcd", 30), (b"abc", 7), (b"x" * 1100, 1)])
def test_chunks_are_counted_with_their_padding(payload: bytes, count: int) -> None:
    assert chunks_in(packet(count, payload)) == count


@pytest.mark.parametrize("data", [b"", b"\0" * 12, b"\0" * 15, b"\0" * 40, b"\xff" * 1200])
def test_what_is_no_packet_counts_as_one(data: bytes) -> None:
    assert chunks_in(data) == 1


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
