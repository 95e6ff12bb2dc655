"""Desks and boxes of several edges: one document, told to the boxes of all of them, and seen by every desk.

Clients speak raw JSON; the engine is simulated, on a virtual clock.
"""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
from support.virtual.edges import EdgeClients, Edges

from formant_net.fleet.agreed import Keep, Stored
from formant_net.fleet.changes import change
from formant_net.fleet.document import Document, Zone, encode
from formant_net.protocol.steering import Health
from formant_net.server.edges import elsewhere
from formant_net.server.health.newest import MOST_AWAY
from formant_net.server.health.view import boxes
from formant_net.server.outputs import Post
from formant_net.server.registry import bus

A, B = "synth-a", "synth-b"
NAMES = ("attic", "barn")


@pytest.fixture
def world() -> Edges:
    return Edges(*NAMES)


def box(edge: EdgeClients, id: str) -> int:
    """A box that has registered; what it is told then stays to be read."""
    conn = edge.connect()
    meta = {"name": id.upper(), "steered": True, "identifies": True}
    edge.hub.receive_frame(conn, edge.text("register", client_id=id, meta=meta), edge.clock.now)
    edge.sort()
    edge.wait(0.2)
    assert edge.inbox[conn][0]["type"] == "registered"
    return conn


def desk(edge: EdgeClients, id: str) -> int:
    conn = edge.join(id)
    edge.say(conn, "desk-open")
    edge.wait(0.2)
    return conn


def ask(edge: EdgeClients, conn: int, path: str, base: int | None = None, request: int = 7, **fields: Any) -> None:
    edge.hub.receive_frame(
        conn, edge.text("desk-set", path=path, set=fields, base=base, request=request), edge.clock.now
    )
    edge.sort()


def set_(edge: EdgeClients, conn: int, path: str, base: int | None = None, **fields: Any) -> list[dict[str, Any]]:
    """What the desk has heard a moment after it asked."""
    edge.heard(conn)
    ask(edge, conn, path, base, **fields)
    edge.wait(0.5)
    return edge.heard(conn)


def of(messages: list[dict[str, Any]], type: str) -> list[dict[str, Any]]:
    return [message for message in messages if message["type"] == type]


def code(messages: list[dict[str, Any]]) -> str:
    return str(of(messages, "error")[0]["code"])


def same(world: Edges) -> Document:
    """The document, which all edges and the engine have."""
    value, _ = world.engine.desk
    assert value is not None
    kept = msgspec.json.decode(value, type=Stored).wanted.document
    for edge in world.edges.values():
        assert encode(edge.hub.steering.document) == encode(kept)
    return kept


def test_a_change_at_one_edge_reaches_the_boxes_and_the_desks_of_all(world: Edges) -> None:
    attic, barn = world["attic"], world["barn"]
    near, far = box(attic, A), box(barn, B)
    first, second = desk(attic, "desk-1"), desk(barn, "desk-2")
    for edge, conn in ((attic, near), (barn, far), (barn, second)):
        edge.heard(conn)
    answers = set_(attic, first, "master", db=-6)
    assert [message["rev"] for message in of(answers, "desk-done")] == [1]
    for edge, conn in ((attic, near), (barn, far)):
        (settings,) = of(edge.heard(conn), "settings")
        assert (settings["gain_db"], settings["rev"]) == (-6.0, 1)
    changed = of(barn.heard(second), "desk-changed")
    assert {message["path"] for message in changed} == {"master", f"boxes/{A}", f"boxes/{B}"}
    assert same(world).boxes[B].db == 0.0, "a box that plays when steering begins stays as loud, at any edge"


def test_a_desk_sees_boxes_of_other_edges_follow(world: Edges) -> None:
    attic, barn = world["attic"], world["barn"]
    far, first = box(barn, B), desk(attic, "desk-1")
    set_(attic, first, "master", db=-6)
    barn.heard(far)
    for db in (-9, -12):
        answers = set_(attic, first, f"boxes/{B}", db=db)
        last = of(answers, "desk-box")[-1]
        assert (last["id"], last["here"]) == (B, True)
        (settings,) = of(barn.heard(far), "settings")
        assert last["wanted"] == settings["rev"]
        assert last.get("applied", 0) < last["wanted"], "it was told, and has not answered"
        barn.say(far, "settings-applied", epoch=settings["epoch"], rev=settings["rev"], refused={"audio": "gone"})
        attic.wait(0.2)
        last = of(attic.heard(first), "desk-box")[-1]
        assert (last["applied"], last["refused"]) == (last["wanted"], {"audio": "gone"})
    barn.drop(far)
    attic.wait(0.2)
    (away,) = of(attic.heard(first), "desk-box")
    assert (away["id"], away["here"]) == (B, False)
    moved = box(attic, B)
    assert of(attic.heard(first), "desk-box")[-1]["here"]
    assert of(attic.heard(moved), "settings")


