"""Boxes of one edge: desks are told how each one is, whatever it says and however many come and go."""

from __future__ import annotations

import pytest
from support.virtual.clients import RawClients, refused
from support.virtual.steered import A, B, box, desk, phone_token, set_, told

from formant_net.server.registry import bus

CRUEL = "\x1b[2J\rname\n\u202e"


def test_a_box_says_what_it_has_applied_and_what_not(hall: RawClients) -> None:
    conn, first = box(hall, A), desk(hall)
    set_(hall, first, f"boxes/{A}", audio="card:Gone")
    hall.heard(first)
    (settings,) = told(hall, conn)
    hall.say(conn, "settings-applied", epoch="e1", rev=settings["rev"], refused={"audio": "no such device"})
    (seen,) = [message for message in hall.heard(first) if message["type"] == "desk-box"]
    assert (seen["wanted"], seen["applied"], seen["refused"]) == (1, 1, {"audio": "no such device"})


def test_a_box_that_is_away_and_forgotten_is_told_to_no_desk_any_more(hall: RawClients) -> None:
    gone, here, first = box(hall, A), box(hall, B), desk(hall)
    set_(hall, first, "master", db=-6)
    hall.drop(gone)
    for id in (A, B):
        hall.say(first, "desk-set", path=f"boxes/{id}", set=None, base=hall.hub.steering.document.rev)
    opened = hall.say(hall.join("desk-2"), "desk-open")
    assert [message["id"] for message in opened if message["type"] == "desk-box"] == [B], "it is here, and plays on"
    box(hall, A)
    opened = hall.say(hall.join("desk-3"), "desk-open")
    assert {message["id"] for message in opened if message["type"] == "desk-box"} == {A, B}
    assert told(hall, here)


def test_a_box_is_identified_by_whoever_may_steer_and_only_if_it_is_there_and_can(hall: RawClients) -> None:
    there = box(hall, A, identifies=True)
    older = box(hall, B)
    conn = desk(hall)
    hall.heard(there)
    answers = hall.say(conn, "desk-identify", id=A, request=3)
    assert answers == [{"type": "desk-done", "request": 3, "rev": 0}]
    assert hall.heard(there) == [{"type": "identify", "seconds": 10.0}]
    hall.say(conn, "desk-identify", id=A, on=False, request=4)
    assert hall.heard(there) == [{"type": "identify", "seconds": 0.0}]
    assert "older" in refused(hall.say(conn, "desk-identify", id=B, request=5), "bad-setting", "desk-identify")
    refused(hall.say(conn, "desk-identify", id="synth-none", request=6), "bad-setting", "desk-identify")
    player = hall.join("touch-ctrl-1")
    refused(hall.say(player, "desk-identify", id=A, request=7), "wrong-role", "desk-identify")
    for conn in (there, older):
        assert not any(message["type"] == "identify" for message in hall.heard(conn))


@pytest.mark.parametrize("addresses", [1, 40])
def test_phones_that_come_and_go_push_no_box_that_is_away_out_of_the_desk(guarded: RawClients, addresses: int) -> None:
    """A desk is told of the last 256 boxes that are away and that nobody has set."""
    for n in range(30):
        guarded.drop(guarded.join(f"synth-box{n}", key="abcd-efgh", address="198.51.100.2"))
    for n in range(300):
        id = f"synth-web-{n:012x}"
        guarded.drop(guarded.join(id, key=phone_token(), address=f"192.0.2.{n % addresses}"))
    conn = guarded.join("desk-1", key="abcd-efgh", address="198.51.100.1")
    told_of = [each["id"] for each in guarded.say(conn, "desk-open") if each["type"] == "desk-box"]
    assert told_of == [f"synth-box{n}" for n in range(30)]


def test_a_box_that_lies_about_what_it_applied_is_not_believed_and_tells_desks_nothing(hall: RawClients) -> None:
    conn, there = desk(hall), box(hall, A)
    set_(hall, conn, "master", db=-3.0)
    hall.heard(conn)
    reasons = {f"f{n}": CRUEL + "x" * 200 for n in range(16)}
    hall.heard(there)
    for rev in (2, 10**9):
        assert hall.say(there, "settings-applied", epoch="e1", rev=rev, refused=reasons) == [], "no refusal either"
    hall.say(there, "settings-applied", epoch="another", rev=1)
    assert hall.heard(conn) == []
    for _ in range(50):
        hall.say(there, "settings-applied", epoch="e1", rev=1, refused=reasons)
    (once,) = hall.heard(conn)
    assert once["applied"] == 1
    assert all(why.isprintable() for why in once["refused"].values())


def test_another_edge_asks_for_the_tune_of_a_box_that_is_not_here(hall: RawClients) -> None:
    """It has left meanwhile, or was never known here."""
    there = box(hall, A)
    for id in ("synth-nobody", A):
        hall.hub.on_bus(bus.encode(bus.Identify(id=id, seconds=2.0)), hall.clock.now)
        hall.sort()
    assert [said["type"] for said in hall.heard(there)][-1:] == ["identify"]
    hall.drop(there)
    hall.hub.on_bus(bus.encode(bus.Identify(id=A, seconds=2.0)), hall.clock.now)
    hall.sort()
    assert [event for event in hall.events if event.level == "warning"] == []
