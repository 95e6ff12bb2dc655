"""Hubs of several edges as one: discovery, routing and take-over across them, and what failures leave behind.

Clients speak raw JSON; the engine is simulated, on a virtual clock.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.net.sdp import answer, candidate, offer
from support.virtual.edges import EdgeClients, Edges

from formant_net.server.access.tokens import KeySet, make_key

OFFER, ANSWER = offer(), answer()


@pytest.fixture
def world() -> Edges:
    return Edges("attic", "barn")


def kinds(edge: EdgeClients, conn: int) -> list[str]:
    return [message.get("code", message["type"]) for message in edge.heard(conn)]


def listed(edge: EdgeClients, conn: int) -> list[str]:
    edge.heard(conn)
    (answer,) = edge.say(conn, "request-controllers")
    assert answer["type"] == "controllers-list"
    return list(answer["controllers"])


def claim(edge: EdgeClients, id: str, **fields: Any) -> int:
    """A new connection that asks for `id`; what it is told stays to be read."""
    conn = edge.connect()
    edge.hub.receive_frame(conn, edge.text("register", client_id=id, **fields), edge.clock.now)
    edge.sort()
    return conn


# --- discovery and routing -------------------------------------------------------------------------------------------


def test_a_controller_on_one_edge_is_announced_on_all(world: Edges) -> None:  # fault 8
    attic, barn = world["attic"], world["barn"]
    here, there = attic.join("synth-a"), barn.join("synth-b")
    ctrl = attic.join("ctrl-a", meta={"name": "Ann"})
    world.run(0.1)
    for edge, synth in ((attic, here), (barn, there)):
        (joined,) = edge.heard(synth)
        assert (joined["type"], joined["controller_id"], joined["edge"]) == ("controller-joined", "ctrl-a", "attic")
        assert listed(edge, synth) == ["ctrl-a"]
    attic.drop(ctrl)
    world.run(0.1)
    for edge, synth in ((attic, here), (barn, there)):
        assert [m["type"] for m in edge.heard(synth)] == ["controller-left"]


def test_an_offer_and_its_answer_pass_between_edges_in_order(world: Edges) -> None:  # fault 7
    attic, barn = world["attic"], world["barn"]
    ctrl, synth = attic.join("ctrl-a"), barn.join("synth-b")
    for n in range(20):
        kind, data = ("offer", OFFER) if n == 0 else ("ice-candidate", candidate(n))
        assert barn.say(synth, kind, target="ctrl-a", data=data) == []
    world.run(0.1)
    heard = attic.heard(ctrl)
    assert heard[0]["data"] == OFFER
    assert (heard[0]["source"], heard[0]["sender_id"], heard[0]["target"]) == ("synth-b", "synth-b", "ctrl-a")
    assert [m["data"]["candidate"] for m in heard[1:]] == [candidate(n)["candidate"] for n in range(1, 20)]
    assert attic.say(ctrl, "answer", target="synth-b", data=ANSWER) == []
    world.run(0.1)
    (answer,) = barn.heard(synth)
    assert (answer["type"], answer["data"], answer["source"]) == ("answer", ANSWER, "ctrl-a")
    assert (barn.hub.counters.relayed, attic.hub.counters.routed) == (20, 20)


def test_a_candidate_from_another_edge_is_spelled_as_its_receiver_spells_its_own() -> None:
    world = Edges("attic", "barn")
    attic, barn = world["attic"], world["barn"]
    synth, ctrl = attic.join("synth-a"), barn.join("ctrl-a")
    world.run(1.0)
    attic.heard(synth)
    barn.say(ctrl, "ice", target="synth-a", data=candidate(1))
    world.run(1.0)
    assert attic.kinds(synth) == ["ice-candidate"]
    attic.say(synth, "ice", target="ctrl-a", data=candidate(2))
    world.run(1.0)
    (told,) = barn.heard(ctrl)
    assert (told["type"], told["source"], told["data"]["candidate"]) == ("ice", "synth-a", candidate(2)["candidate"])


def test_roles_and_targets_are_checked_across_edges(world: Edges) -> None:
    attic, barn = world["attic"], world["barn"]
    attic.join("ctrl-a"), attic.join("synth-a")
    synth = barn.join("synth-b")
    world.run(0.1)
    barn.heard(synth)
    assert [m["code"] for m in barn.say(synth, "offer", target="synth-a", data=OFFER)] == ["wrong-role"]
    assert [m["code"] for m in barn.say(synth, "offer", target="ctrl-z", data=OFFER)] == ["unknown-target"]


def test_the_nearest_come_first_and_say_where_they_are() -> None:
    world = Edges()
    for name, place in (("berlin", "52.52,13.40"), ("munich", "48.14,11.58"), ("tokyo", "35.68,139.69"), ("moon", "")):
        world.edge(name, place)
    world.run(1.0)
    for name in ("moon", "tokyo", "munich", "berlin"):
        world[name].join(f"ctrl-{name}")
    world.run(0.1)
    synth = world["berlin"].join("synth-a")
    (answer,) = world["berlin"].say(synth, "request-controllers")
    assert answer["controllers"] == ["ctrl-berlin", "ctrl-munich", "ctrl-tokyo", "ctrl-moon"]
    assert answer["details"]["ctrl-munich"] == {
        "edge": "munich",
        "age_s": pytest.approx(0.4, abs=0.01),
        "meta": {},
        "location": "48.14,11.58",
    }
    assert "location" not in answer["details"]["ctrl-moon"]


# --- one id, one holder ----------------------------------------------------------------------------------------------


def test_a_client_that_moves_with_its_secret_is_let_in_at_once_and_nobody_hears_that_it_left(world: Edges) -> None:
    attic, barn = world["attic"], world["barn"]
    synth, old = barn.join("synth-b"), attic.join("ctrl-a")
    world.run(0.1)
    barn.heard(synth)
    new = barn.join("ctrl-a", resume="secret-1")
    world.run(0.1)
    assert kinds(attic, old) == ["kicked"]
    assert attic.closed == {old: 1000}
    assert kinds(barn, synth) == ["controller-joined"]
    assert listed(barn, synth) == ["ctrl-a"]
    attic.drop(old)
    barn.answering.add(new)
    world.run(70.0)
    assert barn.hub.clients() == {"ctrl-a": "controller"}
    assert attic.hub.clients() == {}


def test_without_the_secret_the_holder_at_the_other_edge_is_asked_and_keeps_its_id(world: Edges) -> None:
    attic, barn = world["attic"], world["barn"]
    holder = attic.join("ctrl-a")
    attic.answering.add(holder)
    world.run(0.1)
    thief = claim(barn, "ctrl-a", resume="a guess")
    world.run(0.5)
    assert attic.probed == [holder]
    assert kinds(barn, thief) == ["id-taken"]
    assert thief in barn.open
    assert holder in attic.open
    assert barn.hub.clients() == {}


def test_a_holder_at_another_edge_that_gives_no_sign_of_life_loses_its_id(world: Edges) -> None:
    attic, barn = world["attic"], world["barn"]
    dead = attic.join("ctrl-a")
    world.run(0.1)
    newcomer = claim(barn, "ctrl-a")
    world.run(1.9)
    assert kinds(barn, newcomer) == []
    world.run(0.3)
    assert kinds(barn, newcomer) == ["registered"]
    assert attic.closed == {dead: 1000}
    assert attic.hub.clients() == {}


def test_of_two_edges_that_are_asked_for_an_id_at_once_one_lets_in_and_the_other_says_taken(world: Edges) -> None:
    attic, barn = world["attic"], world["barn"]
    one, other = claim(attic, "ctrl-a"), claim(barn, "ctrl-a")
    attic.answering.add(one)
    barn.answering.add(other)
    world.run(1.0)
    assert sorted([kinds(attic, one), kinds(barn, other)]) == [["id-taken"], ["registered"]]
    assert sorted([*attic.hub.clients(), *barn.hub.clients()]) == ["ctrl-a"]


def test_the_id_of_a_client_whose_edge_was_killed_is_free_at_once(world: Edges) -> None:
    attic, barn = world["attic"], world["barn"]
    synth = barn.join("synth-b")
    attic.join("ctrl-a")
    world.run(0.1)
    world.kill("attic")
    barn.heard(synth)
    begun = world.clock.now
    conn = claim(barn, "ctrl-a", resume="secret of attic that barn cannot know")
    world.run(0.5)
    assert kinds(barn, conn) == ["registered"]
    assert world.clock.now - begun < 1.0
    assert kinds(barn, synth) == ["controller-joined"]


def test_what_a_client_says_while_its_id_is_claimed_is_done_once_it_is_in(world: Edges) -> None:
    attic, barn = world["attic"], world["barn"]
    attic.join("synth-b")
    world.run(0.1)
    newcomer = claim(barn, "synth-b")
    barn.frame(newcomer, barn.text("request-controllers"))
    world.run(3.0)
    assert kinds(barn, newcomer) == ["registered", "controllers-list"]


def test_a_second_newcomer_for_an_id_under_claim_is_told_that_it_is_taken(world: Edges) -> None:
    attic, barn = world["attic"], world["barn"]
    attic.join("ctrl-a")
    world.run(0.1)
    first, second = claim(barn, "ctrl-a"), claim(barn, "ctrl-a")
    assert kinds(barn, second) == ["id-taken"]
    world.run(3.0)
    assert kinds(barn, first) == ["registered"]


def test_a_newcomer_that_leaves_while_it_claims_leaves_nothing_behind(world: Edges) -> None:
    attic, barn = world["attic"], world["barn"]
    holder = attic.join("ctrl-a")
    world.run(0.1)
    barn.drop(claim(barn, "ctrl-a"))
    world.run(5.0)
    assert "ctrl-a" in attic.hub.clients()
    assert holder in attic.open
    assert barn.hub.clients() == {}
    assert len(barn.hub._contest) == len(attic.hub._contest) == 0


def test_a_holder_whose_socket_closes_while_it_is_asked_for_frees_its_id_at_once(world: Edges) -> None:
    attic, barn = world["attic"], world["barn"]
    holder = attic.join("ctrl-a")
    world.run(0.1)
    newcomer = claim(barn, "ctrl-a")
    world.run(0.1)
    attic.drop(holder)
    world.run(0.1)
    assert kinds(barn, newcomer) == ["registered"]


# --- the engine ------------------------------------------------------------------------------------------------------


def test_without_the_engine_an_edge_serves_its_own_clients_and_says_so(world: Edges) -> None:
    attic = world["attic"]
    synth = attic.join("synth-a")
    world.engine.stop()
    ctrl = attic.connect()
    assert [m["type"] for m in attic.say(ctrl, "register", client_id="ctrl-new")] == ["registered"]
    assert kinds(attic, synth) == ["controller-joined"]
    attic.say(synth, "offer", target="ctrl-new", data=OFFER)
    assert kinds(attic, ctrl) == ["offer"]
    assert "registry cannot be reached" in attic.hub.degraded()[0]


@pytest.mark.parametrize("keep", [False, True], ids=["forgetful", "remembering"])
def test_when_the_engine_is_back_what_changed_meanwhile_is_known_everywhere(world: Edges, keep: bool) -> None:
    attic, barn = world["attic"], world["barn"]
    listener = barn.join("synth-b")
    staying, leaving = attic.join("ctrl-stays"), attic.join("ctrl-leaves")
    world.run(0.1)
    barn.heard(listener)
    world.engine.stop()
    world.run(5.0)
    attic.drop(leaving)
    attic.join("ctrl-came")
    world.run(5.0)
    assert kinds(barn, listener) == []
    world.engine.start(keep=keep)
    world.run(5.0)
    news = {(m["type"], m["controller_id"]) for m in barn.heard(listener)}
    assert news == {("controller-left", "ctrl-leaves"), ("controller-joined", "ctrl-came")}
    assert sorted(listed(barn, listener)) == ["ctrl-came", "ctrl-stays"]
    assert barn.hub.degraded() == attic.hub.degraded() == []
    assert staying in attic.open


def test_an_offer_that_could_not_pass_is_made_good_by_a_list_when_the_way_is_back(world: Edges) -> None:
    attic, barn = world["attic"], world["barn"]
    ctrl, synth = attic.join("ctrl-a"), barn.join("synth-b")
    world.run(0.1)
    barn.heard(synth)
    world.engine.stop()
    (error,) = barn.say(synth, "offer", target="ctrl-a", data=OFFER)
    assert error["code"] == "unknown-target"
    assert "attic" in error["message"]
    world.engine.start(keep=False)
    world.run(1.0)
    assert kinds(barn, synth) == ["controllers-list"]
    assert ctrl in attic.open


def test_an_engine_that_hangs_is_noticed_and_holds_nobody_up_for_long(world: Edges) -> None:
    attic, barn = world["attic"], world["barn"]
    world.engine.stalled = True
    conn = claim(attic, "ctrl-a")
    world.run(1.1)
    assert kinds(attic, conn) == ["registered"]
    assert attic.hub.degraded()
    world.run(10.0)
    assert "cannot be reached" in attic.hub.degraded()[0]
    world.engine.stalled = False
    world.run(2.0)
    assert attic.hub.degraded() == []
    assert [lease.id for lease in barn.leases()] == ["ctrl-a"]


def test_an_id_that_both_sides_of_a_cut_gave_away_stays_with_one_and_the_other_is_told(world: Edges) -> None:
    attic, barn = world["attic"], world["barn"]
    attic.link.cut()
    world.run(10.0)
    one, other = claim(attic, "ctrl-a"), claim(barn, "ctrl-a")
    attic.answering.add(one)
    barn.answering.add(other)
    world.run(2.0)
    assert kinds(attic, one) == kinds(barn, other) == ["registered"]
    attic.link.mend()
    world.run(5.0)
    assert kinds(attic, one) == ["id-taken"]
    assert attic.closed == {one: 1008}
    assert kinds(barn, other) == []
    assert [lease.place.edge for lease in attic.leases() + barn.leases()] == ["barn", "barn"]


def test_the_same_client_that_moved_during_a_cut_is_found_where_it_is(world: Edges) -> None:
    attic, barn = world["attic"], world["barn"]
    attic.join("ctrl-a")
    world.run(0.1)
    barn.link.cut()
    world.run(10.0)
    new = claim(barn, "ctrl-a", resume="secret-1")
    world.run(4.0)
    assert kinds(barn, new) == ["registered"]
    barn.link.mend()
    world.run(5.0)
    assert new in barn.open
    assert [lease.place.edge for lease in attic.leases() + barn.leases()] == ["barn", "barn"]
    assert attic.hub.clients() == {}


def test_clients_of_a_dead_edge_are_announced_as_gone_after_the_ttl(world: Edges) -> None:
    attic, barn = world["attic"], world["barn"]
    synth = barn.join("synth-b")
    attic.join("ctrl-a")
    world.run(0.1)
    barn.answering.add(synth)
    barn.heard(synth)
    world.kill("attic")
    world.run(59.0)
    assert kinds(barn, synth) == []
    world.run(3.0)
    assert kinds(barn, synth) == ["controller-left"]
    assert barn.hub.counters.expired == 1


def test_no_client_of_a_dead_edge_is_gone_before_the_ttl_after_its_last_sign_of_life(world: Edges) -> None:
    attic, barn = world["attic"], world["barn"]
    ctrl = attic.join("ctrl-a")
    world.run(0.5)
    attic.pong(ctrl)  # less than a second after the last write: this one is kept back for a moment
    alive = world.clock.now
    world.run(0.2)
    world.kill("attic")
    world.run(alive + 60.0 - world.clock.now - 0.001)
    assert [lease.id for lease in barn.leases()] == ["ctrl-a"]
    world.run(1.1)
    assert barn.leases() == []


def test_after_an_outage_longer_than_the_ttl_everybody_is_back_with_the_engine(world: Edges) -> None:
    attic, barn = world["attic"], world["barn"]
    ctrl = attic.join("ctrl-a")
    attic.answering.add(ctrl)
    attic.link.cut()
    world.run(100.0)
    assert barn.leases() == []
    attic.link.mend()
    world.run(1.0)
    assert [lease.id for lease in barn.leases()] == ["ctrl-a"]


@pytest.mark.parametrize("moved", [True, False], ids=["moved", "died"])
def test_an_engine_that_forgot_who_was_first_does_not_take_a_living_client_its_id(world: Edges, moved: bool) -> None:
    attic, barn = world["attic"], world["barn"]
    first = attic.join("ctrl-a")
    attic.answering.add(first)
    world.run(0.1)
    barn.link.cut()
    world.run(10.0)
    second = claim(barn, "ctrl-a")
    world.run(0.5)
    assert kinds(barn, second) == ["registered"]
    if moved:
        barn.answering.add(second)
    attic.link.retry_s = 1.0  # barn is the first to write into the empty engine
    barn.link.mend()
    world.engine.stop()
    world.engine.start(keep=False)
    world.run(10.0)
    assert [edge.hub.clients() for edge in (attic, barn)] == [{}, {"ctrl-a": "controller"}][:: 1 if moved else -1]
    assert [lease.edge for lease in attic.leases() + barn.leases()] == ["barn" if moved else "attic"] * 2


def test_an_undelivered_message_is_said_to_its_sender(world: Edges) -> None:
    attic, barn = world["attic"], world["barn"]
    synth, ctrl = barn.join("synth-b"), attic.join("ctrl-a")
    world.run(0.1)
    barn.heard(synth)
    attic.drop(ctrl)  # the offer is under way at the same time
    assert barn.say(synth, "offer", target="ctrl-a", data=OFFER) == []
    world.run(0.1)
    assert sorted(kinds(barn, synth)) == ["controller-left", "unknown-target"]
    assert barn.hub.counters.errors == {"unknown-target": 1}


def test_a_message_to_a_run_of_an_edge_that_is_gone_is_said_to_its_sender(world: Edges) -> None:
    """Its lease is still listed, as the edge said no good-bye."""
    attic, barn = world["attic"], world["barn"]
    synth = barn.join("synth-b")
    attic.join("ctrl-a")
    world.run(0.1)
    barn.heard(synth)
    world.kill("attic")
    assert barn.say(synth, "offer", target="ctrl-a", data=OFFER) == []
    world.run(0.1)
    assert kinds(barn, synth) == ["unknown-target"]


def test_of_a_client_that_was_sent_back_nothing_stays_in_the_registry(world: Edges) -> None:
    """Two edges take the same id at the same moment. The one that comes too late asks the other one, and is refused."""
    attic, barn = world["attic"], world["barn"]
    first, second = claim(attic, "ctrl-a"), claim(barn, "ctrl-a")
    attic.answering.add(first)
    barn.answering.add(second)
    world.run(5.0)
    said = [kinds(attic, first), kinds(barn, second)]
    assert sorted(said) == [["id-taken"], ["registered"]]
    winner, loser = (attic, barn) if said[0] == ["registered"] else (barn, attic)
    assert winner.hub.clients() == {"ctrl-a": "controller"}
    assert loser.hub.clients() == {}
    assert "ctrl-a" not in loser.shared._own
    beaten = loser.hub._clients.get(second if winner is attic else first)
    assert beaten is not None
    assert (beaten.id, beaten.ws_id, beaten.resume) == ("", "", "")
    winner.drop(first if winner is attic else second)
    world.run(2.0)
    assert attic.leases() == barn.leases() == []


def test_what_is_no_message_of_an_edge_is_ignored_in_words(world: Edges) -> None:
    attic = world["attic"]
    for payload in (b"", b"\xff", b"[1]", b'{"type":"relay"}', b"[" * 100_000):
        attic.hub.on_bus(payload, attic.clock.now)
        attic.sort()
    assert [event.name for event in attic.events] == ["message of another edge ignored"] * 5


def test_an_id_at_another_edge_moves_without_its_secret_to_the_same_address_only(world: Edges) -> None:
    attic, barn = world["attic"], world["barn"]
    attic.join("ctrl-a", address="192.0.2.1")
    world.run(0.1)

    def asks(address: str) -> int:
        conn = barn.connect(address)
        barn.hub.receive_frame(conn, barn.text("register", client_id="ctrl-a"), barn.clock.now)
        barn.sort()
        return conn

    stranger, same = asks("192.0.2.2"), asks("192.0.2.1")
    assert kinds(barn, stranger) == ["id-taken"]
    assert kinds(barn, same) == [], "the holder is being asked whether it lives"
    world.run(10.0)
    assert kinds(barn, stranger) == []
    assert kinds(barn, same) == ["registered"], "it gave no sign of life"


def test_a_guest_at_another_edge_gives_an_id_up_to_a_player_and_nobody_else() -> None:
    world = Edges("attic", "barn", key="abcd")
    attic, barn = world["attic"], world["barn"]
    keys = KeySet.parse(json.dumps({"keys": [make_key("HS256", "a", lambda count: b"x" * count)]}))
    for edge in (attic, barn):
        edge.hub._door.access.change(tokens=keys)
    token = keys.sign({"exp": world.clock.now + 3600.0, "scope": "controller"})
    synth = barn.join("synth-b", key="abcd")
    guest = attic.join("ctrl-stage", key=token, address="192.0.2.1")
    world.run(0.1)
    thief = claim(barn, "ctrl-stage", key=token)
    assert kinds(barn, thief) == ["id-taken"]
    player = claim(barn, "ctrl-stage", key="abcd")
    world.run(0.1)
    assert kinds(barn, player) == ["registered"]
    assert kinds(attic, guest) == ["kicked"]
    assert listed(barn, synth) == ["ctrl-stage"]
    again = claim(attic, "ctrl-stage", key=token, resume="secret-1")
    world.run(5.0)
    assert kinds(attic, again) == ["id-taken"], "its secret is worth nothing now"