def test_a_box_of_another_edge_sings_its_tune(world: Edges) -> None:
    attic, barn = world["attic"], world["barn"]
    far, here = box(barn, B), desk(attic, "desk-1")
    barn.heard(far)
    attic.heard(here)
    attic.hub.receive_frame(here, attic.text("desk-identify", id=B, on=True, request=4), attic.clock.now)
    attic.sort()
    attic.wait(0.2)
    assert of(attic.heard(here), "desk-done") == [{"type": "desk-done", "request": 4, "rev": 0}]
    assert of(barn.heard(far), "identify") == [{"type": "identify", "seconds": 10.0}]


def test_two_desks_at_once_lose_nothing_and_the_same_name_is_given_once(world: Edges) -> None:
    attic, barn = world["attic"], world["barn"]
    desks = (attic, desk(attic, "desk-1")), (barn, desk(barn, "desk-2"))
    set_(*desks[0], f"boxes/{A}", name="North")
    set_(*desks[0], f"boxes/{B}", name="South")
    for edge, conn in desks:
        edge.heard(conn)
    rev = same(world).rev
    ask(*desks[0], f"boxes/{A}", base=rev, name="Nave")
    ask(*desks[1], f"boxes/{B}", base=rev, name="Choir")
    world.run(0.5)
    assert {name: each.name for name, each in same(world).boxes.items()} == {A: "Nave", B: "Choir"}
    assert same(world).rev == rev + 2
    for edge, conn in desks:
        assert of(edge.heard(conn), "desk-done")
    ask(*desks[0], f"boxes/{A}", base=rev + 2, name="Door")
    ask(*desks[1], f"boxes/{A}", base=rev + 2, name="Organ")
    world.run(0.5)
    heard = [edge.heard(conn) for edge, conn in desks]
    assert sorted(bool(of(messages, "desk-done")) for messages in heard) == [False, True]
    assert code(next(messages for messages in heard if not of(messages, "desk-done"))) == "desk-conflict"
    assert same(world).boxes[A].name in ("Door", "Organ")


def test_an_edge_without_the_engine_steers_what_it_has_refuses_changes_and_adopts_when_it_is_back(
    world: Edges,
) -> None:
    attic, barn = world["attic"], world["barn"]
    near, first, second = box(attic, A), desk(attic, "desk-1"), desk(barn, "desk-2")
    set_(attic, first, f"boxes/{A}", db=-6)
    attic.heard(near)
    attic.link.cut()
    ask(attic, first, f"boxes/{A}", db=-1, request=8)  # nobody has noticed the cut yet
    world.run(6.0)
    error = of(attic.heard(first), "error")[0]
    assert (error["code"], error["about"]) == ("not-here", "desk-set")
    assert "may have taken this or not" in error["message"]
    ask(attic, first, f"boxes/{A}", db=-2, request=9)
    assert "Repeat this when the edges are connected" in of(attic.heard(first), "error")[0]["message"]
    later = box(attic, "synth-later")
    assert of(attic.heard(later), "settings"), "it steers on"
    assert of(set_(barn, second, f"boxes/{A}", db=-9), "desk-done")
    assert of(attic.heard(near), "settings") == []
    attic.link.mend()
    world.run(10.0)
    assert same(world).boxes[A].db == -9.0
    (settings,) = of(attic.heard(near), "settings")
    assert settings["gain_db"] == -9.0
    assert of(attic.heard(first), "desk-changed")[-1]["set"]["db"] == -9.0
    assert of(set_(attic, first, f"boxes/{A}", db=-3), "desk-done")


