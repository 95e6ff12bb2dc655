"""A short selection of faults on real processes and a bad cable. `make faults` runs all of them, for longer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from faults.real.cases import CASES, measure
from faults.real.run import AGE_S, CLOCKS_S, judge
from faults.real.stage import Stage
from support.suite.require import require, require_namespaces

SHORT = (
    "controller killed, started again",
    pytest.param("no path between them for 2 s", marks=pytest.mark.long),
    pytest.param("controller stopped for 1 s", marks=pytest.mark.long),
    "address of the controller changed",
)
"""test_single_faults.py has every case on the virtual clock."""


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    require_namespaces()
    with Stage(2) as stage:
        yield stage


@pytest.mark.alone  # judges how soon real processes do something
@pytest.mark.parametrize("name", SHORT)
def test_a_real_fault_is_over_within_its_bounds(stage: Stage, name: str) -> None:
    case = CASES[name]
    assert judge(case, [measure(stage, case)]) == []


def test_the_table_names_every_case() -> None:
    page = Path(__file__).parents[2] / "docs" / "measurements" / "faults.md"
    table = page.read_text("utf-8").split("## Real processes")[1]
    assert [name for name in CASES if f"| {name} |" not in table] == []


def test_where_only_a_relay_is_reached_it_is_played_over_that() -> None:
    require_namespaces()
    require("turnserver")
    with Stage(1, relayed=True) as stage:
        stage.until(lambda: "applied" in stage.synth.stats, "the synth counts")
        before = stage.synth.stats["applied"]
        stage.until(lambda: stage.synth.stats["applied"] > before + 50, "touches through the relay")
        assert stage.synth.stats["oldest_s"] <= AGE_S + CLOCKS_S
