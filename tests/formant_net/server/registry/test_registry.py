"""Every registry offers what `Registry` names. What each does is in test_memory, test_shared and the contract."""

from __future__ import annotations

import pytest

from formant_net.server.registry.leases import Place
from formant_net.server.registry.memory import MemoryRegistry
from formant_net.server.registry.registry import Registry
from formant_net.server.registry.shared import SharedRegistry

ATTIC = Place("attic", "run1")


@pytest.mark.parametrize("make", [MemoryRegistry, SharedRegistry])
def test_a_registry_begins_empty_and_asks_for_nothing(make: type[MemoryRegistry] | type[SharedRegistry]) -> None:
    registry: Registry = make(ATTIC, 60.0)  # mypy holds both to the protocol
    names = {name for name in vars(Registry) if not name.startswith("_")}
    assert names <= set(dir(registry))
    assert registry.place == ATTIC
    assert (
        registry.drain() == registry.writes() == registry.leases(now=0.0) == registry.others() == registry.urls() == []  # type: ignore[comparison-overlap]
    )
    assert registry.find("ctrl-a", 0.0) is None
    assert registry.count("controller") == 0
    assert registry.next_deadline() is None
