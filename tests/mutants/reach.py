"""Which tests enter which function of the cores."""

from __future__ import annotations

import builtins
import json
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from mutants.patch import note_calls
from mutants.plant import Fault, modules

Entered = dict[str, list[tuple[str, float]]]
"""Tests, each with its seconds of processor time, by "module: function"."""
_NOTE = "__formant_entered__"


def note(items: Iterable[pytest.Item], path: Path, has_failed: Callable[[], bool]) -> None:
    """Run tests in this process, whose functions change for it, and append a line for each to a file.

    Tests that have their line already are not run. A test that fails without a fault enters nothing, so to say: it
    cannot find one.
    """
    done = {name for name, _, _ in _lines(path)}
    seen: set[str] = set()
    setattr(builtins, _NOTE, seen.add)
    for module in modules():
        if module in sys.modules:
            note_calls(module, _NOTE)
    rest = [item for item in items if item.nodeid not in done]
    with path.open("a") as file:
        for item, after in zip(rest, [*rest[1:], None], strict=False):  # `rest` may be empty
            seen.clear()
            began = time.process_time()
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
            took_s = round(time.process_time() - began, 3)
            file.write(json.dumps([item.nodeid, took_s, [] if has_failed() else sorted(seen)]) + "\n")
            file.flush()


def read(paths: Iterable[Path]) -> Entered:
    """What files hold, together."""
    whole: Entered = {}
    for path in paths:
        for name, took_s, entered in _lines(path):
            for function in entered:
                whole.setdefault(function, []).append((name, took_s))
    return whole


def tests_for(fault: Fault, entered: Entered) -> list[str]:
    """The tests that enter the function of a fault: those of its module first, then those of its room, quick ones
    before slow ones."""
    _, room, *rest = fault.module.split(".")
    home = f"tests/formant_net/{room}/"
    mirror = home + "/".join([*rest[:-1], f"test_{rest[-1]}.py"])

    def distance(test: tuple[str, float]) -> tuple[bool, bool, float]:
        return not test[0].startswith(mirror), not test[0].startswith(home), test[1]

    entries = entered.get(f"{fault.module}: {fault.words.split(': ')[0]}", [])
    return [name for name, _ in sorted(entries, key=distance)]


def _lines(path: Path) -> list[tuple[str, float, list[str]]]:
    if not path.exists():
        return []
    whole = path.read_text().split("\n")[:-1]  # a run that was interrupted may have left half a line
    return [(name, took_s, entered) for name, took_s, entered in map(json.loads, whole)]
