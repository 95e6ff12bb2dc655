"""The vectors of tunings (tests/vectors/tuning), held against the core in Python."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from formant_net.tuning.kbm import keys_of, parse_kbm
from formant_net.tuning.scales import degrees_of, root_of
from formant_net.tuning.scl import TuningError, parse_scl
from formant_net.tuning.shipped import shipped
from formant_net.tuning.snap import Snap
from formant_net.tuning.steps import Steps, steps_of

Case = dict[str, Any]
FOLDER = Path(__file__).parent / "tuning"
TOLERANCE = 0.001


def _scl(case: Case) -> list[float | None]:
    scale = parse_scl(case["text"].encode())
    return [*scale.cents, len(scale.warnings)]


def _kbm(case: Case) -> list[float | None]:
    keys = keys_of(parse_scl(case["scl"].encode()), parse_kbm(case["kbm"].encode()))
    return [keys[int(key)] for key in case.get("keys", {})]


def _scales(case: Case) -> list[float | None]:
    tuning = shipped(case["tuning"])
    steps = steps_of(tuning, degrees_of(case["scale"], tuning), root_of(case["root"])).pitches
    first = case["from"]
    return [one for one in steps if first - 1e-6 <= one < first + tuning.period / 100.0 - 1e-6]


def _snap(case: Case) -> list[float | None]:
    snap = Snap(Steps(case["steps"]), case["strength"])
    return [snap.sung(1, pitch, at) for at, pitch, _ in case["moves"]]


RULES: Mapping[str, tuple[Callable[[Case], list[float | None]], Callable[[Case], list[float | None]]]] = {
    "scl": (_scl, lambda case: [*case["cents"], case.get("warnings", 0)]),
    "kbm": (_kbm, lambda case: list(case["keys"].values())),
    "scales": (_scales, lambda case: case["steps"]),
    "snap": (_snap, lambda case: [sounds for _, _, sounds in case["moves"]]),
}


def cases_of(rule: str) -> list[Case]:
    """The cases of one rule."""
    return list(json.loads((FOLDER / f"{rule}.json").read_text("utf-8"))["cases"])


def _cases() -> list[Any]:
    return [pytest.param(rule, case, id=f"{rule}: {case['name']}") for rule in RULES for case in cases_of(rule)]


def _holds(rule: str, case: Case) -> bool:
    try:
        return holds(rule, case, RULES[rule][0](case))
    except TuningError:
        return holds(rule, case, None)


def holds(rule: str, case: Case, given: list[float | None] | None) -> bool:
    """Whether a result is what the case says. `given` is None where the case was refused."""
    if given is None or "error" in case:
        return given is None and case.get("error") is True
    wanted = RULES[rule][1](case)
    return len(given) == len(wanted) and all(
        one is other if one is None or other is None else abs(one - other) <= TOLERANCE
        for one, other in zip(given, wanted, strict=True)
    )


@pytest.mark.parametrize(("rule", "case"), _cases())
def test_python_does_as_the_vector_says(rule: str, case: Case) -> None:
    assert _holds(rule, case)


@pytest.mark.parametrize(("rule", "case"), _cases())
def test_a_wrong_expectation_is_noticed(rule: str, case: Case) -> None:
    planted = copy.deepcopy(case)
    if "error" in planted:
        del planted["error"]
        planted |= {"cents": [1.0], "keys": {"60": 1.0}}
    elif rule == "scl":
        planted["cents"][-1] += 0.01
    elif rule == "kbm":
        planted["keys"][next(key for key, pitch in planted["keys"].items() if pitch is not None)] += 0.01
    elif rule == "scales":
        planted["steps"][-1] += 0.01
    else:
        planted["moves"][-1][2] += 0.01
    assert not _holds(rule, planted)


def test_every_file_has_its_rule() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(RULES)
