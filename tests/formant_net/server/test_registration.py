"""Registering, being refused, and taking an id back with its secret. Clients speak raw JSON."""

from __future__ import annotations

import pytest
from support.net.sdp import offer
from support.virtual.clients import ICE, RawClients, only, refused

from formant_net.server.access.limits import Limits

OFFER = offer()


@pytest.fixture
def clients() -> RawClients:
    return RawClients()


@pytest.mark.parametrize(
    ("id", "role"),
    [("synth-attic", "synth"), ("ctrl-keys", "controller"), ("touch-ctrl-7k2m", "controller")],
)
def test_the_prefix_of_the_id_gives_the_role(clients: RawClients, id: str, role: str) -> None:
    answer = only(clients.say(clients.connect(), "register", client_id=id))
    assert answer == {
        "type": "registered",
        "client_id": id,
        "edge": "attic",
        "resume": "secret-1",
        "ice_servers": ICE,
        "heartbeat_s": 20.0,
        "ttl_s": 60.0,
        **({"health_s": 15.0} if role == "synth" else {}),
    }
    assert clients.hub.clients() == {id: role}
    assert [lease.id for lease in clients.leases(role)] == [id]


def test_an_id_without_a_known_prefix_registers_with_a_role(clients: RawClients) -> None:
    clients.join("my-theremin", role="controller")
    assert clients.hub.clients() == {"my-theremin": "controller"}


def test_an_id_that_tells_no_role_is_refused_in_words(clients: RawClients) -> None:
    conn = clients.connect()
    assert "synth-" in refused(clients.say(conn, "register", client_id="phone"), "bad-role", "register")
    assert conn in clients.open
    assert clients.hub.clients() == {}


def test_a_role_that_contradicts_the_id_is_refused(clients: RawClients) -> None:
    refused(clients.say(clients.connect(), "register", client_id="synth-a", role="controller"), "bad-role")


def test_without_the_key_nobody_registers_and_the_socket_is_closed() -> None:
    clients = RawClients(key="abcd")
    for fields in ({}, {"key": ""}, {"key": "abce"}, {"key": None}):
        conn = clients.connect()
        refused(clients.say(conn, "register", client_id="ctrl-a", **fields), "bad-key", "register")
        assert clients.closed[conn] == 1008
        assert clients.say(conn, "register", client_id="ctrl-a", key="abcd") == []
    assert clients.hub.clients() == {}
    clients.join("ctrl-a", key="abcd")


def test_the_key_and_the_secrets_are_in_no_event() -> None:
    clients = RawClients(key="abcd")
    clients.say(clients.connect(), "register", client_id="ctrl-a", key="wrong-key")
    clients.join("ctrl-a", key="abcd")
    clients.join("ctrl-a", key="abcd", resume="secret-1")
    assert clients.events
    for event in clients.events:
        assert not any(word in str(event) for word in ("abcd", "wrong-key", "secret-1"))


def test_registering_again_on_the_same_socket_is_answered_again_and_not_announced(clients: RawClients) -> None:
    synth, ctrl = clients.join("synth-a"), clients.join("ctrl-a", meta={"name": "Ann"})
    clients.heard(synth)
    again = only(clients.say(ctrl, "register", client_id="ctrl-a", meta={"name": "Bea"}))
    assert (again["type"], again["resume"]) == ("registered", "secret-2")
    assert clients.heard(synth) == []
    assert clients.leases()[0].meta == {"name": "Bea"}


def test_one_socket_has_one_id(clients: RawClients) -> None:
    conn = clients.join("ctrl-a")
    assert "ctrl-a" in refused(clients.say(conn, "register", client_id="ctrl-b"), "already-registered")
    assert clients.hub.clients() == {"ctrl-a": "controller"}


@pytest.mark.parametrize("type", ["heartbeat", "request-controllers"])
def test_nothing_works_before_registering(clients: RawClients, type: str) -> None:
    refused(clients.say(clients.connect(), type), "not-registered", type)


def test_a_client_beyond_the_limit_is_told_to_try_later_and_room_is_made_by_leaving() -> None:
    clients = RawClients(limits=Limits(clients=2))
    first = clients.join("ctrl-a")
    clients.join("ctrl-b")
    third = clients.connect()
    refused(clients.say(third, "register", client_id="ctrl-c"), "server-full")
    assert clients.closed == {third: 1013}
    assert "full" in clients.hub.degraded()[0]
    clients.drop(first)
    assert clients.hub.degraded() == []
    clients.join("ctrl-c")


def test_with_its_secret_a_client_takes_its_id_back_and_the_old_socket_is_sent_away(clients: RawClients) -> None:
    synth, old = clients.join("synth-a"), clients.join("ctrl-a")
    clients.heard(synth)
    new = clients.join("ctrl-a", resume="secret-2")
    assert clients.kinds(old) == ["kicked"]
    assert clients.closed == {old: 1000}
    assert clients.kinds(synth) == ["controller-joined"]  # its page may have been loaded anew; no gap is announced
    clients.say(synth, "offer", target="ctrl-a", data=OFFER)
    assert clients.kinds(new) == ["offer"]


