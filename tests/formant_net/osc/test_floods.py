"""A flood of OSC costs little, and honest programs beside it are heard."""

from __future__ import annotations

import pytest
from support.virtual.osc_hand import WALL, OscHand, bundle

from formant_net.osc.codec import encode
from formant_net.osc.floods import ALL_BURST, ALL_PER_S, SENDER_BURST, SENDER_PER_S, UNIT_BYTES, Floods

NOTES = bundle(None, *(encode("/formant/note", n, 60.0 + n % 12) for n in range(200)))


def test_this_machine_is_always_read() -> None:
    floods = Floods()
    for ip in ("127.0.0.1", "::1", "127.9.9.9"):
        assert all(floods.takes(ip, 8192, 0.0) for _ in range(1000))


def test_fifty_fingers_of_another_machine_are_read_for_ever() -> None:
    floods = Floods()
    for n in range(20_000):
        assert floods.takes("192.168.1.7", 24, n / 1000.0)


def test_a_link_local_address_with_its_zone_is_an_address() -> None:
    assert Floods().takes("fe80::1%wlan0", 100, 0.0)


@pytest.mark.parametrize("addresses", [1, 50, 5000])
def test_a_flood_is_read_up_to_the_rate_however_many_senders_it_pretends(addresses: int) -> None:
    floods = Floods()
    units = 0
    for n in range(20_000):  # two seconds
        ip = f"10.0.{n % addresses // 250}.{1 + n % addresses % 250}"
        units += floods.takes(ip, len(NOTES), n / 10_000.0) * (1 + len(NOTES) // UNIT_BYTES)
    rate, burst = (SENDER_PER_S, SENDER_BURST) if addresses == 1 else (ALL_PER_S, ALL_BURST)
    assert units <= burst + 2.0 * rate + 2 * (1 + len(NOTES) // UNIT_BYTES)
    assert len(floods._senders) <= 64


@pytest.mark.parametrize("ids", [1, 100])
def test_players_here_and_elsewhere_go_on_beside_a_flood_of_huge_bundles(ids: int) -> None:
    """A thousand datagrams a second, from as many ports of one machine. Both players lose nothing."""
    hand = OscHand()
    here, there = ("127.0.0.1", 5000), ("192.168.1.7", 5000)
    hand.send("/formant/note", 1, 60.0, sender=here)
    for tick in range(200):
        now = hand.now + 0.01
        hand.run(now)
        for n in range(10):
            hand.player.receive(("192.168.1.66", 6000 + n % ids), NOTES, WALL + now, now)
        before = hand.player.counters["messages"]
        hand.send("/formant/touch", 1, tick / 200.0, 0.5, at=now, sender=here)
        hand.send("/formant/touch", 2, tick / 200.0, 0.5, at=now, sender=there)
        assert hand.player.counters["messages"] == before + 2
    assert hand.player.counters["dropped"] > 1500
    assert hand.player.counters["messages"] < 200 * 2 + 1 + SENDER_BURST + 2.0 * SENDER_PER_S + 800
