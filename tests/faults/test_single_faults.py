"""One fault at a random moment, for each row of docs/measurements/faults.md: silence and recovery are bounded."""

from __future__ import annotations

from pathlib import Path

import pytest
from faults.lab.cases import CASES, STEP_S, try_case
from faults.lab.numbers import percentile

TRIALS = 4


@pytest.mark.parametrize("name", CASES)
def test_a_single_fault_is_over_within_its_bounds(name: str) -> None:
    case = CASES[name]
    outcomes = [try_case(case, seed) for seed in range(TRIALS)]
    silences = [outcome.silent_s for outcome in outcomes if outcome.silent_s is not None]
    if case.silent_s is None:
        assert silences == [], "it has to sound on"
    else:
        assert len(silences) == TRIALS, "what is lost falls silent"
        assert max(silences) <= case.silent_s + STEP_S
    assert percentile([outcome.recovery_s for outcome in outcomes], 0.95) <= case.recovery_s


def test_the_table_names_every_case() -> None:
    table = (Path(__file__).parents[2] / "docs" / "measurements" / "faults.md").read_text()
    assert [name for name in CASES if f"| {name} |" not in table] == []
