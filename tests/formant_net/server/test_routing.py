"""What is passed from client to client: stamped, in order, and only between the right two."""

from __future__ import annotations

import pytest
from support.net.sdp import answer, candidate, offer
from support.virtual.clients import RawClients, only, refused

OFFER, ANSWER = offer(), answer()


@pytest.fixture
def clients() -> RawClients:
    return RawClients()


def test_an_offer_and_its_answer_pass_with_source_sender_and_time_stamped(clients: RawClients) -> None:
    synth, ctrl = clients.join("synth-a"), clients.join("ctrl-a")
    clients.heard(synth)
    assert clients.say(synth, "offer", target="ctrl-a", data=OFFER) == []
    stamp = {"source": "synth-a", "sender_id": "synth-a", "timestamp": 1000000}
    assert only(clients.heard(ctrl)) == {"type": "offer", "target": "ctrl-a", "data": OFFER, **stamp}
    clients.say(ctrl, "answer", source="ctrl-a", target="synth-a", data=ANSWER)
    stamp = {"source": "ctrl-a", "sender_id": "ctrl-a", "timestamp": 1000000}
    assert only(clients.heard(synth)) == {"type": "answer", "target": "synth-a", "data": ANSWER, **stamp}
    assert clients.hub.counters.routed == 2


def test_candidates_pass_both_ways_in_either_spelling_and_their_end_is_null(clients: RawClients) -> None:
    synth, ctrl = clients.join("synth-a"), clients.join("ctrl-a")
    clients.heard(synth)
    clients.say(ctrl, "ice", target="synth-a", data={**candidate(1), "sdpMLineIndex": 0})
    clients.say(ctrl, "ice-candidate", target="synth-a", data=None)
    first, end = clients.heard(synth)
    assert first["type"] == "ice-candidate"
    assert first["data"]["candidate"] == candidate(1)["candidate"]
    assert first["data"]["sdpMid"] == "0"
    assert first["data"]["sdpMLineIndex"] == 0
    assert end["data"] is None
    clients.say(synth, "ice-candidate", target="ctrl-a", data=candidate(2))
    assert only(clients.heard(ctrl))["data"]["candidate"] == candidate(2)["candidate"]


def test_a_candidate_is_spelled_as_its_receiver_spells_its_own(clients: RawClients) -> None:
    synth, ctrl = clients.join("synth-a"), clients.join("ctrl-a")
    clients.heard(synth)
    clients.say(synth, "ice", target="ctrl-a", data=candidate(1))
    assert clients.kinds(ctrl) == ["ice-candidate"], "it has used no spelling yet"
    clients.say(ctrl, "ice-candidate", target="synth-a", data=None)
    (end,) = clients.heard(synth)
    assert (end["type"], end["data"], end["source"]) == ("ice", None, "ctrl-a")
    clients.say(ctrl, "ice", target="synth-a", data=candidate(2))
    clients.say(synth, "ice", target="ctrl-a", data=candidate(3))
    (told,) = clients.heard(ctrl)
    assert (told["type"], told["data"]["candidate"]) == ("ice", candidate(3)["candidate"])
    clients.say(synth, "ice-candidate", target="ctrl-a", data=None)
    clients.say(ctrl, "ice", target="synth-a", data=None)
    assert clients.kinds(synth) == ["ice-candidate"], "whoever changes its spelling is followed"


def test_the_order_of_a_pair_is_kept(clients: RawClients) -> None:  # fault 7
    synth, ctrl = clients.join("synth-a"), clients.join("ctrl-a")
    for n in range(100):
        kind, data = ("offer", OFFER) if n % 10 == 0 else ("ice-candidate", candidate(n))
        clients.say(synth, kind, target="ctrl-a", data=data)
    heard = clients.heard(ctrl)
    assert [message["type"] == "offer" for message in heard] == [n % 10 == 0 for n in range(100)]
    told = [message["data"]["candidate"] for message in heard if message["type"] != "offer"]
    assert told == [candidate(n)["candidate"] for n in range(100) if n % 10]


def test_nobody_speaks_in_anothers_name(clients: RawClients) -> None:  # fault 10
    synth, ctrl = clients.join("synth-a"), clients.join("ctrl-a")
    clients.join("synth-b")
    clients.heard(synth)
    refused(clients.say(synth, "offer", source="synth-b", target="ctrl-a", data=OFFER), "wrong-source", "offer")
    refused(clients.say(ctrl, "heartbeat", source="ctrl-b"), "wrong-source", "heartbeat")
    clients.say(synth, "offer", source="synth-a", sender_id="synth-b", timestamp=1, target="ctrl-a", data=OFFER)
    assert only(clients.heard(ctrl))["sender_id"] == "synth-a"


def test_an_unknown_target_is_said_and_the_connection_stays(clients: RawClients) -> None:
    synth = clients.join("synth-a")
    assert "ctrl-z" in refused(clients.say(synth, "offer", target="ctrl-z", data=OFFER), "unknown-target", "offer")
    assert synth in clients.open
    assert clients.hub.counters.errors["unknown-target"] == 1


def test_synths_offer_and_controllers_answer(clients: RawClients) -> None:
    synth, ctrl = clients.join("synth-a"), clients.join("ctrl-a")
    clients.join("synth-b")
    clients.heard(synth)
    refused(clients.say(ctrl, "offer", target="synth-a", data=OFFER), "wrong-role", "offer")
    refused(clients.say(synth, "answer", target="ctrl-a", data=ANSWER), "wrong-role", "answer")
    refused(clients.say(synth, "offer", target="synth-b", data=OFFER), "wrong-role", "offer")
    refused(clients.say(ctrl, "ice-candidate", target="ctrl-a", data=None), "wrong-role", "ice-candidate")
    assert clients.hub.counters.routed == 0
