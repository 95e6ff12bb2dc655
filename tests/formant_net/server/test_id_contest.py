"""An id that two connections want: who is asked, who waits, and who has it in the end."""

from __future__ import annotations

import pytest
from support.net.sdp import answer
from support.virtual.clients import RawClients, only, refused
from support.virtual.edges import EdgeClients, Edges

from formant_net.server.access.limits import Limits
from formant_net.server.registry import bus
from formant_net.server.registry.leases import Lease, Place
from formant_net.server.registry.registry import Disputed, Lost


@pytest.fixture
def clients() -> RawClients:
    return RawClients()


@pytest.mark.parametrize("fields", [{}, {"resume": "guess"}, {"resume": ""}])
def test_without_the_secret_an_id_whose_holder_lives_is_taken(clients: RawClients, fields: dict[str, str]) -> None:
    holder = clients.join("ctrl-a")
    newcomer = clients.connect()
    assert clients.say(newcomer, "register", client_id="ctrl-a", **fields) == []
    assert clients.probed == [holder]
    clients.wait(0.5)
    clients.pong(holder)
    assert "another id" in refused(clients.heard(newcomer), "id-taken", "register")
    assert {holder, newcomer} <= clients.open
    assert clients.heard(holder) == []
    assert only(clients.say(newcomer, "register", client_id="ctrl-b"))["client_id"] == "ctrl-b"


def test_what_was_said_under_an_id_that_was_refused_is_not_said_under_another(clients: RawClients) -> None:
    synth, holder, newcomer = clients.join("synth-a"), clients.join("ctrl-a"), clients.connect()
    clients.say(newcomer, "register", client_id="ctrl-a")
    assert clients.say(newcomer, "answer", target="synth-a", data=answer()) == [], "it is kept until it is registered"
    clients.pong(holder)
    refused(clients.heard(newcomer), "id-taken")
    clients.heard(synth)
    assert only(clients.say(newcomer, "register", client_id="ctrl-b"))["client_id"] == "ctrl-b"
    assert clients.kinds(synth) == ["controller-joined"]


def test_any_frame_of_the_holder_is_an_answer_to_the_probe(clients: RawClients) -> None:
    holder, newcomer = clients.join("ctrl-a"), clients.connect()
    clients.say(newcomer, "register", client_id="ctrl-a")
    clients.say(holder, "heartbeat")
    refused(clients.heard(newcomer), "id-taken")


def test_a_simple_client_comes_back_after_a_network_blink(clients: RawClients) -> None:  # fault 15
    synth, dead = clients.join("synth-a"), clients.join("ctrl-a")
    clients.heard(synth)
    clients.wait(5.0)
    back = clients.connect()
    clients.say(back, "register", client_id="ctrl-a")
    clients.wait(1.9)
    assert clients.heard(back) == []
    clients.wait(0.2)
    answer = only(clients.heard(back))
    assert answer["type"] == "registered"
    assert answer["resume"] != "secret-2"
    assert clients.closed == {dead: 1000}
    assert clients.kinds(synth) == ["controller-joined"]
    clients.drop(dead)
    assert clients.heard(synth) == []
    assert "ctrl-a" in clients.hub.clients()


def test_the_id_is_free_at_once_when_its_socket_closes_while_somebody_waits(clients: RawClients) -> None:
    synth, holder, newcomer = clients.join("synth-a"), clients.join("ctrl-a"), clients.connect()
    clients.say(newcomer, "register", client_id="ctrl-a")
    clients.heard(synth)
    clients.drop(holder)
    assert clients.kinds(newcomer) == ["registered"]
    assert clients.kinds(synth) == ["controller-joined"]
    assert [lease.ws_id for lease in clients.leases()] == [f"run1-{newcomer}"]


def test_one_at_a_time_waits_for_an_id(clients: RawClients) -> None:
    clients.join("ctrl-a")
    first, second = clients.connect(), clients.connect()
    clients.say(first, "register", client_id="ctrl-a")
    refused(clients.say(second, "register", client_id="ctrl-a"), "id-taken")
    clients.wait(2.1)
    assert clients.kinds(first) == ["registered"]