def test_the_late_close_of_the_old_socket_leaves_the_new_registration_alone(clients: RawClients) -> None:  # fault 6
    synth, old = clients.join("synth-a"), clients.join("ctrl-a")
    new = clients.join("ctrl-a", resume="secret-2")
    clients.heard(synth)
    clients.drop(old)
    assert clients.hub.clients() == {"synth-a": "synth", "ctrl-a": "controller"}
    assert clients.heard(synth) == []
    clients.say(synth, "offer", target="ctrl-a", data=OFFER)
    assert clients.kinds(new) == ["offer"]


def test_the_secret_still_holds_if_the_answer_to_a_take_over_was_lost(clients: RawClients) -> None:
    clients.join("ctrl-a")
    clients.join("ctrl-a", resume="secret-1")
    clients.join("ctrl-a", resume="secret-1")
    assert clients.hub.clients() == {"ctrl-a": "controller"}


def test_what_a_waiting_client_sends_ahead_is_done_once_it_is_registered(clients: RawClients) -> None:
    clients.join("ctrl-a")
    clients.join("synth-a")
    back = clients.connect()
    clients.say(back, "register", client_id="synth-a")
    assert clients.say(back, "request-controllers") == []
    clients.wait(2.1)
    assert clients.kinds(back) == ["registered", "controllers-list"]


def test_a_waiting_client_may_not_send_ahead_without_end() -> None:
    clients = RawClients(limits=Limits(held=3))
    clients.join("ctrl-a")
    back = clients.connect()
    clients.say(back, "register", client_id="ctrl-a")
    for _ in range(3):
        assert clients.say(back, "heartbeat") == []
    refused(clients.say(back, "heartbeat"), "too-fast")


def test_a_secret_of_an_earlier_server_does_no_harm(clients: RawClients) -> None:
    clients.join("ctrl-a", resume="secret of a server that was restarted")


def test_an_id_that_changes_its_role_leaves_no_lease_behind(clients: RawClients) -> None:
    clients.join("box", role="controller")
    clients.say(clients.connect(), "register", client_id="box", role="synth", resume="secret-1")
    assert clients.hub.clients() == {"box": "synth"}
    assert clients.leases() == []


def test_who_makes_room_is_told_by_which_rule() -> None:
    clients = RawClients(limits=Limits(newcomers_per_address=2))
    first = clients.connect("192.0.2.1")
    clients.connect("192.0.2.1")
    clients.connect("192.0.2.1")
    assert "register at once" in refused(clients.heard(first), "server-full")
    assert clients.closed == {first: 1013}
    assert clients.hub.counters.errors == {"server-full": 1}


def test_a_full_server_is_counted_and_nothing_of_the_refused_stays() -> None:
    clients = RawClients(limits=Limits(clients=1, clients_per_address=1))
    clients.join("ctrl-a", address="192.0.2.1")
    for _ in range(3):
        refused(clients.say(clients.connect("192.0.2.2"), "register", client_id="ctrl-b"), "server-full")
    assert clients.hub.counters.errors == {"server-full": 3}
    assert len(clients.hub._clients) == len(clients.hub._liveness) == 1


def test_a_full_address_is_counted_and_another_address_gets_in() -> None:
    clients = RawClients(limits=Limits(clients_per_address=1))
    first = clients.join("ctrl-a", address="192.0.2.1")
    second = clients.connect("192.0.2.1")
    refused(clients.say(second, "register", client_id="ctrl-z"), "address-full")
    assert clients.closed == {second: 1013}
    assert clients.hub.counters.errors == {"address-full": 1}
    clients.join("ctrl-b", address="192.0.2.2")
    clients.drop(first)
    clients.join("ctrl-c", address="192.0.2.1")


def test_a_client_whose_time_is_up_is_refused_once_and_its_lease_ends(clients: RawClients) -> None:
    synth, ctrl = clients.join("synth-a"), clients.join("ctrl-a")
    clients.heard(synth)
    clients.wait(61.0, answering=(synth,))
    assert clients.closed == {ctrl: 1001}
    assert clients.leases() == []
    assert [event.fields.get("id") for event in clients.events if event.name == "controller silent"] == ["ctrl-a"]


def test_who_comes_back_with_its_secret_gets_in_however_full_server_and_address_are() -> None:
    clients = RawClients(limits=Limits(clients=2, clients_per_address=2))
    old = clients.join("ctrl-a", address="192.0.2.1")
    clients.join("ctrl-b", address="192.0.2.1")
    back = clients.join("ctrl-a", address="192.0.2.1", resume="secret-1")
    assert clients.closed == {old: 1000}
    assert back in clients.open
    clients.drop(back)
    clients.join("ctrl-c", address="192.0.2.1")


def test_a_refusal_is_logged_with_the_id_that_was_refused(clients: RawClients) -> None:
    conn = clients.join("ctrl-a")
    clients.say(conn, "offer", target="synth-a")
    (logged,) = [event.fields for event in clients.events if event.name == "message refused"]
    assert (logged["id"], logged["code"], logged["about"]) == ("ctrl-a", "bad-message", "offer")
