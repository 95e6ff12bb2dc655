"""The table of leases: found by id, place and prefix, over strictly after their deadline."""

from __future__ import annotations

from formant_net.server.registry.leases import Lease, LeaseTable, Place

ATTIC, BARN = Place("attic", "run1"), Place("barn", "run2")


def lease(id: str, place: Place = ATTIC) -> Lease:
    return Lease(id, "controller", f"ws-{id}", place)


def test_what_is_over_is_found_by_nobody_and_due_once() -> None:
    table = LeaseTable()
    table.set(lease("a"), 10.0)
    table.set(lease("b"), 20.0)
    assert table.get("a", 10.0) == lease("a")
    assert table.get("a", 10.001) is None
    assert table.peek("a") == lease("a")
    assert [each.id for each in table.listed("", 10.001)] == [
        each.id for each in table.at(ATTIC, "controller", 11.0, guests=False)
    ]
    assert [each.id for each in table.due(10.001)] == ["a"]
    assert table.due(10.001) == []
    assert table.peek("a") is None


def test_a_lease_that_moves_is_at_one_place() -> None:
    table = LeaseTable()
    table.set(lease("a"), 10.0)
    table.set(lease("a", BARN), 10.0)
    assert table.places("controller") == [BARN]
    assert table.count("controller") == len(table) == 1
    assert table.end("a") == lease("a", BARN)
    assert table.end("a") is None
    assert table.places("controller") == []
    assert table.next() is None


def test_an_extended_lease_keeps_its_place_in_the_order() -> None:
    table = LeaseTable()
    for id in "abc":
        table.set(lease(id), 10.0)
    table.extend("a", 30.0)
    table.set(lease("a"), 40.0)
    assert [each.id for each in table.at(ATTIC, "controller", 5.0, guests=False)] == ["a", "b", "c"]
    assert [each.id for each in table.due(20.0)] == ["b", "c"]