def test_a_waiting_client_that_goes_makes_room_for_the_next(clients: RawClients) -> None:
    clients.join("ctrl-a")
    first, second = clients.connect(), clients.connect()
    clients.say(first, "register", client_id="ctrl-a")
    clients.drop(first)
    clients.say(second, "register", client_id="ctrl-a")
    clients.wait(2.1)
    assert clients.kinds(second) == ["registered"]


def test_the_owner_with_its_secret_goes_before_a_waiting_stranger(clients: RawClients) -> None:
    clients.join("ctrl-a")
    stranger = clients.connect()
    clients.say(stranger, "register", client_id="ctrl-a")
    clients.join("ctrl-a", resume="secret-1")
    refused(clients.heard(stranger), "id-taken")
    clients.wait(5.0)
    assert stranger in clients.open


def test_who_gives_up_waiting_is_not_let_in_later(clients: RawClients) -> None:
    clients.join("ctrl-a")
    waiting = clients.connect()
    clients.say(waiting, "register", client_id="ctrl-a")
    clients.drop(waiting)
    clients.wait(5.0)
    assert len(clients.hub._contest) == 0
    assert clients.hub.clients() == {"ctrl-a": "controller"}


def test_the_probe_of_a_contest_that_is_over_decides_nothing(clients: RawClients) -> None:
    holder = clients.join("ctrl-a")
    first = clients.connect()
    clients.say(first, "register", client_id="ctrl-a")
    clients.wait(1.0)
    clients.drop(holder)  # `first` is in; the deadline of its probe is still to come
    assert clients.kinds(first) == ["registered"]
    second = clients.connect()
    clients.say(second, "register", client_id="ctrl-a")
    clients.wait(1.5)
    assert clients.kinds(second) == [], "two seconds of its own have not passed"
    clients.pong(first)
    refused(clients.heard(second), "id-taken")


# --- between edges ---------------------------------------------------------------------------------------------------


def claims(edge: EdgeClients, id: str, **fields: str) -> int:
    """A new connection that asks for `id`; what it is told stays to be read."""
    conn = edge.connect()
    edge.hub.receive_frame(conn, edge.text("register", client_id=id, **fields), edge.clock.now)
    edge.sort()
    return conn


def test_a_client_that_comes_back_with_its_secret_while_another_edge_asks_for_its_id_keeps_it() -> None:
    world = Edges("attic", "barn")
    attic, barn = world["attic"], world["barn"]
    old = attic.join("ctrl-a")
    world.run(0.1)
    thief = claims(barn, "ctrl-a")
    world.run(0.5)
    assert attic.probed == [old], "barn has asked"
    back = attic.join("ctrl-a", resume="secret-1")
    world.run(0.1)
    refused(barn.heard(thief), "id-taken")
    attic.answering.add(back)
    world.run(10.0)
    assert attic.hub.clients() == {"ctrl-a": "controller"}
    assert back in attic.open
    assert [lease.place.edge for lease in attic.leases() + barn.leases()] == ["attic", "attic"]


def test_who_waits_for_an_id_that_moves_to_another_edge_is_told_that_it_is_taken() -> None:
    world = Edges("attic", "barn")
    attic, barn = world["attic"], world["barn"]
    attic.join("ctrl-a")
    world.run(0.1)
    waiting = claims(attic, "ctrl-a")
    world.run(0.5)
    barn.join("ctrl-a", resume="secret-1")
    world.run(0.1)
    refused(attic.heard(waiting), "id-taken")
    world.run(5.0)
    assert waiting in attic.open
    assert attic.hub.clients() == {}
    assert barn.hub.clients() == {"ctrl-a": "controller"}
    assert len(attic.hub._contest) == len(barn.hub._contest) == 0


