"""Whom a synth prefers: its own edge, then the near, then a short round trip; and whom it keeps of too many."""

from __future__ import annotations

from formant_net.client import effects as fx
from formant_net.client.servers import Server
from formant_net.protocol import messages as m
from formant_net.protocol.timing import Timing
from formant_net.synth.core import Synth
from formant_net.synth.linking.ranking import Ranking
from formant_net.synth.play_limits import PlayLimits

BERLIN, MUNICH, TOKYO = "52.52,13.40", "48.14,11.58", "35.68,139.69"


def test_own_edge_then_distance_then_round_trip_then_the_unknown() -> None:
    ranking = Ranking()
    ranking.here("berlin", BERLIN)
    for name, edge, location in (
        ("far", "tokyo", TOKYO),
        ("nowhere", "moon", ""),
        ("near", "munich", MUNICH),
        ("own-slow", "berlin", BERLIN),
        ("own-quick", "berlin", BERLIN),
        ("own-new", "berlin", BERLIN),
    ):
        ranking.placed(name, edge, location)
    ranking.measured("own-slow", 0.2)
    ranking.measured("own-quick", 0.002)
    names = ["unheard-of", "nowhere", "far", "near", "own-new", "own-slow", "own-quick"]
    expected = ["own-quick", "own-slow", "own-new", "near", "far", "unheard-of", "nowhere"]
    assert sorted(names, key=ranking.rank) == expected
    assert ranking.nearer("own-slow", "near")
    assert not ranking.nearer("own-quick", "own-slow"), "a round trip alone lets nobody go"
    ranking.keep(["near"])
    assert set(ranking._places) == {"near"}
    assert ranking._rtt_s == {}


class Stand:
    """A synth that keeps two controllers, at an edge in Berlin."""

    def __init__(self) -> None:
        limits = PlayLimits(controllers=2)
        self.synth = Synth("synth-a", [Server("ws://one/ws")], Timing(), lambda: 0.5, limits=limits)
        self.synth.start(0.0)
        self.synth.opened(1, 0.0)
        registered = m.Registered(
            client_id="synth-a",
            edge="berlin",
            resume="s",
            ice_servers=[],
            heartbeat_s=20.0,
            ttl_s=60.0,
            location=BERLIN,
        )
        self.synth.receive(1, registered, 0.0)
        self.synth.drain()

    def offered(self) -> list[str]:
        return [effect.peer for effect in self.synth.drain() if isinstance(effect, fx.MakeOffer)]

    def listed(self, **places: tuple[str, str]) -> list[str]:
        details = {
            name: m.ControllerDetail(edge=edge, age_s=0.0, location=location)
            for name, (edge, location) in places.items()
        }
        self.synth.receive(1, m.ControllersList(controllers=list(places), details=details), 1.0)
        return self.offered()

    def joined(self, name: str, edge: str, location: str) -> list[str]:
        self.synth.receive(1, m.ControllerJoined(controller_id=name, edge=edge, location=location), 2.0)
        return self.offered()


def test_of_a_list_the_nearest_are_called_first_and_no_more_than_are_kept() -> None:
    stand = Stand()
    listed = stand.listed(far=("tokyo", TOKYO), near=("munich", MUNICH), own=("berlin", BERLIN))
    assert listed == ["own", "near"]


def test_when_one_leaves_the_next_best_is_called() -> None:
    stand = Stand()
    stand.listed(far=("tokyo", TOKYO), farther=("moon", ""), near=("munich", MUNICH), own=("berlin", BERLIN))
    stand.synth.receive(1, m.ControllerLeft(controller_id="near"), 2.0)
    assert stand.offered() == ["far"]


def test_a_nearer_one_that_joins_takes_the_place_of_the_farthest() -> None:
    stand = Stand()
    assert stand.listed(far=("tokyo", TOKYO), near=("munich", MUNICH)) == ["near", "far"]
    assert stand.joined("own", "berlin", BERLIN) == ["own"]
    assert stand.joined("farther", "moon", "") == []
    assert stand.joined("like-near", "munich", MUNICH) == []
    assert set(stand.synth._keeper.links) == {"near", "own"}
