"""Leases: held by one socket, ended by it or by silence, and every change told once."""

from __future__ import annotations

import pytest

from formant_net.registry import Joined, Left, MemoryRegistry, Registry


@pytest.fixture
def registry() -> MemoryRegistry:
    return MemoryRegistry("attic", ttl_s=60.0)


def told(registry: Registry) -> list[tuple[str, str]]:
    return [
        ("joined", notice.lease.id) if isinstance(notice, Joined) else (notice.reason, notice.id)
        for notice in registry.drain()
    ]


def test_the_memory_registry_is_a_registry(registry: MemoryRegistry) -> None:
    checked: Registry = registry
    assert checked.degraded() is None


def test_a_join_is_told_once_with_its_lease(registry: MemoryRegistry) -> None:
    registry.put("ctrl-a", "ws1", {"name": "Ann"}, now=5.0)
    (notice,) = registry.drain()
    assert isinstance(notice, Joined)
    lease = notice.lease
    assert (lease.id, lease.ws_id, lease.edge, lease.meta, lease.since) == (
        "ctrl-a",
        "ws1",
        "attic",
        {"name": "Ann"},
        5.0,
    )
    assert registry.drain() == []


def test_leases_are_listed_by_prefix(registry: MemoryRegistry) -> None:
    for id in ("ctrl-a", "touch-ctrl-b", "ctrl-c"):
        registry.put(id, "ws", {}, now=0.0)
    assert [lease.id for lease in registry.leases()] == ["ctrl-a", "touch-ctrl-b", "ctrl-c"]
    assert [lease.id for lease in registry.leases("ctrl-")] == ["ctrl-a", "ctrl-c"]


def test_a_lease_ends_strictly_after_its_ttl(registry: MemoryRegistry) -> None:
    registry.put("ctrl-a", "ws1", {}, now=0.0)
    assert registry.expire(now=60.0) == []
    assert registry.expire(now=60.001) == ["ctrl-a"]
    assert told(registry) == [("joined", "ctrl-a"), ("expired", "ctrl-a")]
    assert registry.leases() == []
    assert registry.next_deadline() is None


def test_a_lease_survives_one_lost_and_one_late_heartbeat(registry: MemoryRegistry) -> None:
    registry.put("ctrl-a", "ws1", {}, now=0.0)
    # Due at 20, 40, 60: the first is lost, the second 19 s late.
    assert registry.expire(now=58.9) == []
    registry.touch("ctrl-a", "ws1", now=59.0)
    assert registry.expire(now=119.0) == []
    assert registry.expire(now=119.1) == ["ctrl-a"]


def test_only_the_holder_renews(registry: MemoryRegistry) -> None:
    registry.put("ctrl-a", "ws1", {}, now=0.0)
    registry.touch("ctrl-a", "ws2", now=50.0)
    registry.touch("ctrl-b", "ws1", now=50.0)
    assert registry.expire(now=61.0) == ["ctrl-a"]


def test_only_the_holder_gives_back(registry: MemoryRegistry) -> None:
    registry.put("ctrl-a", "ws1", {}, now=0.0)
    registry.put("ctrl-a", "ws2", {}, now=1.0)
    registry.drain()
    registry.delete("ctrl-a", "ws1")  # the late close of the old socket
    registry.delete("ctrl-b", "ws1")
    assert [lease.ws_id for lease in registry.leases()] == ["ws2"]
    assert registry.drain() == []
    registry.delete("ctrl-a", "ws2")
    assert registry.drain() == [Left("ctrl-a", "attic", "closed")]
    assert registry.next_deadline() is None


def test_a_controller_that_comes_back_is_told_as_joined_without_having_left(registry: MemoryRegistry) -> None:
    registry.put("ctrl-a", "ws1", {}, now=0.0)
    registry.put("ctrl-a", "ws2", {}, now=10.0)
    assert told(registry) == [("joined", "ctrl-a"), ("joined", "ctrl-a")]
    assert registry.leases()[0].since == 10.0


def test_a_renewal_by_the_same_socket_changes_meta_and_is_not_told(registry: MemoryRegistry) -> None:
    registry.put("ctrl-a", "ws1", {"name": "Ann"}, now=0.0)
    registry.drain()
    registry.put("ctrl-a", "ws1", {"name": "Bea"}, now=30.0)
    assert registry.drain() == []
    assert registry.leases()[0].meta == {"name": "Bea"}
    assert registry.leases()[0].since == 0.0
    assert registry.expire(now=61.0) == []


def test_expiry_wakes_up_for_the_earliest_lease(registry: MemoryRegistry) -> None:
    registry.put("ctrl-a", "ws1", {}, now=0.0)
    registry.put("ctrl-b", "ws2", {}, now=10.0)
    registry.touch("ctrl-a", "ws1", now=30.0)
    deadline = registry.next_deadline()
    assert deadline is not None
    assert 70.0 < deadline < 70.001
    assert registry.expire(deadline) == ["ctrl-b"]
