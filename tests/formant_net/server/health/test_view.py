"""The boxes as metrics show them: those that are here, away, named by the desk, or never seen."""

from __future__ import annotations

from typing import Any

from support.virtual.clients import RawClients

from formant_net.fleet.document import Document
from formant_net.server.health.metrics import BoxView
from formant_net.server.health.view import boxes

A = "synth-a"


def views(hall: RawClients) -> dict[str, BoxView]:
    return {view.id: view for view in boxes(hall.hub.health, hall.hub.steering, hall.clock.now)}


def desk(hall: RawClients) -> int:
    conn = hall.join("desk-1")
    hall.say(conn, "desk-open")
    return conn


def box(hall: RawClients, id: str = A, **fields: Any) -> int:
    conn = hall.join(id, meta={"name": "box-1", "steered": True})
    hall.say(conn, "health", version="0.1.0", uptime_s=100.0, **fields)
    return conn


def test_a_box_that_nobody_steers_has_its_own_name_and_nothing_pending() -> None:
    hall = RawClients(fleet=Document(epoch="e1"))
    hall.hub.wall_offset_s = 1_700_000_000.0
    box(hall)
    hall.wait(3.0)
    (view,) = views(hall).values()
    assert (view.up, view.name, view.zone, view.pending, view.because) == (True, "box-1", "", None, None)
    assert (view.seen_ago, view.said_ago) == (3.0, 3.0)
    assert view.started == 1_700_000_000.0 + hall.clock.now - 3.0 - 100.0


def test_the_desk_names_it_and_what_it_has_not_done_yet_is_pending() -> None:
    hall = RawClients(fleet=Document(epoch="e1"))
    conn, at = box(hall), desk(hall)
    hall.say(at, "desk-set", path="zones/z-nave", set={"name": "Nave", "mute": True}, base=0)
    hall.say(at, "desk-set", path=f"boxes/{A}", set={"name": "North", "zone": "z-nave"}, base=1)
    hall.wait(1.0)
    view = views(hall)[A]
    assert (view.name, view.zone, view.pending, view.because) == ("North", "Nave", True, ("zone Nave",))
    hall.say(conn, "settings-applied", epoch="e1", rev=hall.hub.steering.document.rev)
    assert views(hall)[A].pending is False


def test_a_box_of_the_document_that_was_never_seen_is_away_and_so_is_one_that_has_left() -> None:
    hall = RawClients(fleet=Document(epoch="e1"))
    conn, at = box(hall), desk(hall)
    hall.say(at, "desk-set", path="boxes/synth-gone", set={"name": "Tower"}, base=0)
    hall.drop(conn)
    hall.wait(5.0)
    found = views(hall)
    assert [(view.up, view.name, view.seen_ago) for view in found.values()] == [
        (False, "box-1", 5.0),
        (False, "Tower", None),
    ]
    hall.say(at, "desk-set", path=f"boxes/{A}", set=None, base=9)
    hall.say(at, "desk-set", path="boxes/synth-gone", set=None, base=9)
    assert views(hall) == {}, "a box that was deleted raises no alarm for ever"


def test_the_start_of_a_box_does_not_tremble_with_its_messages() -> None:
    hall = RawClients(fleet=Document(epoch="e1"))
    conn = box(hall)
    started = views(hall)[A].started
    hall.wait(15.2)
    hall.say(conn, "health", version="0.1.0", uptime_s=115.0)
    assert views(hall)[A].started == started
    hall.wait(15.0)
    hall.say(conn, "health", version="0.1.0", uptime_s=3.0)
    assert views(hall)[A].started != started, "it was started again"


def test_phones_are_counted_and_not_listed() -> None:
    hall = RawClients(fleet=Document(epoch="e1"))
    hall.join("synth-web-1")
    assert views(hall) == {}


def test_a_box_of_another_edge_is_not_ours_to_tell() -> None:
    hall = RawClients(fleet=Document(epoch="e1"))
    conn = box(hall)
    health = hall.hub.health.boxes[A].health
    assert health is not None
    hall.hub.health.put("synth-b", health, hall.clock.now)
    assert set(views(hall)) == {A}
    hall.drop(conn)
