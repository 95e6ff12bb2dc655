"""The server core as a whole: bad input, closed connections, the operator's hand. Clients speak raw JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.net.sdp import answer
from support.virtual.clients import RawClients, only, refused

from formant_net.protocol import codec

MALFORMED: list[dict[str, str]] = [
    case
    for case in json.loads((Path(__file__).parents[2] / "data/messages/malformed/malformed.json").read_text())
    if case["codec"] == "signaling"
]
ANSWER = answer()


@pytest.fixture
def clients() -> RawClients:
    return RawClients()


def state(clients: RawClients) -> tuple[Any, ...]:
    return (clients.hub.clients(), clients.leases(), dict(clients.closed))


@pytest.mark.parametrize("case", MALFORMED, ids=lambda case: case["why"])
def test_a_malformed_message_is_answered_in_words_and_changes_nothing(case: dict[str, str]) -> None:  # fault 11
    clients = RawClients()
    synth, ctrl = clients.join("synth-a"), clients.join("ctrl-a")
    clients.heard(synth)
    before = state(clients)
    refused(clients.frame(ctrl, case["text"]), case["code"], case["about"])
    assert state(clients) == before
    assert clients.heard(synth) == []
    assert clients.say(ctrl, "answer", target="synth-a", data=ANSWER) == []
    assert len(clients.heard(synth)) == 1


def test_a_binary_frame_is_answered_in_words(clients: RawClients) -> None:
    assert "text frames" in refused(clients.frame(clients.join("ctrl-a"), b'{"type":"heartbeat"}'), "bad-message")


def test_only_a_registered_connection_has_a_standing(clients: RawClients) -> None:
    conn = clients.join("ctrl-a")
    assert clients.hub.standing(conn) is not None
    assert clients.hub.standing(clients.connect()) is None
    assert clients.hub.standing(999) is None


def test_every_frame_of_a_connection_is_counted(clients: RawClients) -> None:
    conn = clients.join("ctrl-a")
    before = clients.hub.counters.received
    for frame in ('{"type": "heartbeat"}', "rubbish", b"\x00"):
        clients.frame(conn, frame)
    clients.hub.receive_frame(999, "of a connection that is closed", clients.clock.now)
    assert clients.hub.counters.received == before + 3


def test_a_heartbeat_that_was_read_once_is_known_by_its_text(
    clients: RawClients, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Most of what a server hears is this. It counts as a sign of life, and is not read again."""
    conn = clients.join("ctrl-a")
    read: list[str | bytes] = []
    decode = codec.decode_signaling

    def counted(frame: str | bytes, limit: int) -> object:
        read.append(frame)
        return decode(frame, limit)

    monkeypatch.setattr(codec, "decode_signaling", counted)
    for source in ("ctrl-a", "ctrl-a", "ctrl-a"):
        assert clients.say(conn, "heartbeat", source=source) == []
        clients.wait(0.9 * clients.timing.ttl_s)
    assert len(read) == 1
    assert conn in clients.open
    refused(clients.say(conn, "heartbeat", source="ctrl-b"), "wrong-source")
    assert len(read) == 2


def test_an_unknown_type_is_counted_and_ignored(clients: RawClients) -> None:
    conn = clients.join("ctrl-a")
    assert clients.say(conn, "tempo", bpm=90) == []
    assert clients.hub.counters.unknown_types == 1
    assert not clients.hub.counters.errors


def test_frames_of_a_closed_connection_are_ignored(clients: RawClients) -> None:
    conn = clients.join("ctrl-a")
    clients.drop(conn)
    before = state(clients)
    clients.hub.receive_frame(conn, '{"type":"register","client_id":"ctrl-b"}', clients.clock.now)
    clients.hub.alive(conn, clients.clock.now)
    clients.hub.disconnect(conn, clients.clock.now)
    assert clients.hub.drain() == []
    assert state(clients) == before


@pytest.mark.parametrize("type", ["kicked", "registered", "controllers-list", "controller-joined", "error"])
def test_what_only_a_server_sends_is_refused_from_a_client(clients: RawClients, type: str) -> None:
    synth, ctrl = clients.join("synth-a"), clients.join("ctrl-a")
    clients.heard(synth)
    sample = json.loads((Path(__file__).parents[2] / f"data/messages/{type}.json").read_text())
    refused(clients.frame(ctrl, json.dumps(sample | {"target": "synth-a"})), "wrong-way", type)
    assert clients.heard(synth) == []
    assert not clients.closed


def test_the_operator_kicks_and_nobody_else_does(clients: RawClients) -> None:  # fault 10
    synth, ctrl = clients.join("synth-a"), clients.join("ctrl-a")
    clients.heard(synth)
    assert clients.hub.kick("ctrl-a", "rehearsal is over", clients.clock.now)
    assert not clients.hub.kick("ctrl-a", "again", clients.clock.now)
    clients.sort()
    assert only(clients.heard(ctrl)) == {"type": "kicked", "reason": "rehearsal is over"}
    assert clients.closed == {ctrl: 1000}
    assert clients.kinds(synth) == ["controller-left"]


def test_a_hub_that_winds_down_asks_everybody_to_move_refuses_newcomers_and_goes_on_routing(
    clients: RawClients,
) -> None:
    synth, ctrl, stranger = clients.join("synth-a"), clients.join("ctrl-a"), clients.connect()
    clients.heard(synth)
    clients.hub.wind_down(5.0, clients.clock.now)
    clients.sort()
    for conn in (synth, ctrl):
        assert only(clients.heard(conn)) == {"type": "move", "within_s": 5.0}
    assert clients.heard(stranger) == [], "who is not registered has nothing to move"
    assert any("stopping" in fault for fault in clients.hub.degraded())
    newcomer = clients.connect()
    assert "another" in refused(clients.heard(newcomer), "server-full")
    assert clients.closed == {newcomer: 1013}
    assert clients.hub.counters.errors == {"server-full": 1}
    clients.say(ctrl, "answer", target="synth-a", data=ANSWER)
    assert clients.kinds(synth) == ["answer"]
    (event,) = [event for event in clients.events if event.name == "asking clients to move"]
    assert event.fields == {"clients": 2, "within_s": 5.0}


def test_an_empty_hub_that_winds_down_tells_nobody(clients: RawClients) -> None:
    clients.hub.wind_down(5.0, clients.clock.now)
    assert [type(output).__name__ for output in clients.hub.drain()] == ["Event"]
