"""The desk's core against a real server core: its copy is the server's document, and every request has an outcome."""

from __future__ import annotations

from typing import Any

from support.virtual.clients import RawClients

from formant_net.client.effects import Connect, Transmit
from formant_net.client.servers import Server
from formant_net.desk.core import LEVEL_OLD_S, LOST, MOST_OUTCOMES, Desk, Refused
from formant_net.fleet.document import Document
from formant_net.protocol import steering as s
from formant_net.protocol.codec import decode_signaling, encode
from formant_net.protocol.timing import Timing


class Table:
    """A desk on a server; messages travel at once."""

    def __init__(self, hall: RawClients, id: str, *, wants_health: bool = False, wants_levels: bool = False) -> None:
        self.hall = hall
        self.core = Desk(
            *(id, [Server("ws://hall/ws")], Timing(), lambda: 0.5),
            wants_health=wants_health,
            wants_levels=wants_levels,
        )
        self.conn = hall.connect()
        self.core.start(hall.clock.now)
        self.attempt = next(e.attempt for e in self.core.drain() if isinstance(e, Connect))
        self.core.opened(self.attempt, hall.clock.now)
        self.carry()

    def carry(self) -> None:
        while True:
            for effect in self.core.drain():
                if isinstance(effect, Transmit):
                    self.hall.hub.receive_frame(self.conn, encode(effect.message), self.hall.clock.now)
            self.hall.sort()
            heard = self.hall.heard(self.conn)
            for message in heard:
                text = RawClients.text(message["type"], **{k: v for k, v in message.items() if k != "type"})
                self.core.receive(self.attempt, decode_signaling(text), self.hall.clock.now)
            if not heard:
                return

    def ask(self, request: Any) -> int | Refused | None:
        number = self.core.ask(request, self.hall.clock.now)
        self.carry()
        return self.core.outcome(number)


def hall() -> RawClients:
    return RawClients(fleet=Document(epoch="e1"))


def test_two_desks_have_the_servers_document_whoever_changes_it() -> None:
    where = hall()
    first, second = Table(where, "desk-1"), Table(where, "desk-2")
    assert first.core.open
    assert first.ask(s.DeskSet(path="zones/z-nave", set={"name": "Nave"})) == 1
    second.carry()
    assert second.ask(s.DeskSet(path="boxes/synth-a", set={"zone": "z-nave", "tags": ["alto"]}, base=1)) == 2
    first.carry()
    assert first.ask(s.DeskSet(path="zones/z-nave", set=None, base=2)) == 3
    second.carry()
    assert first.core.document == second.core.document == where.hub.steering.document


def test_what_is_refused_is_known_with_its_reason() -> None:
    table = Table(hall(), "desk-1")
    outcome = table.ask(s.DeskSet(path="master", set={"db": 9}))
    assert isinstance(outcome, Refused)
    assert outcome.code == "bad-setting"
    assert table.ask(s.DeskSet(path="master", set={"db": -9})) == 1


def test_what_only_a_newer_server_knows_is_left_out() -> None:
    where = hall()
    table = Table(where, "desk-1")
    for path, fields in (
        ("master", {"db": -3.0, "tilt": 1}),
        ("boxes/synth-a", {"db": -6.0, "tilt": 1}),
        ("zones/z-nave", {"name": "Nave", "tilt": 1}),
        ("scenes/s-one", {"name": "One", "tilt": 1}),
        ("rooms/r-one", {"tilt": 1}),
        ("weather", {"tilt": 1}),
    ):
        text = RawClients.text("desk-changed", rev=1, path=path, set=fields)
        table.core.receive(table.attempt, decode_signaling(text), where.clock.now)
    document = table.core.document
    assert (document.master.db, document.boxes["synth-a"].db) == (-3.0, -6.0)
    assert (document.zones["z-nave"].name, document.scenes["s-one"].name) == ("Nave", "One")


def test_a_part_that_cannot_be_read_is_left_out_and_the_rest_stays() -> None:
    """The desk ended with a trace. The fuzzer found it."""
    where = hall()
    table = Table(where, "desk-1")
    for path, fields in (
        ("master", {"db": -3.0}),
        ("zones/z-nave", {"nqme": "Nave"}),
        ("zones/no zone", {"name": "Nave"}),
        ("boxes/synth-a", {"db": 7}),
        ("boxes/synth-b", {"db": -6.0}),
        ("scenes", {"name": 1}),
    ):
        text = RawClients.text("desk-changed", rev=1, path=path, set=fields)
        table.core.receive(table.attempt, decode_signaling(text), where.clock.now)
    document = table.core.document
    assert (document.master.db, list(document.zones), list(document.scenes)) == (-3.0, [], [])
    assert list(document.boxes) == ["synth-b"]


