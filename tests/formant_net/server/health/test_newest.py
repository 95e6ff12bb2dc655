"""What boxes say of how they are is kept with its age and told to desks that ask."""

from __future__ import annotations

from typing import Any

import pytest
from support.virtual.clients import RawClients, refused

from formant_net.fleet.document import Document
from formant_net.protocol.timing import Timing
from formant_net.server.health.newest import MOST_AWAY

A, B = "synth-a", "synth-b"


@pytest.fixture
def hall() -> RawClients:
    return RawClients(fleet=Document(epoch="e1"))


def say(hall: RawClients, conn: int, **fields: Any) -> list[dict[str, Any]]:
    return hall.say(conn, "health", version="0.1.0", uptime_s=1.0, **fields)


def desk(hall: RawClients, id: str = "desk-1", *, health: bool = True) -> list[dict[str, Any]]:
    conn = hall.join(id)
    return [message for message in hall.say(conn, "desk-open", health=health) if message["type"] == "desk-health"]


def test_a_box_is_asked_for_it_and_a_phone_or_a_controller_is_not() -> None:
    hall = RawClients(timing=Timing(health_s=7.0))
    for id, wanted in ((A, 7.0), ("synth-web-1", None), ("ctrl-a", None)):
        (registered,) = hall.say(hall.connect(), "register", client_id=id)
        assert registered.get("health_s") == wanted, id


def test_the_newest_is_kept_with_its_age_and_told_to_a_desk_that_opens_later(hall: RawClients) -> None:
    box = hall.join(A, meta={"name": "North"})
    assert say(hall, box, links=1) == []
    hall.wait(5.0)
    say(hall, box, links=2)
    hall.wait(4.0)
    (told,) = desk(hall)
    assert (told["id"], told["age_s"], told["health"]["links"]) == (A, 4.0, 2)
    assert hall.hub.health.boxes[A].name == "North"


def test_a_desk_that_asked_hears_each_and_one_that_did_not_hears_none(hall: RawClients) -> None:
    box = hall.join(A)
    assert desk(hall, "desk-1") == []
    desk(hall, "desk-2", health=False)
    asked, other = hall.hub._clients.holder("desk-1"), hall.hub._clients.holder("desk-2")
    assert asked is not None
    assert other is not None
    say(hall, box, troubles=["hot"])
    (told,) = hall.heard(asked.conn)
    assert (told["type"], told["age_s"], told["health"]["troubles"]) == ("desk-health", 0.0, ["hot"])
    assert hall.heard(other.conn) == []
    hall.drop(asked.conn)
    assert say(hall, box) == [], "nobody is told any more"


def test_a_box_that_is_away_keeps_what_it_said_and_when_it_was_seen(hall: RawClients) -> None:
    conn = hall.join(A)
    say(hall, conn, temperature_c=50.0)
    hall.wait(2.0)
    hall.pong(conn)
    seen = hall.clock.now
    hall.wait(1.0)
    assert hall.hub.health.seen(hall.hub.health.boxes[A]) == seen
    hall.drop(conn)
    box = hall.hub.health.boxes[A]
    assert (box.conn, hall.hub.health.seen(box)) == (0, seen)
    assert box.health is not None
    assert box.health.temperature_c == 50.0
    hall.join(A)
    assert box.conn != 0


def test_what_is_kept_of_boxes_that_are_away_is_bounded(hall: RawClients) -> None:
    stays = hall.join(B)
    for n in range(MOST_AWAY + 5):
        hall.drop(hall.join(f"synth-{n}"))
    assert len(hall.hub.health.boxes) == MOST_AWAY + 1
    assert {B, f"synth-{MOST_AWAY + 4}"} <= hall.hub.health.boxes.keys()
    assert "synth-4" not in hall.hub.health.boxes
    hall.drop(stays)


@pytest.mark.parametrize("id", ["synth-web-1", "ctrl-a", "desk-1"])
def test_only_a_box_says_how_it_is(hall: RawClients, id: str) -> None:
    conn = hall.join(id)
    refused(say(hall, conn), "wrong-role", "health")
    assert hall.hub.health.boxes == {}


@pytest.mark.parametrize(
    "fields",
    [
        {"busy": -0.1},
        {"gain": 1.5},
        {"troubles": ["x"] * 17},
        {"troubles": ["x" * 33]},
        {"device": "x" * 201},
        {"underflows": -1},
        {"audible": 1},
        {"temperature_c": 1e9},
    ],
)
def test_what_is_out_of_bounds_is_refused_at_the_rim_and_changes_nothing(
    hall: RawClients, fields: dict[str, Any]
) -> None:
    conn = hall.join(A)
    say(hall, conn, links=3)
    refused(say(hall, conn, **fields), "bad-message", "health")
    kept = hall.hub.health.boxes[A].health
    assert kept is not None
    assert kept.links == 3
