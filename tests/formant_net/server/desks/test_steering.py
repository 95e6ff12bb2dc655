"""Steering: what desks change reaches every box, also one that comes later, and nobody else steers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.net.sdp import offer
from support.virtual.clients import RawClients, refused
from support.virtual.steered import KEYS, A, B, box, desk, phone_token, set_, told

from formant_net.fleet import document as documents
from formant_net.fleet.document import Document
from formant_net.server.access.join_keys import Access
from formant_net.server.access.tokens import SCOPES, KeySet, make_key

CRUEL = "\x1b[2J\rname\n\u202e"


def test_a_change_reaches_the_boxes_that_it_concerns_and_every_desk(hall: RawClients) -> None:
    one, other = box(hall, A), box(hall, B)
    first, second = desk(hall), desk(hall, "desk-2")
    set_(hall, first, "zones/z-nave", name="Nave")
    set_(hall, first, f"boxes/{A}", base=1, zone="z-nave", db=-4)
    hall.wait(1.0)
    for conn in (one, other, second):
        hall.heard(conn)
    answers = set_(hall, first, "zones/z-nave", db=-6)
    assert [message["rev"] for message in answers if message["type"] == "desk-done"] == [3]
    (settings,) = told(hall, one)
    assert (settings["gain_db"], settings["rev"], settings["epoch"]) == (-10.0, 3, "e1")
    assert told(hall, other) == []
    changed = [message for message in hall.heard(second) if message["type"] == "desk-changed"]
    assert [(message["path"], message["set"]["db"], message["by"]) for message in changed] == [
        ("zones/z-nave", -6.0, "desk-1")
    ]


def test_a_refusal_names_the_request_that_is_refused(hall: RawClients) -> None:
    first, stranger = desk(hall), hall.join("touch-ctrl-1")
    (error,) = hall.say(first, "desk-set", path="master", set={"db": 9}, base=None, request=41)
    assert (error["code"], error["request"]) == ("bad-setting", 41)
    (error,) = hall.say(first, "desk-identify", id="synth-none", request=42)
    assert error["request"] == 42
    (error,) = hall.say(stranger, "desk-undo", request=43)
    assert (error["code"], error["request"]) == ("wrong-role", 43)
    (error,) = hall.say(first, "desk-undo")
    assert "request" not in error


def test_a_change_that_cannot_be_is_answered_and_changes_nothing(hall: RawClients) -> None:
    conn, first = box(hall, A), desk(hall)
    set_(hall, first, f"boxes/{A}", name="North")
    told(hall, conn)
    hall.heard(first)
    before = hall.hub.steering.document
    refused(set_(hall, first, f"boxes/{A}", db=7), "bad-setting", "desk-set")
    refused(set_(hall, first, f"boxes/{A}", base=0, name="South"), "desk-conflict", "desk-set")
    assert hall.hub.steering.document is before
    assert told(hall, conn) == []


@pytest.mark.parametrize("id", ["ctrl-a", A])
@pytest.mark.parametrize(
    "message",
    [
        {"type": "desk-open"},
        {"type": "desk-set", "path": "master", "set": {"off": True}},
        {"type": "desk-solo", "path": f"boxes/{A}", "on": True},
        {"type": "desk-recall", "scene": "s-night"},
        {"type": "desk-undo"},
    ],
    ids=lambda message: message["type"],
)
def test_nobody_but_a_desk_steers(hall: RawClients, message: dict[str, Any], id: str) -> None:
    conn = hall.join(id)
    hall.heard(conn)
    type, rest = message["type"], {key: value for key, value in message.items() if key != "type"}
    refused(hall.say(conn, type, **rest), "wrong-role", type)
    assert hall.hub.steering.document == Document(epoch="e1")


def test_a_stranger_cannot_speak_of_settings_before_it_registers(hall: RawClients) -> None:
    refused(hall.say(hall.connect(), "desk-open"), "not-registered", "desk-open")
    refused(hall.say(hall.connect(), "settings-applied", epoch="e1", rev=1), "not-registered", "settings-applied")


def test_a_desk_is_told_of_no_offers_and_makes_none(hall: RawClients) -> None:
    first, synth = desk(hall), hall.join("synth-x")
    hall.heard(synth)
    hall.say(synth, "request-controllers")
    assert "desk-1" not in str(hall.heard(synth))
    hall.heard(first)
    refused(hall.say(first, "offer", target="synth-x", data=offer()), "wrong-role", "offer")


def test_a_server_whose_file_is_damaged_says_that_it_has_no_desk() -> None:
    shared = RawClients()
    conn = shared.join("desk-1")
    assert "damaged" in refused(shared.say(conn, "desk-open"), "not-here", "desk-open")
    shared.heard(box(shared, A))


def test_a_token_that_may_not_set_what_everybody_hears_is_no_desk() -> None:
    keys = KeySet.parse(json.dumps({"keys": [make_key("HS256", "a", lambda count: b"x" * count)]}))
    hall = RawClients(access=Access("abcd", tokens=keys), fleet=Document(epoch="e1"))
    until = hall.clock.now + 3600.0  # the hub's wall clock is its own clock
    conn = hall.connect()
    guest = keys.sign({"exp": until, "scope": " ".join(SCOPES["audience"])})
    answers = hall.say(conn, "register", client_id="desk-1", key=guest)
    refused(answers, "not-allowed", "register")
    for key in ("abcd", keys.sign({"exp": until, "scope": " ".join(SCOPES["controller"])})):
        owner = hall.connect()
        hall.say(owner, "register", client_id=f"desk-{owner}", key=key)
        assert hall.say(owner, "desk-open")[0]["type"] == "desk"


@pytest.mark.parametrize("addresses", [1, 40])
def test_phones_of_guests_take_no_place_in_the_document_and_no_box_is_kept_out(
    guarded: RawClients, addresses: int
) -> None:
    """There is room for 256 boxes. A file with more could not be read after the next start."""
    steered = {"steered": True, "name": CRUEL}
    for n in range(400):
        conn = guarded.connect(f"192.0.2.{n % addresses}")
        said = guarded.say(conn, "register", client_id=f"synth-web-{n:012x}", key=phone_token(), meta=steered)
        assert [each["type"] for each in said] == ["registered"]
        if n % 2:
            guarded.drop(conn)
    phone = guarded.connect("192.0.2.0")
    guarded.say(phone, "register", client_id="synth-web-last", key=phone_token(), meta=steered)
    conn = guarded.join("desk-1", key="abcd-efgh", address="198.51.100.1")
    names = {each["name"] for each in guarded.say(conn, "desk-open") if each["type"] == "desk-box"}
    assert all(name.isprintable() for name in names), "nothing that moves the cursor of a terminal"
    box_conn = guarded.join(A, key="abcd-efgh", address="198.51.100.2", meta={"steered": True})
    set_(guarded, conn, "master", db=-3.0)
    guarded.wait(0.1)
    assert list(guarded.hub.steering.document.boxes) == [A]
    assert documents.decode(documents.encode(guarded.hub.steering.document)).rev == 1
    assert told(guarded, box_conn)[-1]["gain_db"] == -3.0
    assert told(guarded, phone)[-1]["gain_db"] == -3.0, "a phone goes on as loud as its holder likes"
    late = guarded.connect("198.51.100.3")
    guarded.say(late, "register", client_id=B, key="abcd-efgh", meta={"steered": True})
    assert "desk-done" in {said["type"] for said in set_(guarded, conn, f"boxes/{B}", db=-6.0)}
    guarded.wait(0.1)
    assert told(guarded, late)[-1]["gain_db"] == -9.0


def test_only_so_many_boxes_as_there_is_room_for_begin_to_be_steered(hall: RawClients) -> None:
    for n in range(300):
        box(hall, f"synth-{n}")
    conn = desk(hall)
    set_(hall, conn, "boxes/synth-299", db=-6.0)
    document = hall.hub.steering.document
    assert len(document.boxes) == 256
    assert document.boxes["synth-299"].db == -6.0
    assert documents.decode(documents.encode(document)).boxes == document.boxes


def test_all_desks_together_change_only_so_much_and_messages_of_players_pass(hall: RawClients) -> None:
    box(hall, A)
    player = hall.join("ctrl-a")
    conns = [desk(hall, f"desk-{n}") for n in range(20)]
    done = 0
    for n in range(4000):
        said = set_(hall, conns[n % 20], "master", db=-float(n % 60))
        done += any(each["type"] == "desk-done" for each in said)
        if n % 100 == 0:
            assert hall.say(player, "heartbeat") == []
    assert done <= 1000


@pytest.mark.parametrize("scope", ["audience", "phone", "both", "synth"])
@pytest.mark.parametrize(
    "message",
    [
        {"type": "desk-open"},
        {"type": "desk-set", "path": "master", "set": {"off": True}},
        {"type": "desk-solo", "path": f"boxes/{A}", "on": True},
        {"type": "desk-recall", "scene": "s-a"},
        {"type": "desk-undo"},
        {"type": "settings", "epoch": "e1", "rev": 1},
    ],
    ids=lambda message: message["type"],
)
def test_tokens_without_settings_steer_nothing(guarded: RawClients, scope: str, message: dict[str, Any]) -> None:
    key = KEYS.sign({"exp": 1e9, "scope": " ".join(SCOPES[scope])})
    refused(guarded.say(guarded.connect("192.0.2.1"), "register", client_id="desk-x", key=key), "not-allowed")
    role, id = ("controller", "touch-ctrl-x") if scope in ("audience", "both") else ("synth", "synth-web-x")
    guest = guarded.connect("192.0.2.2")
    guarded.say(guest, "register", client_id=id, key=key, role=role)
    before = guarded.hub.steering.document
    (error,) = guarded.say(guest, message["type"], **{name: value for name, value in message.items() if name != "type"})
    assert error["code"] in ("wrong-role", "wrong-way")
    assert guarded.hub.steering.document is before


@pytest.mark.parametrize(
    ("path", "set_to"),
    [
        ("master", {"db": 1e300}),
        ("master", {"x" * 60_000: 1}),
        ("boxes/" + "x" * 70, {"db": -1}),
        ("zones/z-a", {"name": "n" * 60_000}),
        ("scenes/s-a", {"name": "a", "boxes": {f"b{n}": {"db": -1} for n in range(1000)}}),
        ("scenes/s-a", {"name": "a", "master": {"db": [[[[[]]]]]}}),
        ("nowhere", {"db": -1}),
        (f"boxes/{A}", {"zone": "z-nowhere"}),
    ],
    ids=["number", "field", "id", "name", "many", "deep", "path", "zone"],
)
def test_a_change_that_cannot_be_is_refused_in_few_words_and_changes_nothing(
    hall: RawClients, path: str, set_to: dict[str, Any]
) -> None:
    conn = desk(hall)
    before = hall.hub.steering.document
    (error,) = hall.say(conn, "desk-set", path=path, set=set_to)
    assert error["code"] == "bad-setting"
    assert len(error["message"]) < 500
    assert hall.hub.steering.document is before
