"""Leases in memory: held by one socket, ended by it or by silence. See test_registry_contract for the rest."""

from __future__ import annotations

import pytest

from formant_net.leases import Lease, Place
from formant_net.registry import Disputed, Joined, Left, Lost, MemoryRegistry, MemoryStore, Registry

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


def test_a_lease_ends_strictly_after_its_ttl(registry: MemoryRegistry) -> None:
    registry.put(lease("ctrl-a", "ws1"), now=0.0)
    registry.expire(now=60.0)
    assert registry.drain() == [Joined(lease("ctrl-a", "ws1"))]
    registry.expire(now=60.001)
    assert registry.drain() == [Left("ctrl-a", "controller", "attic", "expired")]
    assert registry.next_deadline() is None


def test_a_lease_survives_one_lost_and_one_late_heartbeat(registry: MemoryRegistry) -> None:
    registry.put(lease("ctrl-a", "ws1"), now=0.0)
    # Due at 20, 40, 60: the first is lost, the second 19 s late.
    registry.expire(now=58.9)
    registry.touch("ctrl-a", "ws1", now=59.0)
    registry.expire(now=119.0)
    assert registry.find("ctrl-a", 119.0) is not None
    registry.expire(now=119.1)
    assert registry.leases(now=119.1) == []


def test_what_is_over_is_not_read_even_before_it_is_swept(registry: MemoryRegistry) -> None:
    registry.put(lease("ctrl-a", "ws1"), now=0.0)
    assert registry.find("ctrl-a", 60.0) is not None
    assert registry.find("ctrl-a", 60.001) is None
    assert registry.leases(now=60.001) == []
    assert list(registry.at(ATTIC, "controller", 60.001)) == []
    registry.put(lease("ctrl-a", "ws2"), now=60.001)
    assert [held.ws_id for held in registry.leases(now=60.001)] == ["ws2"]


def test_a_sign_of_life_that_comes_too_late_revives_nothing(registry: MemoryRegistry) -> None:
    registry.put(lease("ctrl-a", "ws1"), now=0.0)
    registry.touch("ctrl-a", "ws1", now=60.001)
    registry.expire(now=60.002)
    assert registry.leases(now=60.002) == []


def test_expiry_wakes_up_for_the_earliest_lease(registry: MemoryRegistry) -> None:
    registry.put(lease("ctrl-a", "ws1"), now=0.0)
    registry.put(lease("ctrl-b", "ws2"), now=10.0)
    registry.touch("ctrl-a", "ws1", now=30.0)
    deadline = registry.next_deadline()
    assert deadline is not None
    assert 70.0 < deadline < 70.001
    registry.expire(deadline)
    assert [held.id for held in registry.leases(now=deadline)] == ["ctrl-a"]


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
