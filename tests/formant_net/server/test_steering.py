"""Steering: what desks change reaches every box, also one that comes later, and nobody else steers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.net.sdp import offer
from support.virtual.clients import RawClients, refused

from formant_net.fleet import document as documents
from formant_net.fleet.document import Document
from formant_net.fleet.effective import House
from formant_net.server.access.access import Access
from formant_net.server.access.tokens import SCOPES, KeySet, make_key
from formant_net.server.outputs import Close, Send

A, B = "synth-a", "synth-b"


@pytest.fixture
def hall() -> RawClients:
    """A server that keeps a document."""
    return RawClients(fleet=Document(epoch="e1"))


def box(hall: RawClients, id: str, **meta: Any) -> int:
    conn = hall.connect()
    hall.inbox[conn] = hall.say(conn, "register", client_id=id, meta={"name": id.upper(), "steered": True, **meta})
    return conn


def desk(hall: RawClients, id: str = "desk-1") -> int:
    conn = hall.join(id)
    hall.say(conn, "desk-open")
    hall.heard(conn)
    return conn


def told(hall: RawClients, conn: int) -> list[dict[str, Any]]:
    return [message for message in hall.heard(conn) if message["type"] == "settings"]


def set_(hall: RawClients, conn: int, path: str, base: int | None = None, **fields: Any) -> list[dict[str, Any]]:
    return hall.say(conn, "desk-set", path=path, set=fields, base=base, request=7)


def test_a_desk_that_opens_gets_everything_that_there_is(hall: RawClients) -> None:
    first = desk(hall)
    set_(hall, first, "zones/z-nave", name="Nave")
    set_(hall, first, f"boxes/{A}", zone="z-nave", db=-6)
    box(hall, B)
    second = hall.join("desk-2")
    opened, *rest = hall.say(second, "desk-open")
    assert opened == {"type": "desk", "epoch": "e1", "rev": 2, "following": len(rest)}
    paths = {message["path"]: message["set"] for message in rest if message["type"] == "desk-changed"}
    assert set(paths) == {"master", "zones/z-nave", f"boxes/{A}"}, "B has come later and is in no document"
    assert paths[f"boxes/{A}"]["zone"] == "z-nave"
    there = {message["id"]: message["here"] for message in rest if message["type"] == "desk-box"}
    assert there == {A: False, B: True}


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


def test_a_box_that_was_away_gets_what_was_set_meanwhile_when_it_registers(hall: RawClients) -> None:
    first = desk(hall)
    set_(hall, first, f"boxes/{A}", name="North", mute=True, preset="hum")
    (settings,) = told(hall, box(hall, A))
    assert (settings["name"], settings["because"], settings["preset"]) == ("North", ["mute"], "hum")


def test_before_anybody_steers_no_box_is_told_anything(hall: RawClients) -> None:
    conn = box(hall, A)
    desk(hall)
    assert told(hall, conn) == []


def test_boxes_that_play_when_steering_begins_stay_as_loud_and_later_ones_come_softly(hall: RawClients) -> None:
    playing, first = box(hall, A), desk(hall)
    set_(hall, first, "zones/z-nave", name="Nave")
    assert [settings["gain_db"] for settings in told(hall, playing)] == [0.0]
    (settings,) = told(hall, box(hall, B))
    assert settings["gain_db"] == -20.0


def test_an_older_box_is_told_nothing_and_the_desk_sees_that(hall: RawClients) -> None:
    old = box(hall, A, steered=False)
    first = desk(hall)
    hall.sort()
    set_(hall, first, "master", off=True)
    assert told(hall, old) == []
    again = hall.join("desk-2")
    (seen,) = [message for message in hall.say(again, "desk-open") if message["type"] == "desk-box"]
    assert seen["steered"] is False


def test_a_fader_that_moves_is_told_twenty_times_a_second_and_ends_where_it_stands(hall: RawClients) -> None:
    conn, first = box(hall, A), desk(hall)
    for n in range(200):
        set_(hall, first, "master", db=-n / 10)
        hall.wait(0.005)
    hall.wait(0.1)
    levels = [settings["gain_db"] for settings in told(hall, conn)]
    assert levels[-1] == pytest.approx(-19.9)
    assert 15 <= len(levels) <= 22


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


def test_a_solo_is_not_kept_and_ends_for_the_house_when_its_box_goes(hall: RawClients) -> None:
    one, other, first = box(hall, A), box(hall, B), desk(hall)
    hall.say(first, "desk-solo", path=f"boxes/{A}", on=True)
    assert [settings["because"] for settings in told(hall, other)] == [["solo"]]
    assert all("because" not in settings for settings in told(hall, one))
    hall.wait(1.0)
    hall.drop(one)
    hall.wait(0.1)
    assert ["because" in settings for settings in told(hall, other)] == [False]
    assert hall.hub.steering.document.rev == 0


def test_a_new_box_sings_softly_or_waits_until_a_desk_admits_it(hall: RawClients) -> None:
    first = desk(hall)
    set_(hall, first, "master", db=0)
    (softly,) = told(hall, box(hall, A))
    assert (softly["gain_db"], softly.get("because", [])) == (-20.0, [])
    hall.wait(1.0)
    set_(hall, first, "master", hold_new=True)
    late = box(hall, B)
    assert told(hall, late)[-1]["because"] == ["new"]
    hall.wait(1.0)
    set_(hall, first, f"boxes/{B}", db=-3)
    (admitted,) = told(hall, late)
    assert (admitted["gain_db"], admitted.get("because", [])) == (-3.0, [])


def test_a_scene_ramps_and_can_be_undone(hall: RawClients) -> None:
    conn, first = box(hall, A), desk(hall)
    set_(hall, first, f"boxes/{A}", db=-3)
    set_(hall, first, "scenes/s-night", name="Night", ramp_s=8, boxes={A: {"db": -40}})
    hall.wait(1.0)
    told(hall, conn)
    hall.say(first, "desk-recall", scene="s-night")
    (night,) = told(hall, conn)
    assert (night["gain_db"], night["ramp_ms"]) == (-40.0, 8000.0)
    hall.wait(1.0)
    hall.say(first, "desk-undo")
    (back,) = told(hall, conn)
    assert (back["gain_db"], back["ramp_ms"]) == (-3.0, 50.0)
    refused(hall.say(first, "desk-undo"), "bad-setting", "desk-undo")


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


# --- attacks ---------------------------------------------------------------------------------------------------------

KEYS = KeySet.parse(json.dumps({"keys": [make_key("HS256", "a", lambda count: b"x" * count)]}))
CRUEL = "\x1b[2J\rname\n\u202e"


def phone_token(number: int = 0) -> str:
    return KEYS.sign({"exp": 1e9 + number, "scope": " ".join(SCOPES["phone"])})


@pytest.fixture
def guarded() -> RawClients:
    """The same with a key, and tokens for guests."""
    return RawClients(fleet=Document(epoch="e1"), access=Access("abcd-efgh", tokens=KEYS))


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


def test_only_so_many_boxes_as_there_is_room_for_begin_to_be_steered(hall: RawClients) -> None:
    for n in range(300):
        box(hall, f"synth-{n}")
    conn = desk(hall)
    set_(hall, conn, "boxes/synth-299", db=-6.0)
    document = hall.hub.steering.document
    assert len(document.boxes) == 256
    assert document.boxes["synth-299"].db == -6.0
    assert documents.decode(documents.encode(document)).boxes == document.boxes


@pytest.mark.parametrize("desks", [1, 20])
def test_a_flood_of_changes_is_told_as_one_and_the_newest_arrives(
    hall: RawClients, desks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With 200 boxes, each change once cost 20 ms, in which the server heard nobody."""
    boxes = [box(hall, f"synth-{n}") for n in range(50)]
    conns = [desk(hall, f"desk-{n}") for n in range(desks)]
    hall.wait(10.0)
    worked_out = 0
    house = House.box

    def counted(self: House, id: str) -> Any:
        nonlocal worked_out
        worked_out += 1
        return house(self, id)

    monkeypatch.setattr(House, "box", counted)
    codes = set()
    for n in range(1000):  # two seconds
        said = set_(hall, conns[n % desks], f"boxes/synth-{n % 50}", db=-float(n % 60))
        codes |= {each["code"] for each in said if each["type"] == "error"}
        hall.wait(0.002)
    assert worked_out <= len(boxes) * (64 + 2 * 20 + 2 * 20)
    assert codes <= {"too-fast"}
    hall.wait(10.0)
    assert "desk-done" in {said["type"] for said in set_(hall, conns[0], "boxes/synth-7", db=-12.0)}
    hall.wait(0.1)
    assert told(hall, boxes[7])[-1]["gain_db"] == -12.0


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


