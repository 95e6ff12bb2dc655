"""The server core: registration, discovery, routing, take-over, silence and abuse. Clients speak raw JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.desk import ICE, Desk
from support.sdp import answer, candidate, offer

from formant_net.leases import Place
from formant_net.limits import Limits
from formant_net.messages import Heartbeat, Role
from formant_net.timing import Timing

MALFORMED: list[dict[str, str]] = [
    case
    for case in json.loads((Path(__file__).parents[1] / "data/messages/malformed/malformed.json").read_text())
    if case["codec"] == "signaling"
]
OFFER, ANSWER = offer(), answer()


@pytest.fixture
def desk() -> Desk:
    return Desk()


def only(messages: list[dict[str, Any]]) -> dict[str, Any]:
    assert len(messages) == 1, messages
    return messages[0]


def refused(messages: list[dict[str, Any]], code: str, about: str | None = None) -> str:
    """The text of the one error in `messages`, which must have this code."""
    error = only(messages)
    assert (error["type"], error["code"]) == ("error", code), error
    if about is not None:
        assert error.get("about", "") == about
    return str(error["message"])


def state(desk: Desk) -> tuple[Any, ...]:
    return (desk.hub.clients(), desk.leases(), dict(desk.closed))


# --- registration ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("id", "role"),
    [("synth-attic", "synth"), ("ctrl-keys", "controller"), ("touch-ctrl-7k2m", "controller")],
)
def test_the_prefix_of_the_id_gives_the_role(desk: Desk, id: str, role: str) -> None:
    answer = only(desk.say(desk.connect(), "register", client_id=id))
    assert answer == {
        "type": "registered",
        "client_id": id,
        "edge": "attic",
        "resume": "secret-1",
        "ice_servers": ICE,
        "heartbeat_s": 20.0,
        "ttl_s": 60.0,
    }
    assert desk.hub.clients() == {id: role}
    assert [lease.id for lease in desk.leases(role)] == [id]


def test_an_id_without_a_known_prefix_registers_with_a_role(desk: Desk) -> None:
    desk.join("my-theremin", role="controller")
    assert desk.hub.clients() == {"my-theremin": "controller"}


def test_an_id_that_tells_no_role_is_refused_in_words(desk: Desk) -> None:
    conn = desk.connect()
    assert "synth-" in refused(desk.say(conn, "register", client_id="phone"), "bad-role", "register")
    assert conn in desk.open
    assert desk.hub.clients() == {}


def test_a_role_that_contradicts_the_id_is_refused(desk: Desk) -> None:
    refused(desk.say(desk.connect(), "register", client_id="synth-a", role="controller"), "bad-role")


def test_without_the_key_nobody_registers_and_the_socket_is_closed() -> None:
    desk = Desk(key="abcd")
    for fields in ({}, {"key": ""}, {"key": "abce"}, {"key": None}):
        conn = desk.connect()
        refused(desk.say(conn, "register", client_id="ctrl-a", **fields), "bad-key", "register")
        assert desk.closed[conn] == 1008
        assert desk.say(conn, "register", client_id="ctrl-a", key="abcd") == []
    assert desk.hub.clients() == {}
    desk.join("ctrl-a", key="abcd")


def test_the_key_and_the_secrets_are_in_no_event() -> None:
    desk = Desk(key="abcd")
    desk.say(desk.connect(), "register", client_id="ctrl-a", key="wrong-key")
    desk.join("ctrl-a", key="abcd")
    desk.join("ctrl-a", key="abcd", resume="secret-1")
    assert desk.events
    for event in desk.events:
        assert not any(word in str(event) for word in ("abcd", "wrong-key", "secret-1"))


def test_registering_again_on_the_same_socket_is_answered_again_and_not_announced(desk: Desk) -> None:
    synth, ctrl = desk.join("synth-a"), desk.join("ctrl-a", meta={"name": "Ann"})
    desk.heard(synth)
    again = only(desk.say(ctrl, "register", client_id="ctrl-a", meta={"name": "Bea"}))
    assert (again["type"], again["resume"]) == ("registered", "secret-2")
    assert desk.heard(synth) == []
    assert desk.leases()[0].meta == {"name": "Bea"}


def test_one_socket_has_one_id(desk: Desk) -> None:
    conn = desk.join("ctrl-a")
    assert "ctrl-a" in refused(desk.say(conn, "register", client_id="ctrl-b"), "already-registered")
    assert desk.hub.clients() == {"ctrl-a": "controller"}


def test_whoever_does_not_register_in_time_is_closed(desk: Desk) -> None:
    conn = desk.connect()
    desk.wait(9.9)
    desk.frame(conn, "chatter does not count")
    desk.heard(conn)
    desk.wait(0.2)
    refused(desk.heard(conn), "register-timeout")
    assert desk.closed == {conn: 1008}


@pytest.mark.parametrize("type", ["heartbeat", "request-controllers"])
def test_nothing_works_before_registering(desk: Desk, type: str) -> None:
    refused(desk.say(desk.connect(), type), "not-registered", type)


def test_a_client_beyond_the_limit_is_told_to_try_later_and_room_is_made_by_leaving() -> None:
    desk = Desk(limits=Limits(clients=2))
    first = desk.join("ctrl-a")
    desk.join("ctrl-b")
    third = desk.connect()
    refused(desk.heard(third), "server-full")
    assert desk.closed == {third: 1013}
    assert "full" in desk.hub.degraded()[0]
    desk.drop(first)
    assert desk.hub.degraded() == []
    desk.join("ctrl-c")


# --- discovery -------------------------------------------------------------------------------------------------------


def test_a_synth_gets_a_plain_list_of_ids_with_details_beside_it(desk: Desk) -> None:
    desk.hub.wall_offset_s = 500.0
    desk.join("ctrl-a")
    desk.wait(5.0)
    desk.join("touch-ctrl-b", meta={"name": "Ann's phone"})
    synth = desk.join("synth-a")
    assert only(desk.say(synth, "request-controllers", source="synth-a")) == {
        "type": "controllers-list",
        "controllers": ["ctrl-a", "touch-ctrl-b"],
        "details": {
            "ctrl-a": {"edge": "attic", "age_s": 5.0, "meta": {}},
            "touch-ctrl-b": {"edge": "attic", "age_s": 0.0, "meta": {"name": "Ann's phone"}},
        },
        "timestamp": 1505000,
    }


def test_synths_are_not_in_the_list(desk: Desk) -> None:
    desk.join("synth-b")
    assert only(desk.say(desk.join("synth-a"), "request-controllers"))["controllers"] == []


def test_a_join_and_a_leave_are_told_to_every_synth_and_to_no_controller(desk: Desk) -> None:
    synths = [desk.join("synth-a"), desk.join("synth-b")]
    other = desk.join("ctrl-other")
    for synth in synths:
        desk.heard(synth)
    ctrl = desk.join("ctrl-a")
    for synth in synths:
        joined = only(desk.heard(synth))
        assert joined == {"type": "controller-joined", "controller_id": "ctrl-a", "timestamp": 1000000, "edge": "attic"}
    desk.drop(ctrl)
    for synth in synths:
        left = only(desk.heard(synth))
        assert left == {"type": "controller-left", "controller_id": "ctrl-a", "timestamp": 1000000, "edge": "attic"}
    assert desk.heard(other) == []


def test_a_synth_that_comes_or_goes_is_announced_to_nobody(desk: Desk) -> None:
    ctrl, synth = desk.join("ctrl-a"), desk.join("synth-a")
    desk.drop(desk.join("synth-b"))
    assert desk.heard(ctrl) == []
    assert desk.heard(synth) == []


def test_only_synths_ask_for_controllers(desk: Desk) -> None:
    refused(desk.say(desk.join("ctrl-a"), "request-controllers"), "wrong-role", "request-controllers")


# --- routing ---------------------------------------------------------------------------------------------------------


def test_an_offer_and_its_answer_pass_with_source_sender_and_time_stamped(desk: Desk) -> None:
    synth, ctrl = desk.join("synth-a"), desk.join("ctrl-a")
    desk.heard(synth)
    assert desk.say(synth, "offer", target="ctrl-a", data=OFFER) == []
    stamp = {"source": "synth-a", "sender_id": "synth-a", "timestamp": 1000000}
    assert only(desk.heard(ctrl)) == {"type": "offer", "target": "ctrl-a", "data": OFFER, **stamp}
    desk.say(ctrl, "answer", source="ctrl-a", target="synth-a", data=ANSWER)
    stamp = {"source": "ctrl-a", "sender_id": "ctrl-a", "timestamp": 1000000}
    assert only(desk.heard(synth)) == {"type": "answer", "target": "synth-a", "data": ANSWER, **stamp}
    assert desk.hub.counters.routed == 2


def test_candidates_pass_both_ways_in_either_spelling_and_their_end_is_null(desk: Desk) -> None:
    synth, ctrl = desk.join("synth-a"), desk.join("ctrl-a")
    desk.heard(synth)
    desk.say(ctrl, "ice", target="synth-a", data={**candidate(1), "sdpMLineIndex": 0})
    desk.say(ctrl, "ice-candidate", target="synth-a", data=None)
    first, end = desk.heard(synth)
    assert first["type"] == "ice-candidate"
    assert first["data"]["candidate"] == candidate(1)["candidate"]
    assert first["data"]["sdpMid"] == "0"
    assert first["data"]["sdpMLineIndex"] == 0
    assert end["data"] is None
    desk.say(synth, "ice-candidate", target="ctrl-a", data=candidate(2))
    assert only(desk.heard(ctrl))["data"]["candidate"] == candidate(2)["candidate"]


def test_the_order_of_a_pair_is_kept(desk: Desk) -> None:  # fault 7
    synth, ctrl = desk.join("synth-a"), desk.join("ctrl-a")
    for n in range(100):
        kind, data = ("offer", OFFER) if n % 10 == 0 else ("ice-candidate", candidate(n))
        desk.say(synth, kind, target="ctrl-a", data=data)
    heard = desk.heard(ctrl)
    assert [message["type"] == "offer" for message in heard] == [n % 10 == 0 for n in range(100)]
    told = [message["data"]["candidate"] for message in heard if message["type"] != "offer"]
    assert told == [candidate(n)["candidate"] for n in range(100) if n % 10]


def test_nobody_speaks_in_anothers_name(desk: Desk) -> None:  # fault 10
    synth, ctrl = desk.join("synth-a"), desk.join("ctrl-a")
    desk.join("synth-b")
    desk.heard(synth)
    refused(desk.say(synth, "offer", source="synth-b", target="ctrl-a", data=OFFER), "wrong-source", "offer")
    refused(desk.say(ctrl, "heartbeat", source="ctrl-b"), "wrong-source", "heartbeat")
    desk.say(synth, "offer", source="synth-a", sender_id="synth-b", timestamp=1, target="ctrl-a", data=OFFER)
    assert only(desk.heard(ctrl))["sender_id"] == "synth-a"


def test_an_unknown_target_is_said_and_the_connection_stays(desk: Desk) -> None:
    synth = desk.join("synth-a")
    assert "ctrl-z" in refused(desk.say(synth, "offer", target="ctrl-z", data=OFFER), "unknown-target", "offer")
    assert synth in desk.open
    assert desk.hub.counters.errors["unknown-target"] == 1


def test_synths_offer_and_controllers_answer(desk: Desk) -> None:
    synth, ctrl = desk.join("synth-a"), desk.join("ctrl-a")
    desk.join("synth-b")
    desk.heard(synth)
    refused(desk.say(ctrl, "offer", target="synth-a", data=OFFER), "wrong-role", "offer")
    refused(desk.say(synth, "answer", target="ctrl-a", data=ANSWER), "wrong-role", "answer")
    refused(desk.say(synth, "offer", target="synth-b", data=OFFER), "wrong-role", "offer")
    refused(desk.say(ctrl, "ice-candidate", target="ctrl-a", data=None), "wrong-role", "ice-candidate")
    assert desk.hub.counters.routed == 0


@pytest.mark.parametrize("type", ["kicked", "registered", "controllers-list", "controller-joined", "error"])
def test_what_only_a_server_sends_is_refused_from_a_client(desk: Desk, type: str) -> None:
    synth, ctrl = desk.join("synth-a"), desk.join("ctrl-a")
    desk.heard(synth)
    sample = json.loads((Path(__file__).parents[1] / f"data/messages/{type}.json").read_text())
    refused(desk.frame(ctrl, json.dumps(sample | {"target": "synth-a"})), "wrong-way", type)
    assert desk.heard(synth) == []
    assert not desk.closed


# --- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", MALFORMED, ids=lambda case: case["why"])
def test_a_malformed_message_is_answered_in_words_and_changes_nothing(case: dict[str, str]) -> None:  # fault 11
    desk = Desk()
    synth, ctrl = desk.join("synth-a"), desk.join("ctrl-a")
    desk.heard(synth)
    before = state(desk)
    refused(desk.frame(ctrl, case["text"]), case["code"], case["about"])
    assert state(desk) == before
    assert desk.heard(synth) == []
    assert desk.say(ctrl, "answer", target="synth-a", data=ANSWER) == []
    assert len(desk.heard(synth)) == 1


def test_a_binary_frame_is_answered_in_words(desk: Desk) -> None:
    assert "text frames" in refused(desk.frame(desk.join("ctrl-a"), b'{"type":"heartbeat"}'), "bad-message")


def test_an_unknown_type_is_counted_and_ignored(desk: Desk) -> None:
    conn = desk.join("ctrl-a")
    assert desk.say(conn, "tempo", bpm=90) == []
    assert desk.hub.counters.unknown_types == 1
    assert not desk.hub.counters.errors


def test_a_flood_is_dropped_with_one_answer_a_second_and_ends_in_a_close() -> None:
    desk = Desk(limits=Limits(rate_per_s=10.0, burst=50))
    synth, ctrl = desk.join("synth-a"), desk.join("ctrl-a")
    desk.heard(synth)
    answers = [desk.say(ctrl, "answer", target="synth-a", data=ANSWER) for _ in range(60)]
    passed = len(desk.heard(synth))
    assert 30 <= passed <= 50
    refused([message for answer in answers for message in answer], "too-fast")
    desk.wait(1.0)
    desk.say(ctrl, "answer", target="synth-a", data=ANSWER)
    assert len(desk.heard(synth)) == 1
    for _ in range(80):
        desk.say(ctrl, "heartbeat")
    assert desk.closed == {ctrl: 1008}
    assert desk.kinds(synth) == ["controller-left"]


def test_frames_of_a_closed_connection_are_ignored(desk: Desk) -> None:
    conn = desk.join("ctrl-a")
    desk.drop(conn)
    before = state(desk)
    desk.hub.receive_frame(conn, '{"type":"register","client_id":"ctrl-b"}', desk.clock.now)
    desk.hub.receive(conn, Heartbeat(), desk.clock.now)
    desk.hub.alive(conn, desk.clock.now)
    desk.hub.disconnect(conn, desk.clock.now)
    assert desk.hub.drain() == []
    assert state(desk) == before


# --- the same id again -----------------------------------------------------------------------------------------------


def test_with_its_secret_a_client_takes_its_id_back_and_the_old_socket_is_sent_away(desk: Desk) -> None:
    synth, old = desk.join("synth-a"), desk.join("ctrl-a")
    desk.heard(synth)
    new = desk.join("ctrl-a", resume="secret-2")
    assert desk.kinds(old) == ["kicked"]
    assert desk.closed == {old: 1000}
    assert desk.kinds(synth) == ["controller-joined"]  # its page may have been loaded anew; no gap is announced
    desk.say(synth, "offer", target="ctrl-a", data=OFFER)
    assert desk.kinds(new) == ["offer"]


def test_the_late_close_of_the_old_socket_leaves_the_new_registration_alone(desk: Desk) -> None:  # fault 6
    synth, old = desk.join("synth-a"), desk.join("ctrl-a")
    new = desk.join("ctrl-a", resume="secret-2")
    desk.heard(synth)
    desk.drop(old)
    assert desk.hub.clients() == {"synth-a": "synth", "ctrl-a": "controller"}
    assert desk.heard(synth) == []
    desk.say(synth, "offer", target="ctrl-a", data=OFFER)
    assert desk.kinds(new) == ["offer"]


def test_the_secret_still_holds_if_the_answer_to_a_take_over_was_lost(desk: Desk) -> None:
    desk.join("ctrl-a")
    desk.join("ctrl-a", resume="secret-1")
    desk.join("ctrl-a", resume="secret-1")
    assert desk.hub.clients() == {"ctrl-a": "controller"}


@pytest.mark.parametrize("fields", [{}, {"resume": "guess"}, {"resume": ""}])
def test_without_the_secret_an_id_whose_holder_lives_is_taken(desk: Desk, fields: dict[str, str]) -> None:
    holder = desk.join("ctrl-a")
    newcomer = desk.connect()
    assert desk.say(newcomer, "register", client_id="ctrl-a", **fields) == []
    assert desk.probed == [holder]
    desk.wait(0.5)
    desk.pong(holder)
    assert "another id" in refused(desk.heard(newcomer), "id-taken", "register")
    assert {holder, newcomer} <= desk.open
    assert desk.heard(holder) == []
    assert only(desk.say(newcomer, "register", client_id="ctrl-b"))["client_id"] == "ctrl-b"


def test_any_frame_of_the_holder_is_an_answer_to_the_probe(desk: Desk) -> None:
    holder, newcomer = desk.join("ctrl-a"), desk.connect()
    desk.say(newcomer, "register", client_id="ctrl-a")
    desk.say(holder, "heartbeat")
    refused(desk.heard(newcomer), "id-taken")


def test_a_simple_client_comes_back_after_a_network_blink(desk: Desk) -> None:  # fault 15
    synth, dead = desk.join("synth-a"), desk.join("ctrl-a")
    desk.heard(synth)
    desk.wait(5.0)
    back = desk.connect()
    desk.say(back, "register", client_id="ctrl-a")
    desk.wait(1.9)
    assert desk.heard(back) == []
    desk.wait(0.2)
    answer = only(desk.heard(back))
    assert answer["type"] == "registered"
    assert answer["resume"] != "secret-2"
    assert desk.closed == {dead: 1000}
    assert desk.kinds(synth) == ["controller-joined"]
    desk.drop(dead)
    assert desk.heard(synth) == []
    assert "ctrl-a" in desk.hub.clients()


def test_the_id_is_free_at_once_when_its_socket_closes_while_somebody_waits(desk: Desk) -> None:
    synth, holder, newcomer = desk.join("synth-a"), desk.join("ctrl-a"), desk.connect()
    desk.say(newcomer, "register", client_id="ctrl-a")
    desk.heard(synth)
    desk.drop(holder)
    assert desk.kinds(newcomer) == ["registered"]
    assert desk.kinds(synth) == ["controller-joined"]
    assert [lease.ws_id for lease in desk.leases()] == [f"run1-{newcomer}"]


def test_what_a_waiting_client_sends_ahead_is_done_once_it_is_registered(desk: Desk) -> None:
    desk.join("ctrl-a")
    desk.join("synth-a")
    back = desk.connect()
    desk.say(back, "register", client_id="synth-a")
    assert desk.say(back, "request-controllers") == []
    desk.wait(2.1)
    assert desk.kinds(back) == ["registered", "controllers-list"]


def test_a_waiting_client_may_not_send_ahead_without_end() -> None:
    desk = Desk(limits=Limits(held=3))
    desk.join("ctrl-a")
    back = desk.connect()
    desk.say(back, "register", client_id="ctrl-a")
    for _ in range(3):
        assert desk.say(back, "heartbeat") == []
    refused(desk.say(back, "heartbeat"), "too-fast")


def test_one_at_a_time_waits_for_an_id(desk: Desk) -> None:
    desk.join("ctrl-a")
    first, second = desk.connect(), desk.connect()
    desk.say(first, "register", client_id="ctrl-a")
    refused(desk.say(second, "register", client_id="ctrl-a"), "id-taken")
    desk.wait(2.1)
    assert desk.kinds(first) == ["registered"]


def test_a_waiting_client_that_goes_makes_room_for_the_next(desk: Desk) -> None:
    desk.join("ctrl-a")
    first, second = desk.connect(), desk.connect()
    desk.say(first, "register", client_id="ctrl-a")
    desk.drop(first)
    desk.say(second, "register", client_id="ctrl-a")
    desk.wait(2.1)
    assert desk.kinds(second) == ["registered"]


def test_the_owner_with_its_secret_goes_before_a_waiting_stranger(desk: Desk) -> None:
    desk.join("ctrl-a")
    stranger = desk.connect()
    desk.say(stranger, "register", client_id="ctrl-a")
    desk.join("ctrl-a", resume="secret-1")
    refused(desk.heard(stranger), "id-taken")
    desk.wait(5.0)
    assert stranger in desk.open


def test_a_secret_of_an_earlier_server_does_no_harm(desk: Desk) -> None:
    desk.join("ctrl-a", resume="secret of a server that was restarted")


def test_an_id_that_changes_its_role_leaves_no_lease_behind(desk: Desk) -> None:
    desk.join("box", role="controller")
    desk.say(desk.connect(), "register", client_id="box", role="synth", resume="secret-1")
    assert desk.hub.clients() == {"box": "synth"}
    assert desk.leases() == []


# --- silence ---------------------------------------------------------------------------------------------------------


def test_a_controller_that_dies_without_closing_is_announced_after_the_ttl(desk: Desk) -> None:  # fault 8
    synth, ctrl = desk.join("synth-a"), desk.join("ctrl-a")
    desk.heard(synth)
    desk.wait(60.0, answering=(synth,))
    assert desk.heard(synth) == []
    desk.wait(0.001, answering=(synth,))
    assert desk.kinds(synth) == ["controller-left"]
    assert desk.closed == {ctrl: 1001}
    assert desk.hub.clients() == {"synth-a": "synth"}
    assert desk.hub.counters.expired == 1


def test_dead_connections_do_not_pile_up(desk: Desk) -> None:  # fault 15
    for n in range(20):
        desk.join(f"synth-{n}")
        desk.join(f"ctrl-{n}")
        desk.connect()
    desk.wait(61.0)
    assert desk.open == set()
    assert desk.hub.next_deadline() is None


def test_a_heartbeat_every_20_s_keeps_a_client_for_a_day_without_a_probe(desk: Desk) -> None:  # fault 15
    ctrl = desk.join("ctrl-a")
    for _ in range(3 * 60 * 24):
        desk.wait(20.0)
        assert desk.say(ctrl, "heartbeat") == []
    assert desk.probed == []
    assert ctrl in desk.open


def test_a_hidden_tab_that_only_answers_probes_is_kept(desk: Desk) -> None:
    ctrl = desk.join("ctrl-a")
    desk.wait(3600.0, answering=(ctrl,))
    assert ctrl in desk.open
    assert [lease.id for lease in desk.leases()] == ["ctrl-a"]


def test_a_timer_at_one_minute_exactly_does_not_meet_the_ttl(desk: Desk) -> None:
    ctrl = desk.join("ctrl-a")
    for _ in range(10):
        desk.wait(60.0)
        desk.say(ctrl, "heartbeat")
    assert ctrl in desk.open


def test_a_silent_client_is_probed_twice_before_its_time_is_up(desk: Desk) -> None:
    ctrl = desk.join("ctrl-a")
    desk.wait(60.0)
    assert desk.probed == [ctrl, ctrl]


@pytest.mark.parametrize("frame", ["not JSON", '{"type":"tempo"}', b"\x00"])
def test_any_frame_is_a_sign_of_life(desk: Desk, frame: str | bytes) -> None:
    ctrl = desk.join("ctrl-a")
    desk.wait(50.0)
    desk.frame(ctrl, frame)
    desk.wait(59.0)
    assert ctrl in desk.open
    assert desk.leases() != []


def test_deadlines_do_not_pile_up_with_heartbeats(desk: Desk) -> None:
    ctrl = desk.join("ctrl-a")
    for _ in range(1000):
        desk.clock.now += 0.01
        desk.say(ctrl, "heartbeat")
    assert len(desk.hub._admission._deadlines) == 1
    assert len(desk.hub._admission._deadlines._heap) == 1


def test_shorter_timings_are_told_to_the_client() -> None:
    desk = Desk(timing=Timing(heartbeat_s=1.0, ttl_s=3.0))
    answer = only(desk.say(desk.connect(), "register", client_id="ctrl-a"))
    assert (answer["heartbeat_s"], answer["ttl_s"]) == (1.0, 3.0)
    desk.wait(3.001)
    assert desk.hub.clients() == {}


# --- the operator ----------------------------------------------------------------------------------------------------


def test_the_operator_kicks_and_nobody_else_does(desk: Desk) -> None:  # fault 10
    synth, ctrl = desk.join("synth-a"), desk.join("ctrl-a")
    desk.heard(synth)
    assert desk.hub.kick("ctrl-a", "rehearsal is over", desk.clock.now)
    assert not desk.hub.kick("ctrl-a", "again", desk.clock.now)
    desk.sort()
    assert only(desk.heard(ctrl)) == {"type": "kicked", "reason": "rehearsal is over"}
    assert desk.closed == {ctrl: 1000}
    assert desk.kinds(synth) == ["controller-left"]


def test_the_registry_is_read_only_when_a_synth_asks(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:  # fault 9
    synth = desk.join("synth-a")
    asked: list[str] = []
    places = desk.registry.places

    def counted(role: Role) -> list[Place]:
        asked.append(role)
        return places(role)

    monkeypatch.setattr(desk.registry, "places", counted)
    for n in range(50):
        ctrl = desk.join(f"ctrl-{n}")
        desk.say(ctrl, "heartbeat")
        desk.say(synth, "offer", target=f"ctrl-{n}", data=OFFER)
    desk.wait(30.0, answering=tuple(desk.open))
    assert asked == []
    desk.say(synth, "request-controllers")
    assert asked == ["controller"]
