"""Leases in memory: held by one socket, ended by it or by silence. See test_registry_contract for the rest."""

from __future__ import annotations

import pytest

from formant_net.server.registry.leases import Lease, Place
from formant_net.server.registry.memory import MemoryRegistry, MemoryStore
from formant_net.server.registry.registry import Disputed, Joined, Left, Lost, Registry

ATTIC, BARN = Place("attic", "run1"), Place("barn", "run2")


def lease(id: str, ws_id: str, place: Place = ATTIC, since: float = 0.0, **meta: str) -> Lease:
    return Lease(id, "controller", ws_id, place, meta, since=since)


@pytest.fixture
def registry() -> MemoryRegistry:
    return MemoryRegistry(ATTIC, ttl_s=60.0)


def test_the_memory_registry_is_a_registry_and_never_degraded(registry: MemoryRegistry) -> None:
    checked: Registry = registry
    assert checked.degraded() is None
    assert checked.online


def test_a_lease_lasts_until_its_edge_ends_it_and_says_why(registry: MemoryRegistry) -> None:
    registry.put(lease("ctrl-a", "ws1"), now=0.0)
    registry.expire(now=1e6)
    assert registry.next_deadline() is None
    assert registry.drain() == [Joined(lease("ctrl-a", "ws1"))]
    registry.delete("ctrl-a", "ws1", 1e6, "expired")
    assert registry.drain() == [Left("ctrl-a", "controller", "attic", "expired")]
    assert registry.leases(now=1e6) == []


def test_the_leases_of_a_dead_edge_end_strictly_after_the_ttl() -> None:
    store = MemoryStore()
    attic, barn = MemoryRegistry(ATTIC, 60.0, store), MemoryRegistry(BARN, 60.0, store)
    attic.put(lease("ctrl-a", "ws1"), now=0.0)
    attic.put(lease("ctrl-b", "ws2"), now=10.0)
    barn.put(lease("ctrl-c", "ws3", BARN), now=0.0)
    attic.touch("ctrl-a", "ws1", now=30.0)
    attic.touch("ctrl-b", "another", now=30.0)
    store.forsake(attic)
    barn.drain()
    deadline = barn.next_deadline()
    assert deadline is not None
    assert 70.0 < deadline < 70.001
    barn.expire(now=70.0)
    assert barn.drain() == []
    barn.expire(now=deadline)
    assert barn.drain() == [Left("ctrl-b", "controller", "attic", "expired")]
    barn.expire(now=90.001)
    assert barn.drain() == [Left("ctrl-a", "controller", "attic", "expired")]
    assert [held.id for held in barn.leases(now=90.001)] == ["ctrl-c"]


def test_what_is_over_is_not_read_even_before_it_is_swept() -> None:
    store = MemoryStore()
    attic, barn = MemoryRegistry(ATTIC, 60.0, store), MemoryRegistry(BARN, 60.0, store)
    attic.put(lease("ctrl-a", "ws1"), now=0.0)
    store.forsake(attic)
    assert barn.find("ctrl-a", 60.0) is not None
    assert barn.find("ctrl-a", 60.001) is None
    assert barn.leases(now=60.001) == []
    assert list(barn.at(ATTIC, "controller", 60.001, guests=False)) == []
    barn.put(lease("ctrl-a", "ws2", BARN), now=60.001)
    assert [held.ws_id for held in barn.leases(now=60.001)] == ["ws2"]


def test_the_id_of_a_dead_edge_is_disputed_until_it_is_over_and_may_be_taken() -> None:
    store = MemoryStore()
    attic, barn = MemoryRegistry(ATTIC, 60.0, store), MemoryRegistry(BARN, 60.0, store)
    attic.put(lease("ctrl-a", "ws1"), now=0.0)
    store.forsake(attic)
    barn.drain()
    barn.put(lease("ctrl-a", "ws2", BARN), now=1.0)
    assert barn.drain() == [Disputed("ctrl-a", "ws2", lease("ctrl-a", "ws1"))]
    barn.put(lease("ctrl-a", "ws2", BARN), now=1.0, over="ws1")
    assert barn.drain() == [Joined(lease("ctrl-a", "ws2", BARN))]
    barn.expire(now=1e6)
    assert [held.ws_id for held in barn.leases(now=1e6)] == ["ws2"]


def test_two_edges_in_one_process_share_a_store() -> None:
    store = MemoryStore()
    attic, barn = MemoryRegistry(ATTIC, 60.0, store), MemoryRegistry(BARN, 60.0, store)
    first, second = lease("ctrl-a", "ws1"), lease("ctrl-a", "ws2", BARN)
    attic.put(first, 0.0)
    barn.put(second, 1.0)
    assert attic.drain() == [Joined(first)]
    assert barn.drain() == [Joined(first), Disputed("ctrl-a", "ws2", first)]
    barn.put(second, 2.0, over="ws1")
    assert attic.drain() == [Lost("ctrl-a", "ws1", second), Joined(second)]
    assert barn.drain() == [Joined(second)]


def test_a_renewal_keeps_since(registry: MemoryRegistry) -> None:
    registry.put(lease("ctrl-a", "ws1", since=1.0), now=1.0)
    registry.put(lease("ctrl-a", "ws1", since=30.0, name="Bea"), now=30.0)
    (held,) = registry.leases(now=30.0)
    assert (held.since, held.meta) == (1.0, {"name": "Bea"})


def test_the_places_of_a_role_come_and_go_with_its_leases(registry: MemoryRegistry) -> None:
    registry.put(lease("ctrl-a", "ws1"), now=0.0)
    registry.put(Lease("synth-a", "synth", "ws2", ATTIC), now=0.0)
    assert registry.places("controller") == registry.places("synth") == [ATTIC]
    assert (registry.count("controller"), registry.count("synth")) == (1, 1)
    registry.delete("ctrl-a", "ws1", 1.0)
    assert registry.places("controller") == []
    assert registry.count("controller") == 0


def test_an_edge_that_is_dead_is_no_other_edge_any_more() -> None:
    store = MemoryStore()
    attic, barn = MemoryRegistry(ATTIC, 60.0, store), MemoryRegistry(BARN, 60.0, store)
    assert barn.others() == [ATTIC]
    store.forsake(attic)
    assert barn.others() == []
