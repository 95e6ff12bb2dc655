"""Vectors as data: reading them, and holding what a side gives against what they say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
DATA = HERE / "data"
SIDES: dict[str, list[str]] = json.loads((HERE / "sides.json").read_text("utf-8"))
"""For each rule the sides that follow it: "python", "page"."""
TOLERANCE = 1e-6


def cases(rule: str) -> list[dict[str, Any]]:
    """The cases of one rule."""
    return list(json.loads((DATA / f"{rule}.json").read_text("utf-8"))["cases"])


def marked(side: str) -> list[Any]:
    """All cases that a side has to pass, as pytest parameters `(rule, case)`."""
    rules = [rule for rule, sides in SIDES.items() if side in sides]
    return [pytest.param(rule, case, id=f"{rule}: {case['name']}") for rule in rules for case in cases(rule)]


def alike(given: Any, wanted: Any) -> bool:
    """Whether a result is what a step says. Numbers may differ by 1e-6; {"between": [a, b]} is a range."""
    if isinstance(wanted, dict) and wanted.keys() == {"between"}:
        low, high = wanted["between"]
        return isinstance(given, int | float) and low <= given <= high
    if isinstance(wanted, bool) or wanted is None or isinstance(wanted, str):
        return bool(given == wanted and type(given) is type(wanted))
    if isinstance(wanted, int | float):
        number = isinstance(given, int | float) and not isinstance(given, bool)
        return number and abs(given - wanted) <= TOLERANCE
    if isinstance(wanted, list):
        return isinstance(given, list) and len(given) == len(wanted) and all(map(alike, given, wanted))
    return isinstance(given, dict) and given.keys() == wanted.keys() and all(alike(given[k], wanted[k]) for k in wanted)


def differences(case: dict[str, Any], results: list[Any]) -> list[str]:
    """What is not as the case says, a line a step."""
    assert len(results) == len(case["steps"])
    return [
        f"step {number} {step['do']!r}: {json.dumps(result)}, but the vector says {json.dumps(step['gives'])}"
        for number, (step, result) in enumerate(zip(case["steps"], results, strict=True), 1)
        if "gives" in step and not alike(result, step["gives"])
    ]
