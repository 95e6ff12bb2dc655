"""The vectors of MIDI (tests/vectors/midi), held against the core in Python."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from support.virtual.midi_hand import MidiHand

from formant_net.midi import mapping

Step = dict[str, Any]
FILES = sorted((Path(__file__).parent / "midi").glob("*.json"))
TOLERANCE = 0.0005


def cases_of(rule: str) -> list[Step]:
    """The cases of one file."""
    return list(json.loads((FILES[0].parent / f"{rule}.json").read_text("utf-8"))["cases"])


def _cases() -> list[Any]:
    return [pytest.param(case, id=f"{path.stem}: {case['name']}") for path in FILES for case in cases_of(path.stem)]


def _toml(given: Step) -> str:
    tables = {key: value for key, value in given.items() if isinstance(value, dict)}
    lines = [f"{key} = {json.dumps(value)}" for key, value in given.items() if key not in tables]
    for name, table in tables.items():
        lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    return "\n".join(lines)


def _same(given: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        low, high = wanted["between"]
        return bool(low <= given <= high)
    return bool(abs(given - wanted) <= TOLERANCE)


def alike(down: list[Step], wanted: list[Step]) -> bool:
    """Whether the fingers that are down, as dictionaries, are those that a step says."""
    return len(down) == len(wanted) and all(
        _same(have[name], value) for have, one in zip(down, wanted, strict=True) for name, value in one.items()
    )


def differences(case: Step) -> list[str]:
    """What the core gives otherwise than the case says, a line a step."""
    hand = MidiHand(mapping.parse(_toml(case.get("given", {}))))
    wrong = []
    for number, step in enumerate(case["steps"], 1):
        hand.run(step["at"] / 1000.0)
        if "unplug" in step:
            hand.unplug(step["unplug"])
        hand.bytes(step.get("bytes", ""), port=step.get("port", "A"))
        down = sorted(hand.down.values(), key=lambda touch: (touch.note, touch.z))
        if (wanted := step.get("gives")) is not None:
            pairs = zip(down, wanted, strict=len(down) == len(wanted))
            alike = all(_same(getattr(touch, name), value) for touch, one in pairs for name, value in one.items())
            if len(down) != len(wanted) or not alike:
                wrong.append(f"step {number}: {[(t.note, t.y, t.z, t.vel) for t in down]}, the vector says {wanted}")
        if "messages" in step and len(hand.messages) != step["messages"]:
            wrong.append(f"step {number}: {len(hand.messages)} messages, the vector says {step['messages']}")
    return wrong


@pytest.mark.parametrize("case", _cases())
def test_python_does_as_the_vector_says(case: Step) -> None:
    assert differences(case) == []


@pytest.mark.parametrize("case", _cases())
def test_a_wrong_expectation_is_noticed(case: Step) -> None:
    planted = copy.deepcopy(case)
    step = next(step for step in planted["steps"] if "gives" in step or "messages" in step)
    if step.get("gives"):
        step["gives"][0]["note"] += 0.01
    elif "gives" in step:
        step["gives"] = [{"note": 1.0}]
    else:
        step["messages"] += 1
    assert len(differences(planted)) == 1
