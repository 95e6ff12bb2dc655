"""What a token does not open, and how keys end: the hub against guests who want more than they were given."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.desk import Desk
from support.sdp import answer, candidate, offer

from formant_net.access import Access
from formant_net.ice import IceServers
from formant_net.limits import Limits
from formant_net.tokens import SCOPES, KeySet, make_key

KEYS = KeySet.parse(json.dumps({"keys": [make_key("HS256", "a", lambda count: b"x" * count)]}))
OTHER_KEYS = KeySet.parse(json.dumps({"keys": [make_key("HS256", "b", lambda count: b"y" * count)]}))
HALL, HOME = "192.0.2.1", "192.0.2.2"


def token(kind: str, lasts_s: float = 3600.0, **claims: Any) -> str:
    return KEYS.sign({"exp": WALL + lasts_s, "scope": " ".join(SCOPES[kind]), **claims})


WALL = Desk().clock.now  # the desk's wall clock is its own clock


@pytest.fixture
def desk() -> Desk:
    return Desk(access=Access("abcd", tokens=KEYS))


def refused(messages: list[dict[str, Any]], code: str) -> None:
    assert [message.get("code") for message in messages] == [code], messages


# --- what a token does not open -------------------------------------------------------------------------------------


def test_an_audience_token_registers_a_controller_and_never_a_synth(desk: Desk) -> None:
    desk.join("touch-ctrl-a", key=token("audience"))
    for fields in ({"client_id": "synth-a"}, {"client_id": "box", "role": "synth"}):
        conn = desk.connect()
        refused(desk.say(conn, "register", key=token("audience"), **fields), "not-allowed")
        assert desk.closed[conn] == 1008
    assert desk.hub.clients() == {"touch-ctrl-a": "controller"}


def test_a_synth_token_registers_only_the_synth_it_names(desk: Desk) -> None:
    kitchen = token("synth", sub="synth-kitchen")
    refused(desk.say(desk.connect(), "register", key=kitchen, client_id="synth-attic"), "not-allowed")
    refused(desk.say(desk.connect(), "register", key=kitchen, client_id="ctrl-kitchen"), "not-allowed")
    desk.join("synth-kitchen", key=kitchen)
    some = token("audience", sub="touch-ctrl-north-*")
    refused(desk.say(desk.connect(), "register", key=some, client_id="touch-ctrl-south-1"), "not-allowed")
    desk.join("touch-ctrl-north-1", key=some)


def test_registering_again_with_a_lesser_token_does_not_keep_the_greater_role(desk: Desk) -> None:
    conn = desk.join("synth-a", key="abcd")
    refused(desk.say(conn, "register", client_id="synth-a", key=token("audience")), "not-allowed")
    assert desk.closed[conn] == 1008


@pytest.mark.parametrize("secret", [None, "", "secret-0", "secret-11"])
def test_nobody_takes_the_id_of_another_even_one_that_went_silent(desk: Desk, secret: str | None) -> None:
    victim = desk.join("touch-ctrl-a", key=token("audience"), address=HALL)
    thief = desk.connect(HALL)
    refused(desk.say(thief, "register", client_id="touch-ctrl-a", key=token("audience"), resume=secret), "id-taken")
    desk.wait(10.0)  # the victim says nothing; with the join key of a LAN this would give the id away
    assert desk.hub.clients() == {"touch-ctrl-a": "controller"}
    assert victim in desk.open
    assert desk.probed == []


def test_nobody_takes_a_silent_id_from_another_address_even_with_the_join_key(desk: Desk) -> None:
    desk.join("ctrl-a", key="abcd", address=HOME)
    refused(desk.say(desk.connect(HALL), "register", client_id="ctrl-a", key="abcd"), "id-taken")


def test_the_same_household_with_the_join_key_gets_a_silent_id_back_without_the_secret(desk: Desk) -> None:
    desk.join("ctrl-a", key="abcd", address=HOME)
    back = desk.connect(HOME)
    assert desk.say(back, "register", client_id="ctrl-a", key="abcd") == []
    desk.wait(2.1)
    assert desk.kinds(back) == ["registered"]


def test_the_secret_alone_moves_an_id_and_only_to_who_may_have_it(desk: Desk) -> None:
    desk.join("touch-ctrl-a", key=token("audience"), address=HALL)
    moved = desk.connect(HOME)
    (answer_,) = desk.say(moved, "register", client_id="touch-ctrl-a", key=token("audience"), resume="secret-1")
    assert answer_["type"] == "registered"
    refused(desk.say(desk.connect(), "register", client_id="touch-ctrl-a", resume="secret-1"), "bad-key")
    assert desk.hub.clients() == {"touch-ctrl-a": "controller"}


@pytest.mark.parametrize(
    "message",
    [
        {"type": "kicked", "reason": "go"},
        {"type": "controllers-list", "controllers": []},
        {"type": "controller-left", "controller_id": "touch-ctrl-b"},
        {"type": "controller-joined", "controller_id": "touch-ctrl-evil"},
        {
            "type": "registered",
            "client_id": "a",
            "edge": "e",
            "resume": "r",
            "ice_servers": [],
            "heartbeat_s": 1,
            "ttl_s": 3,
        },
        {"type": "ice-servers", "ice_servers": [{"urls": "turn:evil"}]},
        {"type": "error", "code": "x", "message": "y"},
    ],
    ids=lambda message: message["type"],
)
def test_an_audience_token_cannot_speak_as_the_server(desk: Desk, message: dict[str, Any]) -> None:
    synth, other = desk.join("synth-a", key="abcd"), desk.join("touch-ctrl-b", key=token("audience"))
    guest = desk.join("touch-ctrl-a", key=token("audience"))
    desk.heard(synth)
    refused(desk.frame(guest, json.dumps(message | {"target": "touch-ctrl-b"})), "wrong-way")
    assert desk.heard(other) == desk.heard(synth) == []
    assert other in desk.open


def test_an_audience_token_learns_of_nobody(desk: Desk) -> None:
    synth = desk.join("synth-a", key="abcd")
    desk.join("touch-ctrl-b", key=token("audience"), meta={"name": "Bea"})
    guest = desk.join("touch-ctrl-a", key=token("audience"))
    refused(desk.say(guest, "request-controllers"), "wrong-role")
    refused(desk.say(guest, "offer", target="touch-ctrl-b", data=offer()), "wrong-role")
    refused(desk.say(guest, "answer", target="touch-ctrl-b", data=answer()), "wrong-role")
    refused(desk.say(guest, "ice-candidate", target="touch-ctrl-b", data=candidate()), "wrong-role")
    refused(desk.say(guest, "answer", source="touch-ctrl-b", target="synth-a", data=answer()), "wrong-source")
    assert "answer" not in desk.kinds(synth)


def test_synths_are_told_who_may_play_but_not_change_what_everybody_hears(desk: Desk) -> None:
    synth = desk.join("synth-a", key="abcd")
    guest, player = desk.join("touch-ctrl-a", key=token("audience")), desk.join("ctrl-a", key=token("controller"))
    desk.heard(synth)
    for conn in (guest, player):
        desk.say(conn, "answer", target="synth-a", data=answer(), settings=True)  # saying so oneself counts for nothing
        desk.say(conn, "ice-candidate", target="synth-a", data=candidate())
    assert [message.get("settings") for message in desk.heard(synth)] == [False, False, None, None]


# --- ends and changes ------------------------------------------------------------------------------------------------


def test_when_a_token_runs_out_its_holder_has_to_go_and_is_told_why(desk: Desk) -> None:
    synth = desk.join("synth-a", key="abcd")
    guest = desk.join("touch-ctrl-a", key=token("audience", lasts_s=100.0))
    desk.heard(synth)
    desk.wait(159.0, answering=(synth, guest))
    assert guest in desk.open
    desk.wait(1.5, answering=(synth, guest))
    refused(desk.heard(guest), "token-expired")
    assert desk.closed == {guest: 1008}
    assert desk.kinds(synth) == ["controller-left"]


def test_a_token_is_renewed_by_registering_again(desk: Desk) -> None:
    guest = desk.join("touch-ctrl-a", key=token("audience", lasts_s=100.0))
    (again,) = desk.say(guest, "register", client_id="touch-ctrl-a", key=token("audience", lasts_s=1000.0))
    assert again["type"] == "registered"
    desk.wait(500.0, answering=(guest,))
    assert guest in desk.open


def test_a_withdrawn_key_sends_away_who_came_in_by_it_and_nobody_else(desk: Desk) -> None:
    access = Access("abcd", ["old"], tokens=KEYS)
    desk = Desk(access=access)
    mine, theirs, guest = (
        desk.join("ctrl-a", key="abcd"),
        desk.join("ctrl-b", key="old"),
        desk.join("ctrl-c", key=token("audience")),
    )
    access.change(more=["new"])
    desk.hub.on_access(desk.clock.now)
    desk.sort()
    refused(desk.heard(theirs), "bad-key")
    assert desk.closed == {theirs: 1008}
    access.change(tokens=OTHER_KEYS)
    desk.hub.on_access(desk.clock.now)
    desk.sort()
    assert set(desk.closed) == {theirs, guest}
    assert mine in desk.open
    desk.join("ctrl-d", key="new")


def test_passwords_of_relays_are_each_clients_own_and_renewed_before_they_run_out() -> None:
    ice = IceServers.make([{"urls": ["turn:relay"]}], "north", 600.0)
    desk = Desk(ice_servers=ice)
    a, b = desk.connect(), desk.connect()
    first = [desk.say(conn, "register", client_id=id)[0]["ice_servers"] for conn, id in ((a, "ctrl-a"), (b, "ctrl-b"))]
    assert [one[0]["username"].partition(":")[2] for one in first] == ["ctrl-a", "ctrl-b"]
    began = desk.clock.now
    for n in range(1, 4):
        desk.wait(300.5, answering=(a, b))
        for conn in (a, b):
            (renewed,) = desk.heard(conn)
            assert renewed["type"] == "ice-servers"
            ends = int(renewed["ice_servers"][0]["username"].partition(":")[0])
            assert ends >= began + 300 * n + 599
    assert "credential" not in str(desk.events)


# --- what passes on --------------------------------------------------------------------------------------------------


def test_what_cannot_be_read_is_not_passed_on(desk: Desk) -> None:
    synth, ctrl = desk.join("synth-a", key="abcd"), desk.join("ctrl-a", key="abcd")
    desk.heard(synth)
    bad = {"type": "offer", "sdp": "v=0"}
    (error,) = desk.say(synth, "offer", target="ctrl-a", data=bad)
    assert (error["code"], error["about"]) == ("bad-sdp", "offer")
    (error,) = desk.say(ctrl, "answer", target="synth-a", data={"type": "answer", "sdp": "v=0"})
    assert (error["code"], error["about"]) == ("bad-sdp", "answer")
    for address in ("127.0.0.1", "224.0.0.1", "0.0.0.0", "router.example"):
        data = {"candidate": f"candidate:1 1 udp 1 {address} 53 typ host"}
        refused(desk.say(ctrl, "ice-candidate", target="synth-a", data=data), "bad-candidate")
    assert desk.heard(synth) == desk.heard(ctrl) == []


def test_offers_are_counted_for_each_pair() -> None:
    desk = Desk(limits=Limits(offers_per_pair_per_min=5))
    synth, ctrl = desk.join("synth-a"), desk.join("ctrl-a")
    answers = [desk.say(synth, "offer", target="ctrl-a", data=offer()) for _ in range(8)]
    assert len(desk.heard(ctrl)) == 5
    for one in answers[5:]:
        refused(one, "too-many-offers")
    assert synth in desk.open


def test_all_clients_of_one_address_share_one_allowance() -> None:
    desk = Desk(limits=Limits(address_rate_per_s=10.0, address_burst=50))
    phones = [desk.join(f"ctrl-{n}", address=HALL) for n in range(10)]
    other = desk.join("ctrl-home", address=HOME)
    answers = [desk.say(conn, "request-controllers") for _ in range(10) for conn in phones]
    codes = [message["code"] for heard in answers for message in heard]
    assert codes.count("wrong-role") == 40
    assert "too-fast" in codes
    refused(desk.say(other, "request-controllers"), "wrong-role")
    assert not desk.closed


def test_a_smaller_message_may_be_asked_for() -> None:
    desk = Desk(limits=Limits(message_bytes=2000, sdp_chars=300))
    synth = desk.join("synth-a")
    desk.join("ctrl-a")
    desk.heard(synth)
    refused(desk.say(synth, "heartbeat", more="x" * 2000), "too-large")
    refused(desk.say(synth, "offer", target="ctrl-a", data=offer()), "bad-sdp")
