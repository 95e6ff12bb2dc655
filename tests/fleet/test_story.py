"""The story of a fleet and a power cut, with few boxes. With twelve, and with two edges: `make fleet`."""

from __future__ import annotations

from pathlib import Path

import pytest
from fleet.story import story
from support.suite.require import require_namespaces


@pytest.mark.parametrize("edges", [pytest.param(1, marks=pytest.mark.long), 2])
def test_after_a_power_cut_at_a_random_moment_all_is_as_before(edges: int, tmp_path: Path) -> None:
    require_namespaces()
    story(tmp_path, edges=edges, boxes=2, seed=edges, moving_s=0.5)
