"""A run of the suite tries some cases of a long proof, `make test-long` all."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from support.suite import cases
from support.suite.cases import some


def test_some_are_spread_and_have_both_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "ALL_CASES", False)
    assert some(range(60), 4) == [0, 20, 39, 59]
    assert some("abc", 3) == ["a", "b", "c"]
    monkeypatch.setattr(cases, "ALL_CASES", True)
    assert some(range(60), 4) == list(range(60))


def test_what_is_long_is_left_out_and_said() -> None:
    class Item:
        def __init__(self, *marks: str) -> None:
            self.marks = marks

        def get_closest_marker(self, name: str) -> str | None:
            return name if name in self.marks else None

    said: list[Any] = []
    hook = SimpleNamespace(pytest_deselected=lambda items: said.extend(items))
    short, long = Item("alone"), Item("long", "alone")
    items: list[Any] = [short, long]
    cases.NoLong().pytest_collection_modifyitems(SimpleNamespace(hook=hook), items)  # type: ignore[arg-type]
    assert (items, said) == ([short], [long])