def test_what_a_client_had_asked_another_edge_is_forgotten_when_it_comes_back_on_a_new_connection() -> None:
    """After a cut both edges have the id, and attic asks barn whether its holder lives. Meanwhile the client of attic
    registers again, with its secret, and is told that the id is of another household."""
    world = Edges("attic", "barn")
    attic, barn = world["attic"], world["barn"]
    attic.link.cut()
    world.run(10.0)
    barn.join("ctrl-b")  # so that the next one has another secret than the client of attic
    barn.answering.add(barn.join("ctrl-a", address="192.0.2.2"))
    attic.join("ctrl-a", address="192.0.2.1")
    attic.link.mend()
    barn.answering.clear()
    for _ in range(100):
        world.run(0.01)
        if len(attic.hub._contest):
            break
    assert len(attic.hub._contest) == 1, "barn is asked"
    back = attic.connect("192.0.2.1")
    attic.hub.receive_frame(back, attic.text("register", client_id="ctrl-a", resume="secret-1"), attic.clock.now)
    attic.sort()
    world.run(0.1)
    refused(attic.heard(back), "id-taken")
    world.run(10.0)
    assert len(attic.hub._contest) == len(barn.hub._contest) == 0


def test_a_contest_that_is_decided_leaves_nothing_to_look_at() -> None:
    world = Edges("attic", "barn")
    attic, barn = world["attic"], world["barn"]
    holder = attic.join("ctrl-a")
    world.run(0.1)
    thief = claims(barn, "ctrl-a")
    world.run(0.5)
    assert barn.hub._contest.next_deadline() is not None, "barn waits for an answer"
    attic.pong(holder)
    world.run(0.1)
    refused(barn.heard(thief), "id-taken")
    for edge in (attic, barn):
        assert edge.hub._contest.next_deadline() is None
        assert len(edge.hub._contest) == 0


def test_while_one_waits_for_an_id_where_it_is_another_edge_is_told_at_once_that_it_is_taken() -> None:
    world = Edges("attic", "barn")
    attic, barn = world["attic"], world["barn"]
    attic.join("ctrl-a")
    world.run(0.1)
    first = claims(attic, "ctrl-a")
    second = claims(barn, "ctrl-a")
    world.run(0.1)
    refused(barn.heard(second), "id-taken")
    assert attic.heard(first) == [], "the first one still waits"


@pytest.mark.parametrize("free", [True, False])
def test_a_verdict_that_nobody_asked_for_changes_nothing(clients: RawClients, free: bool) -> None:
    conn = clients.join("ctrl-a")
    (lease,) = clients.leases()
    clients.hub.on_bus(bus.encode(bus.Verdict(id="ctrl-a", ws_id=lease.ws_id, free=free)), clients.clock.now)
    assert clients.hub.drain() == []
    assert clients.hub.clients() == {"ctrl-a": "controller"}
    assert conn in clients.open


def test_a_dispute_about_a_client_that_has_gone_changes_nothing(clients: RawClients) -> None:
    """The registry of one edge never tells of one; the other one might, should its notices ever wait."""
    holder = Lease("ctrl-a", "controller", "run9-1", Place("barn", "run9"))
    for stale in (Disputed("ctrl-a", "run1-7", holder), Lost("ctrl-a", "run1-7", holder)):
        conn = clients.join("ctrl-a")
        clients.registry._notices.append(stale)  # type: ignore[attr-defined]
        clients.hub.on_registry(clients.clock.now)
        assert clients.hub.drain() == []
        assert clients.hub.clients() == {"ctrl-a": "controller"}
        clients.drop(conn)


def test_who_asks_for_an_id_needs_a_place_as_well() -> None:
    clients = RawClients(limits=Limits(clients=1))
    clients.join("ctrl-a")
    late = clients.connect()
    refused(clients.say(late, "register", client_id="ctrl-a"), "server-full")
    assert clients.closed == {late: 1013}
    assert clients.probed == [], "the holder is not even asked"