def test_an_engine_that_has_lost_its_disk_or_its_last_writes_gets_them_from_the_edges(world: Edges) -> None:
    attic, first = world["attic"], desk(world["attic"], "desk-1")
    set_(attic, first, "master", db=-6)
    older = world.engine.desk[0]
    set_(attic, first, "master", db=-9)
    for kept in (None, older):
        world.engine.stop()
        world.engine.desk = (kept, 1 if kept else 0)
        world.run(1.0)
        world.engine.start(keep=False)
        world.run(2.0)
        assert same(world).master.db == -9.0


def test_an_edge_with_a_document_of_its_own_takes_that_of_the_others_and_sets_its_own_aside() -> None:
    own = change(Document(epoch="of-the-barn"), "zones/z-loft", {"name": "Loft"})
    world = Edges("attic")
    first = desk(world["attic"], "desk-1")
    set_(world["attic"], first, "zones/z-nave", name="Nave")
    barn = world.edge("barn", desk=own)
    world.run(1.0)
    assert list(same(world).zones) == ["z-nave"]
    assert barn.hub.steering.set_aside == [own]


def test_an_edge_that_brings_a_document_to_an_ensemble_without_one_gives_it_to_all() -> None:
    world = Edges("attic")
    own = change(Document(epoch="of-the-barn"), "zones/z-loft", {"name": "Loft"})
    first = desk(world["attic"], "desk-1")
    world.edge("barn", desk=own)
    world.run(1.0)
    assert same(world).zones == {"z-loft": Zone(name="Loft", rev=1)}
    opened = of(world["attic"].heard(first), "desk")
    assert [message["epoch"] for message in opened] == ["of-the-barn"], "the desk hears that all is another"


def test_a_solo_at_one_edge_silences_the_others_until_its_box_goes(world: Edges) -> None:
    attic, barn = world["attic"], world["barn"]
    near, far, first = box(attic, A), box(barn, B), desk(attic, "desk-1")
    barn.heard(far)
    attic.say(first, "desk-solo", path=f"boxes/{A}", on=True, request=3)
    attic.wait(0.5)
    (settings,) = of(barn.heard(far), "settings")
    assert settings["because"] == ["solo"]
    attic.drop(near)
    attic.wait(0.5)
    assert of(barn.heard(far), "settings")[-1].get("because", []) == []


def test_metrics_of_an_edge_leave_out_the_boxes_of_another(world: Edges) -> None:
    attic, barn = world["attic"], world["barn"]
    near, first = box(attic, A), desk(attic, "desk-1")
    box(barn, B)
    set_(attic, first, "boxes/synth-never", name="Never seen")

    def up(edge: EdgeClients) -> dict[str, bool]:
        return {view.id: view.up for view in boxes(edge.hub.health, edge.hub.steering, edge.clock.now)}

    assert (up(attic), up(barn)) == ({A: True, "synth-never": False}, {B: True, "synth-never": False})
    attic.drop(near)
    box(barn, A)
    assert (up(attic), up(barn)) == ({"synth-never": False}, {A: True, B: True, "synth-never": False})


def test_a_scene_ramps_at_every_edge_and_is_undone_from_any(world: Edges) -> None:
    attic, barn = world["attic"], world["barn"]
    far, first, second = box(barn, B), desk(attic, "desk-1"), desk(barn, "desk-2")
    set_(attic, first, "scenes/s-night", name="Night", ramp_s=8, boxes={B: {"db": -40}})
    barn.heard(far)
    attic.say(first, "desk-recall", scene="s-night", request=3)
    attic.wait(0.5)
    (night,) = of(barn.heard(far), "settings")
    assert (night["gain_db"], night["ramp_ms"]) == (-40.0, 8000.0)
    barn.say(second, "desk-undo", request=4)
    barn.wait(0.5)
    (back,) = of(barn.heard(far), "settings")
    assert (back["gain_db"], back["ramp_ms"]) == (0.0, 50.0)


