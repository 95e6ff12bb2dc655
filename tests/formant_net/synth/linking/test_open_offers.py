"""How many offers to a controller without a run may still be answered, and when the next one may be made."""

from __future__ import annotations

from formant_net.synth.linking.open_offers import OpenOffers

LINKED = {"ctrl-a", "ctrl-b"}


def test_the_next_offer_waits_until_the_last_one_is_answered_or_too_old() -> None:
    offers = OpenOffers()
    assert offers.until("ctrl-a", 0.0) is None
    offers.offered("ctrl-a", 10.0, LINKED, 0.0)
    assert offers.until("ctrl-a", 9.9) == 10.0
    assert offers.until("ctrl-a", 10.0) is None
    assert "ctrl-a" in offers
    assert offers.answered("ctrl-a") == 1
    assert offers.until("ctrl-a", 1.0) is None
    assert "ctrl-a" not in offers


def test_each_answer_settles_one_offer_and_tells_how_many_were_open() -> None:
    offers = OpenOffers()
    offers.offered("ctrl-a", 10.0, LINKED, 0.0)
    offers.offered("ctrl-a", 10.0, LINKED, 10.0)
    assert offers.answered("ctrl-a") == 2
    assert offers.until("ctrl-a", 11.0) == 20.0, "the other offer is still open"
    assert offers.answered("ctrl-a") == 1
    assert offers.answered("ctrl-a") == 0


def test_a_slow_controller_may_be_given_more_time() -> None:
    offers = OpenOffers()
    offers.offered("ctrl-a", 10.0, LINKED, 0.0)
    offers.wait("ctrl-a", 20.0)
    assert offers.until("ctrl-a", 15.0) == 20.0


def test_an_open_link_settles_all_its_offers() -> None:
    offers = OpenOffers()
    offers.offered("ctrl-a", 10.0, LINKED, 0.0)
    offers.offered("ctrl-a", 10.0, LINKED, 10.0)
    offers.opened("ctrl-a")
    assert offers.answered("ctrl-a") == 0
    assert offers.until("ctrl-a", 11.0) is None


def test_an_offer_with_a_mid_of_its_own_waits_for_no_other_answer() -> None:
    offers = OpenOffers()
    offers.offered("ctrl-a", 10.0, LINKED, 0.0)
    offers.named_run("ctrl-a", LINKED, 1.0)
    assert offers.until("ctrl-a", 1.0) is None


def test_what_is_known_of_a_controller_that_is_gone_is_forgotten_when_its_last_offer_is_too_old() -> None:
    offers = OpenOffers()
    offers.offered("ctrl-a", 10.0, LINKED, 0.0)
    offers.offered("ctrl-b", 10.0, {"ctrl-b"}, 5.0)
    assert offers.until("ctrl-a", 5.0) == 10.0, "it may still answer"
    offers.offered("ctrl-b", 10.0, {"ctrl-b"}, 10.0)
    assert offers.answered("ctrl-a") == 0
    assert offers.answered("ctrl-b") == 2
