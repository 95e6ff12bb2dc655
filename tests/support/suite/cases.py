"""How many cases of a long proof the suite tries: some of them, or all with `make test-long`.

A test marked `long` is tried there alone.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

import pytest

T = TypeVar("T")
ALL_CASES = os.environ.get("ALL_CASES") == "1"
"""Whether this run tries all."""


def some(cases: Sequence[T], most: int) -> list[T]:
    """At most so many of the cases, evenly spread, the first and the last among them; all in a run of all cases."""
    if ALL_CASES or len(cases) <= most:
        return list(cases)
    return [cases[round(k * (len(cases) - 1) / (most - 1))] for k in range(most)]


class NoLong:
    """The plugin that leaves out what is marked `long`."""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        left_out = [item for item in items if item.get_closest_marker("long") is not None]
        if left_out:
            config.hook.pytest_deselected(items=left_out)
            items[:] = [item for item in items if item not in left_out]


def plugin() -> NoLong | None:
    """Where not all cases are tried."""
    return None if ALL_CASES else NoLong()