@pytest.mark.parametrize("seed", range(12))
def test_whatever_fails_all_edges_end_equal_and_what_was_answered_was_kept(seed: int) -> None:
    """Random desks, cuts, mended cables and restarts of the engine. What was answered is kept."""
    chance = random.Random(seed)
    world = Edges(*NAMES, "crypt")
    desks = [(name, desk(world[name], f"desk-{name}")) for name in world.edges]
    history: list[Document] = []
    write = world.engine.keep

    def kept(keep: Keep) -> int | None:
        if (revision := write(keep)) is not None:
            history.append(msgspec.json.decode(keep.value, type=Stored).wanted.document)
        return revision

    world.engine.keep = kept  # type: ignore[method-assign]
    for step in range(60):
        name, conn = chance.choice(desks)
        fate = chance.random()
        if fate < 0.08:
            world[name].link.cut()
        elif fate < 0.2:
            world[name].link.mend()
        elif fate < 0.24:
            world.engine.stop()
            world.run(0.3)
            world.engine.start(keep=chance.random() < 0.5)
        else:
            ask(world[name], conn, f"boxes/synth-{step}", request=step, db=-step / 2.0)
        world.run(chance.choice((0.0, 0.0, 0.002, 0.1, 4.0)))
    for edge in world.edges.values():
        edge.link.mend()
    world.run(20.0)
    answered = [message["request"] for name, conn in desks for message in of(world[name].heard(conn), "desk-done")]
    assert len(answered) > 5
    assert [one.rev for one in history] == sorted(one.rev for one in history), "no write has lost another one"
    faders = {id: one.db for id, one in same(world).boxes.items()}
    assert {f"synth-{step}": -step / 2.0 for step in answered}.items() <= faders.items()


def health(edge: EdgeClients, conn: int, **fields: Any) -> None:
    edge.hub.receive_frame(conn, edge.text("health", version="0.1.0", uptime_s=1.0, **fields), edge.clock.now)
    edge.sort()
    edge.wait(0.2)


def test_a_desk_hears_how_the_boxes_of_every_edge_are(world: Edges) -> None:
    attic, barn = world["attic"], world["barn"]
    near, far = box(attic, A), box(barn, B)
    health(barn, far, links=1)
    world.run(5.0)
    conn = attic.join("desk-1")
    attic.heard(conn)
    attic.hub.receive_frame(conn, attic.text("desk-open", health=True), attic.clock.now)
    attic.sort()
    attic.wait(0.5)
    (told,) = of(attic.heard(conn), "desk-health")
    assert (told["id"], told["health"]["links"]) == (B, 1)
    assert 5.0 <= told["age_s"] <= 6.0, "its age is that of the box's own words"
    health(barn, far, links=2)
    health(attic, near, links=3)
    assert [(each["id"], each["health"]["links"]) for each in of(attic.heard(conn), "desk-health")] == [(B, 2), (A, 3)]
    assert set(barn.hub.health.boxes) == {B}, "an edge without a desk hears nothing of others"


def test_old_news_of_a_box_that_has_moved_here_changes_nothing(world: Edges) -> None:
    attic = world["attic"]
    health(attic, box(attic, A), links=3)
    old = Health(version="0.1.0", uptime_s=1.0, links=1)
    attic.hub.on_bus(bus.encode(bus.HealthNews(id=A, age_s=9.0, health=old)), attic.clock.now)
    kept = attic.hub.health.boxes[A].health
    assert kept is not None
    assert kept.links == 3


def test_what_is_known_of_boxes_at_other_edges_is_bounded(world: Edges) -> None:
    attic = world["attic"]
    here = box(attic, A)
    health(attic, here)
    said = attic.hub.health.boxes[A].health
    assert said is not None
    for n in range(MOST_AWAY + 10):
        attic.hub.health.put(f"synth-{n}", said, attic.clock.now)
    assert len(attic.hub.health.boxes) == MOST_AWAY + 1
    assert A in attic.hub.health.boxes


def test_an_edge_that_died_is_asked_again_seldom_and_its_next_run_at_once(
    world: Edges, monkeypatch: pytest.MonkeyPatch
) -> None:
    attic, watches = world["attic"], 0
    carry = attic.link.carry

    def counted(output: Any) -> None:
        nonlocal watches
        watches += isinstance(output, Post) and isinstance(bus.decode(output.payload), bus.Watch)
        assert watches < 20, "messages go round between this edge and the engine"
        carry(output)

    first = desk(attic, "desk-1")
    monkeypatch.setattr(attic.link, "carry", counted)
    attic.hub.on_unreachable("barn-run2", (), attic.clock.now)  # away from the engine for a moment
    world.run(elsewhere.AGAIN_S + 1.0)
    world.kill("barn")
    attic.hub.on_unreachable("barn-run2", (), attic.clock.now)
    attic.wait(3 * world.timing.ttl_s, answering=(first,))
    assert 2 <= watches < 20
    watches = 0
    barn = world.edge("barn")
    world.run(2.0)
    assert watches == 1
    attic.heard(first)
    box(barn, B)
    assert {message["id"] for message in of(attic.heard(first), "desk-box")} == {B}


