"""The copy of one edge: what it writes, when it refuses, and what it makes of the engine's answers.

Several of them on one engine: server/edges/test_elsewhere.py and aio/server/test_desk_bucket.py.
"""

from __future__ import annotations

import msgspec
import pytest

from formant_net.fleet.agreed import (
    ANSWER_S,
    MOST_WAITING,
    WRITE_S,
    Agreed,
    Asked,
    Failed,
    Keep,
    News,
    SetAside,
    Stored,
)
from formant_net.fleet.changes import change
from formant_net.fleet.document import Document
from formant_net.fleet.wanted import Wanted
from formant_net.protocol.errors import ProtocolError
from formant_net.protocol.steering import DeskSet

EMPTY = Wanted(document=Document(epoch="e1"))


def stored(wanted: Wanted, by: str = "other:1") -> bytes:
    return msgspec.json.encode(Stored(by=by, wanted=wanted))


def reached(kept: bytes | None = None) -> Agreed:
    """An edge whose engine keeps this."""
    agreed = Agreed(EMPTY, "attic")
    agreed.on_reading(0.0)
    agreed.on_value(kept, 1 if kept else 0, 0.0)
    agreed.on_read(0.0)
    return agreed


def ask(agreed: Agreed, now: float, path: str = "master", base: int | None = None, **fields: object) -> None:
    agreed.ask(Asked(1, DeskSet(path=path, set=fields, base=base)), (), now)


def only(writes: list[Keep]) -> Keep:
    (write,) = writes
    return write


def test_nothing_can_be_changed_before_the_engine_has_answered() -> None:
    with pytest.raises(ProtocolError, match="not reached yet"):
        ask(Agreed(EMPTY, "attic"), 0.0, db=-6)


def test_a_change_counts_when_the_engine_has_accepted_it() -> None:
    agreed = reached()
    ask(agreed, 1.0, db=-6)
    write = only(agreed.writes())
    assert (write.expected, agreed.results(), agreed.wanted) == (0, [], EMPTY)
    agreed.on_written(1, write.serial, 1.1)
    (news,) = agreed.results()
    assert isinstance(news, News)
    assert news.asked is not None
    assert agreed.wanted.document.master.db == -6.0


def test_changes_that_come_meanwhile_share_the_next_write_which_waits_a_moment() -> None:
    agreed = reached()
    for db in (-1, -2, -3):
        ask(agreed, 1.0, db=db)
    first = only(agreed.writes())
    agreed.on_written(1, first.serial, 1.001)
    assert agreed.writes() == []
    assert agreed.next_deadline() == 1.0 + WRITE_S
    agreed.on_deadline(1.0 + WRITE_S)
    second = only(agreed.writes())
    assert second.expected == 1
    assert msgspec.json.decode(second.value, type=Stored).wanted.document.master.db == -3.0
    agreed.on_written(2, second.serial, 1.1)
    assert len(agreed.results()) == 3


def test_a_refused_write_is_carried_out_on_what_another_edge_has_written() -> None:
    agreed = reached()
    ask(agreed, 1.0, db=-6)
    ask(agreed, 1.0, "boxes/synth-a", base=0, name="Mine")
    write = only(agreed.writes())
    theirs = Wanted(document=change(EMPTY.document, "boxes/synth-a", {"name": "Theirs"}))
    agreed.on_refused(stored(theirs), 5, write.serial, 1.1)
    again = only(agreed.writes())
    assert again.expected == 5
    agreed.on_written(6, again.serial, 1.2)
    adopted, failed, done = agreed.results()
    assert isinstance(adopted, News)
    assert adopted.asked is None
    assert isinstance(failed, Failed)
    assert failed.error.code == "desk-conflict"
    assert isinstance(done, News)
    document = agreed.wanted.document
    assert (document.master.db, document.boxes["synth-a"].name) == (-6.0, "Theirs")


def test_the_feed_may_be_faster_than_the_answer() -> None:
    agreed = reached()
    ask(agreed, 1.0, db=-6)
    write = only(agreed.writes())
    agreed.on_value(write.value, 1, 1.1)
    assert len(agreed.results()) == 1
    agreed.on_written(1, write.serial, 1.2)
    assert agreed.results() == []


@pytest.mark.parametrize("how", ["down", "silent"])
def test_a_change_whose_answer_is_lost_is_refused_with_the_word_to_look(how: str) -> None:
    agreed = reached()
    ask(agreed, 1.0, db=-6)
    if how == "down":
        agreed.on_down("connection closed", 2.0)
    else:
        assert agreed.next_deadline() == 1.0 + ANSWER_S
        agreed.on_deadline(1.0 + ANSWER_S)
    (failed,) = agreed.results()
    assert isinstance(failed, Failed)
    assert failed.error.code == "not-here"
    assert "may have taken this or not" in failed.error.message
    assert (agreed.fault == "") == (how == "silent")


def test_too_much_at_once_is_refused() -> None:
    agreed = reached()
    for _ in range(MOST_WAITING + 1):
        ask(agreed, 1.0, db=-6)
    with pytest.raises(ProtocolError, match="too much"):
        ask(agreed, 1.0, db=-6)


def test_what_a_newer_version_has_written_is_left_alone() -> None:
    agreed = reached(b'{"by":"x","wanted":{"document":{"epoch":"e1","v":9}}}')
    assert "one version at all edges" in agreed.fault
    with pytest.raises(ProtocolError, match="cannot read"):
        ask(agreed, 1.0, db=-6)
    assert agreed.writes() == []
    agreed.on_value(stored(EMPTY), 2, 2.0)
    assert agreed.fault == ""


def test_of_two_epochs_that_of_the_engine_counts_and_the_other_is_set_aside() -> None:
    mine = change(Document(epoch="mine"), "master", {"db": -6})
    theirs = change(Document(epoch="theirs"), "master", {"db": -9})
    agreed = Agreed(Wanted(document=mine), "attic")
    agreed.on_reading(0.0)
    agreed.on_value(stored(Wanted(document=theirs)), 1, 0.0)
    agreed.on_read(0.0)
    aside, news = agreed.results()
    assert aside == SetAside(mine)
    assert isinstance(news, News)
    assert agreed.wanted.document == theirs


def test_an_undo_that_sets_what_does_not_exist_cannot_be_read() -> None:
    """It was taken, and whoever undid the last scene then met a fault of the server. The fuzzer found it."""
    for bad in ({"dB": -1}, {"db": 7}, {"rev": 1}):
        scene = {"name": "a", "boxes": {"synth-a": bad}}
        value = msgspec.json.encode({"by": "x", "wanted": {"document": {"epoch": "e1", "rev": 3}, "undo": scene}})
        agreed = reached(value)
        assert "undo" in agreed.fault, bad
        assert agreed.wanted is EMPTY
