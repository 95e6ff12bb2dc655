"""Offers a minute: in all, and to one controller."""

from __future__ import annotations

from contextlib import suppress

import pytest

from formant_net.protocol.errors import ProtocolError
from formant_net.server.access.limits import Limits
from formant_net.server.offers import OfferMeter


def passed(meter: OfferMeter, targets: list[str], now: float) -> int:
    count = 0
    for target in targets:
        try:
            meter.take(target, now)
        except ProtocolError:
            continue
        else:
            count += 1
    return count


def test_one_controller_gets_so_many_a_minute_and_the_others_all_the_same() -> None:
    meter = OfferMeter(Limits(offers_per_pair_per_min=6), 0.0)
    assert passed(meter, ["ctrl-a"] * 20, 0.0) == 6
    assert passed(meter, ["ctrl-b"], 0.0) == 1
    assert passed(meter, ["ctrl-a"] * 5, 10.0) == 1
    assert passed(meter, ["ctrl-a"] * 20, 100.0) == 6


def test_all_together_get_so_many_a_minute() -> None:
    meter = OfferMeter(Limits(offers_per_min=60), 0.0)
    assert passed(meter, [f"ctrl-{n}" for n in range(100)], 0.0) == 60
    with pytest.raises(ProtocolError) as caught:
        meter.take("ctrl-new", 0.5)
    assert (caught.value.code, caught.value.fatal) == ("too-many-offers", False)
    assert passed(meter, [f"ctrl-{n}" for n in range(100)], 30.0) == 30


def test_its_memory_is_that_of_the_last_minute() -> None:
    """However many controllers there were: a server runs for months."""
    meter = OfferMeter(Limits(offers_per_pair_per_min=6), 0.0)
    most = 0
    for second in range(2000):
        meter.take(f"ctrl-{second}", 1000.0 + second)
        most = max(most, len(meter._pairs[False]))
    assert most <= 64
    assert passed(meter, ["ctrl-1999"] * 20, 3000.0) == 5, "who offered a moment ago is remembered"


def test_guests_do_not_use_up_what_is_for_players() -> None:
    meter = OfferMeter(Limits(offers_per_min=60), 0.0)
    for n in range(100):
        with suppress(ProtocolError):
            meter.take(f"guest-{n}", 0.0, guest=True)
    assert passed(meter, [f"ctrl-{n}" for n in range(100)], 0.0) == 60


@pytest.mark.parametrize("guest", [False, True])
def test_an_offer_that_found_nobody_costs_nothing(guest: bool) -> None:
    meter = OfferMeter(Limits(offers_per_min=60, offers_per_pair_per_min=2), 0.0)
    for _ in range(1000):
        meter.take("ctrl-a", 0.0, guest=guest)
        meter.give_back("ctrl-a")
    meter.give_back("nobody")
    assert passed(meter, ["ctrl-b"], 0.0) == 1