def test_a_refusal_counts_for_the_request_that_it_names() -> None:
    where = hall()
    table = Table(where, "desk-1")
    first = table.core.ask(s.DeskSet(path="master", set={"db": 9}), where.clock.now)
    second = table.core.ask(s.DeskSet(path="master", set={"db": -9}), where.clock.now)
    table.carry()
    assert isinstance(table.core.outcome(first), Refused)
    assert table.core.outcome(second) == 1


def test_what_a_server_that_went_away_never_answered_is_lost() -> None:
    where = hall()
    table = Table(where, "desk-1")
    waiting = table.core.ask(s.DeskSet(path="master", set={"db": -9}), where.clock.now)
    assert table.core.outcome(waiting) is None
    table.core.closed(table.attempt, "gone", where.clock.now)
    outcome = table.core.outcome(waiting)
    assert isinstance(outcome, Refused)
    assert (outcome.code, str(outcome)) == ("not-here", LOST)
    later = table.core.ask(s.DeskSet(path="master", set={"db": -6}), where.clock.now)
    assert isinstance(table.core.outcome(later), Refused), "it is asked without a server"


def test_outcomes_are_kept_for_a_while_and_not_for_ever() -> None:
    where = hall()
    table = Table(where, "desk-1")
    for n in range(MOST_OUTCOMES + 50):
        assert isinstance(table.ask(s.DeskSet(path="master", set={"db": -(n % 60)})), int)
        where.wait(0.1)
    assert table.core.outcome(1) is None
    assert len(table.core._outcomes) == MOST_OUTCOMES


def test_a_box_that_is_away_and_forgotten_is_known_no_more() -> None:
    where = hall()
    table = Table(where, "desk-1", wants_health=True)
    gone = where.join("synth-a", meta={"steered": True})
    where.say(gone, "health", version="0.1.0", uptime_s=1.0)
    table.ask(s.DeskSet(path="boxes/synth-a", set={"db": -3}))
    where.drop(gone)
    table.carry()
    table.ask(s.DeskSet(path="boxes/synth-a", set=None, base=table.core.rev))
    assert (table.core.boxes, table.core.health) == ({}, {}), "else `monitor` lists it"


def test_a_server_without_a_desk_says_so() -> None:
    table = Table(RawClients(), "desk-1")
    assert not table.core.open
    assert table.core.fault is not None
    assert table.core.fault.code == "not-here"


def test_boxes_follow_are_late_or_away_and_older_ones_are_none_of_that() -> None:
    where = hall()
    table = Table(where, "desk-1")
    for id in ("synth-a", "synth-b"):
        where.join(id, meta={"steered": True})
    where.join("synth-old")
    gone = where.join("synth-gone", meta={"steered": True})
    where.drop(gone)
    table.carry()
    assert table.core.following() == (["synth-a", "synth-b"], [], ["synth-gone"])
    table.ask(s.DeskSet(path="boxes/synth-a", set={"db": -3}, base=1))
    assert table.core.following() == ([], ["synth-a", "synth-b"], ["synth-gone"])


def test_a_desk_that_asks_knows_how_boxes_are_and_since_when() -> None:
    where = hall()
    box = where.join("synth-a")
    where.say(box, "health", version="0.1.0", uptime_s=1.0, links=3)
    where.wait(4.0)
    asking, other = Table(where, "desk-1", wants_health=True), Table(where, "desk-2")
    said_at, health = asking.core.health["synth-a"]
    assert (where.clock.now - said_at, health.links) == (4.0, 3)
    where.say(box, "health", version="0.1.0", uptime_s=2.0, links=5)
    asking.carry()
    other.carry()
    assert asking.core.health["synth-a"][1].links == 5
    assert other.core.health == {}


def test_levels_are_those_of_boxes_that_sound_now_and_none_is_old() -> None:
    where = hall()
    box = where.join("synth-a", meta={"steered": True, "meters": True})
    table = Table(where, "desk-1", wants_levels=True)
    assert [message["every_s"] for message in where.heard(box) if message["type"] == "meter"] == [0.25]
    assert table.core.level("synth-a", where.clock.now) is None
    where.say(box, "level", peak_db=-12.3)
    where.wait(0.3)
    table.carry()
    now = where.clock.now
    assert table.core.level("synth-a", now) == -12.3
    assert table.core.level("synth-b", now) is None
    assert table.core.level("synth-a", now + LEVEL_OLD_S) is None
    where.drop(box)
    table.carry()
    assert table.core.level("synth-a", now) is None, "it is away"


def test_a_desk_that_wants_no_levels_costs_no_box_anything() -> None:
    where = hall()
    box = where.join("synth-a", meta={"steered": True, "meters": True})
    Table(where, "desk-1")
    assert [message for message in where.heard(box) if message["type"] == "meter"] == []