def test_sixty_four_desks_are_told_of_changes_and_no_more(hall: RawClients) -> None:
    conns = [desk(hall, f"desk-{n}") for n in range(64)]
    one_more = hall.join("desk-more")
    (said,) = hall.say(one_more, "desk-open")
    assert said["code"] == "server-full"
    hall.drop(conns[0])
    assert hall.say(one_more, "desk-open")[0]["type"] == "desk"


def test_a_box_that_lies_about_what_it_applied_is_not_believed_and_tells_desks_nothing(hall: RawClients) -> None:
    conn, there = desk(hall), box(hall, A)
    set_(hall, conn, "master", db=-3.0)
    hall.heard(conn)
    reasons = {f"f{n}": CRUEL + "x" * 200 for n in range(16)}
    for rev in (2, 10**9):
        hall.say(there, "settings-applied", epoch="e1", rev=rev, refused=reasons)
    hall.say(there, "settings-applied", epoch="another", rev=1)
    assert hall.heard(conn) == []
    for _ in range(50):
        hall.say(there, "settings-applied", epoch="e1", rev=1, refused=reasons)
    (once,) = hall.heard(conn)
    assert once["applied"] == 1
    assert all(why.isprintable() for why in once["refused"].values())


def test_whoever_opens_the_document_again_and_again_is_slowed_down(hall: RawClients) -> None:
    """20 bytes ask for up to 600 kB."""
    conn = hall.join("desk-1")
    opened = [said for _ in range(200) for said in hall.say(conn, "desk-open") if said["type"] == "desk"]
    assert 10 < len(opened) <= 45


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


def test_a_desk_that_falls_silent_together_with_a_box_is_told_nothing_more(hall: RawClients) -> None:
    """Found by the fuzzer: it was told of the box after its connection was closed."""
    box(hall, A)
    conn = desk(hall)
    hall.wait(30.0)
    hall.clock.now += 100.0
    hall.hub.on_deadline(hall.clock.now)
    gone = False
    for output in hall.hub.drain():
        gone |= isinstance(output, Close) and output.conn == conn
        assert not (gone and isinstance(output, Send) and conn in output.to)
    assert gone
