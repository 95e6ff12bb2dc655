"""The rules of clients, as data, held against the cores in Python."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from vectors.compare import DATA, SIDES, cases, differences, marked
from vectors.python import SUBJECTS, results


@pytest.mark.parametrize(("rule", "case"), marked("python"))
def test_python_does_as_the_vector_says(rule: str, case: dict[str, Any]) -> None:
    assert differences(case, results(rule, case)) == []


def test_every_vector_file_names_its_sides_and_every_side_has_a_subject() -> None:
    assert set(SIDES) == {path.stem for path in DATA.glob("*.json")}
    assert {rule for rule, sides in SIDES.items() if "python" in sides} == set(SUBJECTS)
    assert all(sides and set(sides) <= {"python", "page"} for sides in SIDES.values())


@pytest.mark.parametrize("rule", SIDES)
def test_every_case_has_a_name_of_its_own_and_says_what_it_gives(rule: str) -> None:
    named = [case["name"] for case in cases(rule)]
    assert len(set(named)) == len(named)
    for case in cases(rule):
        assert any("gives" in step for step in case["steps"]), case["name"]


def _wrong(value: Any) -> Any:
    """Another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 0.001
    if isinstance(value, str):
        return value + "x"
    if isinstance(value, list):
        return [*value, None]
    return {**value, "more": 1} if isinstance(value, dict) else 0


@pytest.mark.parametrize("rule", [rule for rule, sides in SIDES.items() if "python" in sides])
def test_a_wrong_expectation_in_any_step_is_noticed(rule: str) -> None:
    for case in cases(rule):
        given = results(rule, case)
        for number, step in enumerate(case["steps"]):
            if "gives" not in step:
                continue
            planted = copy.deepcopy(case)
            planted["steps"][number]["gives"] = _wrong(step["gives"])
            assert len(differences(planted, given)) == 1, json.dumps(planted["steps"][number])
