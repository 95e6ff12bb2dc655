"""Levels go from boxes to desks that look at them, four times a second at most, and to nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from support.virtual.clients import RawClients, refused

from formant_net.fleet.document import Document
from formant_net.protocol.steering import LEVEL_S
from formant_net.server.health.levels import LINGER_S, MOST_BOXES, MOST_DESKS

A, B = "synth-a", "synth-b"


@pytest.fixture
def hall() -> RawClients:
    return RawClients(fleet=Document(epoch="e1"))


def box(hall: RawClients, id: str = A, *, meters: bool = True) -> int:
    """A box that has registered; what it is told then stays to be read."""
    conn = hall.connect()
    answers = hall.say(conn, "register", client_id=id, meta={"meters": meters})
    hall.inbox[conn] = [answer for answer in answers if answer["type"] != "registered"]
    return conn


def desk(hall: RawClients, id: str = "desk-1") -> int:
    conn = hall.join(id)
    assert hall.say(conn, "desk-meters", on=True) == []
    return conn


def asked(hall: RawClients, conn: int) -> list[float]:
    """How often this box was told to say its level since the last call."""
    return [message["every_s"] for message in hall.heard(conn) if message["type"] == "meter"]


def level(hall: RawClients, conn: int, peak_db: float) -> None:
    assert [answer for answer in hall.say(conn, "level", peak_db=peak_db) if answer["type"] == "error"] == []


def told(hall: RawClients, conn: int) -> list[dict[str, float]]:
    return [message["peak_db"] for message in hall.heard(conn) if message["type"] == "desk-levels"]


def test_a_box_is_asked_while_a_desk_looks_and_not_otherwise(hall: RawClients) -> None:
    one = box(hall)
    assert asked(hall, one) == [], "nobody looks"
    first = desk(hall)
    assert asked(hall, one) == [LEVEL_S]
    later, old = box(hall, B), box(hall, "synth-old", meters=False)
    assert asked(hall, later) == [LEVEL_S]
    assert asked(hall, old) == [], "it does not know the word"
    second = desk(hall, "desk-2")
    hall.say(first, "desk-meters", on=False)
    hall.wait(LINGER_S + 1.0, answering=(one, later, old, second))
    assert asked(hall, one) == [], "one desk still looks"
    hall.drop(second)
    hall.wait(LINGER_S + 1.0, answering=(one, later, old, first))
    assert (asked(hall, one), asked(hall, later)) == ([0.0], [0.0])


def test_a_desk_that_comes_and_goes_asks_no_box_again(hall: RawClients) -> None:
    """Or each turn of a hidden tab would be a message to a hundred boxes."""
    one, first = box(hall), desk(hall)
    assert asked(hall, one) == [LEVEL_S]
    for _ in range(50):
        hall.say(first, "desk-meters", on=False)
        hall.wait(0.1)
        hall.say(first, "desk-meters", on=True)
    assert asked(hall, one) == []


def test_levels_of_all_boxes_come_in_one_message_four_times_a_second(hall: RawClients) -> None:
    boxes = [box(hall, f"synth-{n}") for n in range(20)]
    first, second, blind = desk(hall), desk(hall, "desk-2"), hall.join("desk-3")
    for turn in range(20):
        for n, conn in enumerate(boxes):
            level(hall, conn, -float(n + turn))
        hall.wait(LEVEL_S / 5)
    hall.wait(LEVEL_S)
    messages = told(hall, first)
    assert 3 <= len(messages) <= 5
    assert messages[-1] == {f"synth-{n}": -float(n + 19) for n in range(20)}, "the newest counts"
    assert told(hall, second) == messages
    assert told(hall, blind) == [], "it did not ask"
    hall.wait(1.0, answering=(*boxes, first, second, blind))
    assert told(hall, first) == [], "nobody has said anything"


def test_a_box_that_was_not_asked_is_not_heard(hall: RawClients) -> None:
    one, old = box(hall), box(hall, B, meters=False)
    level(hall, one, -3.0)
    assert hall.hub._levels.next_deadline() is None
    first = desk(hall)
    level(hall, old, -3.0)
    hall.wait(1.0)
    assert told(hall, first) == []


def test_a_box_that_says_what_cannot_be_or_too_much_is_refused(hall: RawClients) -> None:
    one, first = box(hall), desk(hall)
    asked(hall, one)
    for wrong in (1e9, -1000.0, "loud", None):
        assert refused(hall.say(one, "level", peak_db=wrong), "bad-message")
    hall.wait(1.0)
    assert told(hall, first) == []
    for _ in range(150):
        level(hall, one, -3.0)
    hall.wait(1.0)
    assert told(hall, first) == [{A: -3.0}], "a flood makes no message more"


def test_only_boxes_say_levels_and_only_desks_see_them(hall: RawClients) -> None:
    one, player, first = box(hall), hall.join("ctrl-a"), desk(hall)
    asked(hall, one)
    assert refused(hall.say(player, "desk-meters", on=True), "wrong-role")
    assert refused(hall.say(one, "desk-meters", on=True), "wrong-role")
    assert refused(hall.say(player, "level", peak_db=-3.0), "wrong-role")
    assert refused(hall.say(first, "level", peak_db=-3.0), "wrong-role")
    assert refused(hall.say(first, "desk-levels", peak_db={A: -3.0}), "wrong-way")
    assert refused(hall.say(first, "meter", every_s=0.25), "wrong-way")
    assert refused(hall.say(hall.connect(), "level", peak_db=-3.0), "not-registered")


def test_a_phone_that_sings_is_not_asked(hall: RawClients) -> None:
    phone, first = box(hall, "synth-web-1"), desk(hall)
    assert asked(hall, phone) == []
    level(hall, phone, -3.0)
    hall.wait(1.0)
    assert told(hall, first) == []


def test_a_box_that_leaves_is_told_of_no_more(hall: RawClients) -> None:
    one, first = box(hall), desk(hall)
    level(hall, one, -3.0)
    hall.drop(one)
    hall.wait(1.0)
    assert all(A not in levels for levels in told(hall, first))


def test_desks_and_boxes_are_bounded(hall: RawClients) -> None:
    for n in range(MOST_DESKS):
        desk(hall, f"desk-{n}")
    assert refused(hall.say(hall.join("desk-more"), "desk-meters", on=True), "server-full")
    first = hall.hub._clients.holder("desk-0")
    assert first is not None
    for n in range(MOST_BOXES + 5):
        level(hall, box(hall, f"synth-{n}"), -3.0)
    hall.wait(LEVEL_S)
    (levels,) = told(hall, first.conn)
    assert len(levels) == MOST_BOXES


def test_messages_that_only_a_server_sends_are_refused_before_anybody_registers(hall: RawClients) -> None:
    answers: list[dict[str, Any]] = hall.say(hall.connect(), "desk-meters", on=True)
    assert refused(answers, "not-registered")
