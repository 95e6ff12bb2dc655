"""Files that last long come first, those that need quiet last, and the tests of a file stay together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.suite.order import LONGEST, Order

TESTS = Path(__file__).parents[1]


@dataclass
class Item:
    """What a test is to the plugin: a file and markers."""

    path: Path
    marks: tuple[str, ...] = ()

    def get_closest_marker(self, name: str) -> Any:
        return name if name in self.marks else None


def ordered(*items: tuple[str, str]) -> list[str]:
    found: list[Any] = [Item(TESTS / name, tuple(marks.split())) for name, marks in items]
    Order(TESTS).pytest_collection_modifyitems(found)
    return [item.path.relative_to(TESTS).as_posix() for item in found]


def test_long_files_come_first_and_those_with_tests_that_run_alone_last() -> None:
    names = ordered(
        ("b.py", "alone"), ("a.py", ""), ("c.py", "quiet"), ("page/x.py", ""), ("docs/test_commands.py", "")
    )
    assert names == ["docs/test_commands.py", "page/x.py", "a.py", "c.py", "b.py"]


def test_one_quiet_test_moves_its_whole_file() -> None:
    assert ordered(("a.py", ""), ("a.py", "quiet"), ("b.py", ""), ("a.py", "")) == ["b.py", "a.py", "a.py", "a.py"]


def test_files_that_are_alike_keep_their_order() -> None:
    assert ordered(("b.py", ""), ("a.py", ""), ("pages.py", "")) == ["b.py", "a.py", "pages.py"]


@pytest.mark.parametrize("name", LONGEST)
def test_what_is_said_to_last_long_exists(name: str) -> None:
    assert (TESTS / name).exists()