def test_a_refusal_of_what_the_edges_agree_on_names_its_request(world: Edges) -> None:
    attic = world["attic"]
    first = desk(attic, "desk-1")
    attic.heard(first)
    ask(attic, first, "master", request=8, db=9)
    ask(attic, first, "master", request=9, db=-9)
    attic.wait(1.0)
    heard = attic.heard(first)
    assert [error["request"] for error in of(heard, "error")] == [8]
    assert [done["request"] for done in of(heard, "desk-done")] == [9]


def test_a_forgotten_box_is_forgotten_at_every_edge(world: Edges) -> None:
    attic, barn = world["attic"], world["barn"]
    far, first = box(barn, B), desk(attic, "desk-1")
    set_(attic, first, "master", db=-6)
    barn.say(far, "health", version="0.1.0", uptime_s=1.0)
    barn.drop(far)
    world.run(1.0)
    attic.say(first, "desk-set", path=f"boxes/{B}", set=None, base=attic.hub.steering.document.rev)
    world.run(1.0)
    for edge in (attic, barn):
        conn = edge.join("desk-2")
        heard = edge.say(conn, "desk-open", health=True)
        assert of(heard, "desk")
        assert not [each for each in heard if each.get("id") == B]
        edge.drop(conn)


def metered(edge: EdgeClients, id: str) -> int:
    conn = edge.connect()
    edge.hub.receive_frame(conn, edge.text("register", client_id=id, meta={"meters": True}), edge.clock.now)
    edge.sort()
    edge.wait(0.2)
    return conn


def say(edge: EdgeClients, conn: int, type: str, **fields: Any) -> None:
    edge.hub.receive_frame(conn, edge.text(type, **fields), edge.clock.now)
    edge.sort()
    edge.wait(0.6)


def paces(edge: EdgeClients, conn: int) -> list[float]:
    return [message["every_s"] for message in of(edge.heard(conn), "meter")]


def levels(edge: EdgeClients, conn: int) -> list[dict[str, float]]:
    return [message["peak_db"] for message in of(edge.heard(conn), "desk-levels")]


def test_a_desk_sees_levels_of_boxes_at_other_edges_and_nobody_measures_without_it(world: Edges) -> None:
    attic, barn = world["attic"], world["barn"]
    near, far = metered(attic, A), metered(barn, B)
    assert paces(barn, far) == []
    first = desk(attic, "desk-1")
    say(attic, first, "desk-meters", on=True)
    assert (paces(attic, near), paces(barn, far)) == ([0.25], [0.25])
    say(attic, near, "level", peak_db=-3.0)
    say(barn, far, "level", peak_db=-12.0)
    assert levels(attic, first) == [{A: -3.0}, {B: -12.0}]
    late = world.edge("crypt")
    world.run(1.0)
    third = metered(late, "synth-c")
    assert paces(late, third) == [0.25], "an edge that comes later is asked, too"
    say(attic, first, "desk-meters", on=False)
    world.run(10.0)
    assert (paces(attic, near), paces(barn, far), paces(late, third)) == ([0.0], [0.0], [0.0])


def test_boxes_go_on_for_a_desk_at_their_own_edge_and_stop_when_the_edge_of_the_last_desk_dies(world: Edges) -> None:
    attic, barn = world["attic"], world["barn"]
    far = metered(barn, B)
    barn.answering.add(far)
    for edge, name in ((attic, "desk-1"), (barn, "desk-2")):
        conn = desk(edge, name)
        edge.answering.add(conn)
        say(edge, conn, "desk-meters", on=True)
    assert paces(barn, far) == [0.25]
    say(barn, conn, "desk-meters", on=False)
    world.run(10.0)
    assert paces(barn, far) == []
    world.kill("attic")
    for _ in range(40):  # a dead edge is noticed when a message does not reach it
        say(barn, far, "level", peak_db=-3.0)
    assert paces(barn, far) == [0.0]
