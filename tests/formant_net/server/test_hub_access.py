"""What a token does not open, and how keys end: the hub against guests who want more than they were given."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.net.sdp import answer, candidate, offer
from support.virtual.clients import RawClients

from formant_net.server.access.join_keys import Access
from formant_net.server.access.tokens import SCOPES, KeySet, make_key

KEYS = KeySet.parse(json.dumps({"keys": [make_key("HS256", "a", lambda count: b"x" * count)]}))
OTHER_KEYS = KeySet.parse(json.dumps({"keys": [make_key("HS256", "b", lambda count: b"y" * count)]}))
HALL, HOME = "192.0.2.1", "192.0.2.2"


def token(kind: str, lasts_s: float = 3600.0, **claims: Any) -> str:
    return KEYS.sign({"exp": WALL + lasts_s, "scope": " ".join(SCOPES[kind]), **claims})


WALL = RawClients().clock.now  # the hub's wall clock is its own clock


@pytest.fixture
def clients() -> RawClients:
    return RawClients(access=Access("abcd", tokens=KEYS))


def refused(messages: list[dict[str, Any]], code: str) -> None:
    assert [message.get("code") for message in messages] == [code], messages


# --- what a token does not open -------------------------------------------------------------------------------------


def test_an_audience_token_registers_a_controller_and_never_a_synth(clients: RawClients) -> None:
    clients.join("touch-ctrl-a", key=token("audience"))
    for fields in ({"client_id": "synth-a"}, {"client_id": "box", "role": "synth"}):
        conn = clients.connect()
        refused(clients.say(conn, "register", key=token("audience"), **fields), "not-allowed")
        assert clients.closed[conn] == 1008
    assert clients.hub.clients() == {"touch-ctrl-a": "controller"}


def test_a_synth_token_registers_only_the_synth_it_names(clients: RawClients) -> None:
    kitchen = token("synth", sub="synth-kitchen")
    refused(clients.say(clients.connect(), "register", key=kitchen, client_id="synth-attic"), "not-allowed")
    refused(clients.say(clients.connect(), "register", key=kitchen, client_id="ctrl-kitchen"), "not-allowed")
    clients.join("synth-kitchen", key=kitchen)
    some = token("audience", sub="touch-ctrl-north-*")
    refused(clients.say(clients.connect(), "register", key=some, client_id="touch-ctrl-south-1"), "not-allowed")
    clients.join("touch-ctrl-north-1", key=some)


def test_a_token_for_phones_lets_a_browser_sing_and_nothing_else(clients: RawClients) -> None:
    for fields in (
        {"client_id": "synth-kitchen"},
        {"client_id": "touch-ctrl-a"},
        {"client_id": "web", "role": "synth"},
    ):
        refused(clients.say(clients.connect(), "register", key=token("phone"), **fields), "not-allowed")
    player = clients.join("ctrl-a", key="abcd")
    phone = clients.join("synth-web-1", key=token("phone"))
    [listed] = clients.say(phone, "request-controllers", source="synth-web-1")
    assert listed["controllers"] == ["ctrl-a"]
    assert clients.say(phone, "offer", source="synth-web-1", target="ctrl-a", data=offer()) == []
    assert [message["sender_id"] for message in clients.heard(player) if message["type"] == "offer"] == ["synth-web-1"]
    both = clients.join("touch-ctrl-b", key=token("both"))
    clients.join("synth-web-2", key=token("both"))
    assert both in clients.open


def test_registering_again_with_a_lesser_token_does_not_keep_the_greater_role(clients: RawClients) -> None:
    conn = clients.join("synth-a", key="abcd")
    refused(clients.say(conn, "register", client_id="synth-a", key=token("audience")), "not-allowed")
    assert clients.closed[conn] == 1008


@pytest.mark.parametrize("secret", [None, "", "secret-0", "secret-11"])
def test_nobody_takes_the_id_of_another_even_one_that_went_silent(clients: RawClients, secret: str | None) -> None:
    victim = clients.join("touch-ctrl-a", key=token("audience"), address=HALL)
    thief = clients.connect(HALL)
    refused(clients.say(thief, "register", client_id="touch-ctrl-a", key=token("audience"), resume=secret), "id-taken")
    clients.wait(10.0)  # the victim says nothing; with the join key of a LAN this would give the id away
    assert clients.hub.clients() == {"touch-ctrl-a": "controller"}
    assert victim in clients.open
    assert clients.probed == []


def test_nobody_takes_a_silent_id_from_another_address_even_with_the_join_key(clients: RawClients) -> None:
    clients.join("ctrl-a", key="abcd", address=HOME)
    refused(clients.say(clients.connect(HALL), "register", client_id="ctrl-a", key="abcd"), "id-taken")


def test_the_same_household_with_the_join_key_gets_a_silent_id_back_without_the_secret(clients: RawClients) -> None:
    clients.join("ctrl-a", key="abcd", address=HOME)
    back = clients.connect(HOME)
    assert clients.say(back, "register", client_id="ctrl-a", key="abcd") == []
    clients.wait(2.1)
    assert clients.kinds(back) == ["registered"]


def test_the_secret_alone_moves_an_id_and_only_to_who_may_have_it(clients: RawClients) -> None:
    clients.join("touch-ctrl-a", key=token("audience"), address=HALL)
    moved = clients.connect(HOME)
    (answer_,) = clients.say(moved, "register", client_id="touch-ctrl-a", key=token("audience"), resume="secret-1")
    assert answer_["type"] == "registered"
    refused(clients.say(clients.connect(), "register", client_id="touch-ctrl-a", resume="secret-1"), "bad-key")
    assert clients.hub.clients() == {"touch-ctrl-a": "controller"}


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
def test_an_audience_token_cannot_speak_as_the_server(clients: RawClients, message: dict[str, Any]) -> None:
    synth, other = clients.join("synth-a", key="abcd"), clients.join("touch-ctrl-b", key=token("audience"))
    guest = clients.join("touch-ctrl-a", key=token("audience"))
    clients.heard(synth)
    refused(clients.frame(guest, json.dumps(message | {"target": "touch-ctrl-b"})), "wrong-way")
    assert clients.heard(other) == clients.heard(synth) == []
    assert other in clients.open


def test_an_audience_token_learns_of_nobody(clients: RawClients) -> None:
    synth = clients.join("synth-a", key="abcd")
    clients.join("touch-ctrl-b", key=token("audience"), meta={"name": "Bea"})
    guest = clients.join("touch-ctrl-a", key=token("audience"))
    refused(clients.say(guest, "request-controllers"), "wrong-role")
    refused(clients.say(guest, "offer", target="touch-ctrl-b", data=offer()), "wrong-role")
    refused(clients.say(guest, "answer", target="touch-ctrl-b", data=answer()), "unknown-target")
    refused(clients.say(guest, "ice-candidate", target="touch-ctrl-b", data=candidate()), "unknown-target")
    refused(clients.say(guest, "answer", source="touch-ctrl-b", target="synth-a", data=answer()), "wrong-source")
    assert "answer" not in clients.kinds(synth)


def test_synths_are_told_who_may_play_but_not_change_what_everybody_hears(clients: RawClients) -> None:
    synth = clients.join("synth-a", key="abcd")
    guest, player = clients.join("touch-ctrl-a", key=token("audience")), clients.join("ctrl-a", key=token("controller"))
    clients.say(synth, "offer", target="touch-ctrl-a", data=offer())
    clients.heard(synth)
    clients.heard(guest)
    for conn in (guest, player):
        clients.say(
            conn, "answer", target="synth-a", data=answer(), settings=True
        )  # saying so oneself counts for nothing
        clients.say(conn, "ice-candidate", target="synth-a", data=candidate())
    assert [message.get("settings") for message in clients.heard(synth)] == [False, False, None, None]


def test_whoever_may_only_play_is_told_so_at_registration(clients: RawClients) -> None:
    told = []
    for client, key in (("touch-ctrl-a", token("audience")), ("ctrl-b", token("controller")), ("ctrl-c", "abcd")):
        conn = clients.connect()
        (registered,) = clients.frame(conn, json.dumps({"type": "register", "client_id": client, "key": key}))
        told.append(registered.get("settings"))
    assert told == [False, None, None]


# --- ends and changes ------------------------------------------------------------------------------------------------


def test_when_a_token_runs_out_its_holder_has_to_go_and_is_told_why(clients: RawClients) -> None:
    synth = clients.join("synth-a", key="abcd")
    guest = clients.join("touch-ctrl-a", key=token("audience", lasts_s=100.0))
    clients.heard(synth)
    clients.wait(159.0, answering=(synth, guest))
    assert guest in clients.open
    clients.wait(1.5, answering=(synth, guest))
    refused(clients.heard(guest), "token-expired")
    assert clients.closed == {guest: 1008}
    assert clients.kinds(synth) == ["controller-left"]


def test_a_token_is_renewed_by_registering_again(clients: RawClients) -> None:
    guest = clients.join("touch-ctrl-a", key=token("audience", lasts_s=100.0))
    (again,) = clients.say(guest, "register", client_id="touch-ctrl-a", key=token("audience", lasts_s=1000.0))
    assert again["type"] == "registered"
    clients.wait(500.0, answering=(guest,))
    assert guest in clients.open


def test_a_withdrawn_key_sends_away_who_came_in_by_it_and_nobody_else(clients: RawClients) -> None:
    access = Access("abcd", ["old"], tokens=KEYS)
    clients = RawClients(access=access)
    mine, theirs, guest = (
        clients.join("ctrl-a", key="abcd"),
        clients.join("ctrl-b", key="old"),
        clients.join("ctrl-c", key=token("audience")),
    )
    access.change(more=["new"])
    clients.hub.on_access(clients.clock.now)
    clients.sort()
    refused(clients.heard(theirs), "bad-key")
    assert clients.closed == {theirs: 1008}
    access.change(tokens=OTHER_KEYS)
    clients.hub.on_access(clients.clock.now)
    clients.sort()
    assert set(clients.closed) == {theirs, guest}
    assert mine in clients.open
    clients.join("ctrl-d", key="new")


def test_the_metrics_open_to_the_token_made_for_them_and_to_whoever_may_change_settings(clients: RawClients) -> None:
    now = clients.clock.now
    for given, scrape, opens in (
        ("abcd", None, True),
        ("abcd", "scrape-token-0001", True),
        ("scrape-token-0001", "scrape-token-0001", True),
        (None, "scrape-token-0001", False),
        (None, "abcd", False),
        (token("audience"), "scrape-token-0001", False),
        ("guess", "scrape-token-0001", False),
    ):
        assert clients.hub.may_scrape(given, scrape, HALL, now) is opens, (given, scrape)


@pytest.mark.parametrize(("kind", "most"), [("answer", 2), ("ice-candidate", 80)])
def test_a_guest_says_so_much_to_one_offer_and_again_to_the_next(clients: RawClients, kind: str, most: int) -> None:
    synth = clients.join("synth-a", key="abcd", address=HOME)
    guest = clients.join("touch-ctrl-a", key=token("audience"), address=HALL)
    data = {"answer": answer(), "ice-candidate": candidate(1)}[kind]
    clients.heard(synth)
    for _ in range(2):
        assert clients.say(synth, "offer", target="touch-ctrl-a", data=offer()) == []
        clients.heard(guest)
        answers = []
        for _ in range(most + 3):
            answers += clients.say(guest, kind, target="synth-a", data=data)
            clients.wait(0.5)
        assert len(clients.heard(synth)) == most
        assert {said["code"] for said in answers} == {"too-fast"}
