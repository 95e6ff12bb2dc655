"""A list of controllers that comes in several messages."""

from __future__ import annotations

from formant_net.protocol.messages import ControllerDetail, ControllersList
from formant_net.synth.linking.listing import Listing, run_of
from formant_net.synth.linking.roster import MAX_CONTROLLERS


def test_one_message_may_be_the_whole_list_with_what_is_known_of_each() -> None:
    detail = ControllerDetail(edge="attic", age_s=1.0)
    assert Listing().take(ControllersList(controllers=["a", "b"], details={"a": detail})) == {"a": detail, "b": None}


def test_a_list_is_whole_with_the_message_that_announces_no_more() -> None:
    listing = Listing()
    assert listing.take(ControllersList(controllers=["a", "b"], more=True)) is None
    whole = listing.take(ControllersList(controllers=["c"], after="b"))
    assert whole is not None
    assert list(whole) == ["a", "b", "c"]


def test_a_list_that_begins_anew_replaces_the_part_before() -> None:
    listing = Listing()
    listing.take(ControllersList(controllers=["old"], more=True))
    assert listing.take(ControllersList(controllers=["new"])) == {"new": None}


def test_who_leaves_meanwhile_is_not_in_it() -> None:
    listing = Listing()
    listing.take(ControllersList(controllers=["a", "b"], more=True))
    listing.left("a")
    listing.left("never")
    assert listing.take(ControllersList(controllers=[], after="b")) == {"b": None}


def test_a_list_is_no_longer_than_a_synth_can_keep() -> None:
    names = [f"c{n}" for n in range(MAX_CONTROLLERS + 1)]
    whole = Listing().take(ControllersList(controllers=names, more=True))
    assert whole is not None
    assert len(whole) == MAX_CONTROLLERS


def test_a_run_is_a_text_or_none() -> None:
    assert run_of({"run": "r1"}) == "r1"
    assert run_of({"run": 7}) is None
    assert run_of({}) is None
    assert run_of(None) is None
