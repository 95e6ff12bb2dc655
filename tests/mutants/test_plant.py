"""Faults are planted where they say, one at a time, and the run notices what a test finds and what none does."""

from __future__ import annotations

import ast
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from mutants import reach
from mutants.equivalent import EQUIVALENT
from mutants.journal import Journal
from mutants.plant import faults, modules, path_of, planted
from mutants.run import TESTS, sample


def lines(module: str) -> list[str]:
    return ast.unparse(ast.parse(path_of(module).read_text())).splitlines()


@pytest.mark.parametrize(
    "module", ["formant_net.timers.backoff", "formant_net.synth.steps", "formant_net.synth.linking.setups"]
)
def test_every_fault_changes_one_place_and_leaves_python(module: str) -> None:
    plain = lines(module)
    every = faults(module)
    assert len(every) > 5
    for fault in every:
        source = planted(fault)
        compile(source, module, "exec")
        changed = source.splitlines()
        assert len(changed) == len(plain), fault.id
        assert sum(a != b for a, b in zip(plain, changed, strict=True)) == 1, fault.id


def test_every_kind_of_fault_is_drawn_from_every_core() -> None:
    chosen = sample(1, 10_000)
    kinds = {fault.words.split(": ")[1].split(" ")[0] for fault in chosen}
    assert {"drop", "negate", "swap", "Or", "And", "Lt", "LtE", "Add", "Sub", "Is", "NotEq"} <= kinds
    assert {fault.module.split(".")[1] for fault in chosen} == {name.split(".")[1] for name in modules()}


def test_a_sample_is_drawn_again_from_its_seed() -> None:
    assert sample(7, 50) == sample(7, 50)
    assert sample(7, 50) != sample(8, 50)


def test_faults_that_change_nothing_are_faults_that_can_be_planted() -> None:
    every = {fault.id for module in modules() for fault in faults(module)}
    assert set(EQUIVALENT) <= every, "the code has changed: look at these again"


@pytest.mark.timeout(300)  # it starts four processes that run pytest
def test_what_tests_find_and_what_none_finds_is_told_apart_and_kept(tmp_path: Path) -> None:
    """The tests of timers look for a fault of theirs, and for one that they do not enter. A second run asks the journal
    for the first one."""
    command = [
        *(
            sys.executable,
            "-m",
            "mutants.run",
            "--only",
            ": drop 'self._healthy_since = now'",
            "LinkKeeper.on_deadline: drop 'self._wakeup.clear()'",
        ),
        *("--journal", str(tmp_path / "journal.jsonl"), "--looking", "formant_net/timers/test_backoff.py"),
    ]
    done = subprocess.run(command, cwd=TESTS, capture_output=True, text=True)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "<- tests/formant_net/timers/test_backoff.py::" in done.stdout
    assert "<- MISSED" in done.stdout
    assert "1 of 2 found (50.0%), 0 change nothing, 0 known from before" in done.stdout
    done = subprocess.run(command, cwd=TESTS, capture_output=True, text=True)
    assert "1 of 2 found (50.0%), 0 change nothing, 2 known from before" in done.stdout


def test_a_fault_reaches_functions_that_are_in_memory() -> None:
    """In a process of its own, so that this one keeps its functions."""
    code = """
        from mutants.patch import patch
        from mutants.plant import faults
        from formant_net.timers.backoff import Backoff
        kept = Backoff.healthy
        (fault,) = (f for f in faults("formant_net.timers.backoff") if "drop 'self._healthy_since = now'" in f.words)
        before = kept.__code__
        patch(fault)
        assert Backoff.healthy is kept
        assert kept.__code__ is not before
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], cwd=TESTS, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_journal_forgets_what_was_about_other_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = faults("formant_net.timers.backoff")[:2]
    path, tests = tmp_path / "journal.jsonl", tmp_path / "tests"
    tests.mkdir()
    journal = Journal(path, [tests])
    journal.add(first, "test_of_backoff")
    journal.add(second, "")
    with path.open("a") as file:
        file.write('{"fault": "cut of')
    known = {(first.id, first.number): "test_of_backoff", (second.id, second.number): ""}
    assert Journal(path, [tests]).known() == known
    (tests / "test_new.py").write_text("")
    assert Journal(path, [tests]).known() == {(first.id, first.number): "test_of_backoff"}
    other = tests / "test_new.py"
    monkeypatch.setattr("mutants.journal.path_of", lambda m: other if m == first.module else path_of(m))
    assert Journal(path, [tests]).known() == {}


def test_a_run_that_was_interrupted_after_its_notes_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All tests have their lines: none is run, and nothing fails. This process keeps its functions."""
    monkeypatch.setattr(reach, "modules", tuple)
    notes = tmp_path / "notes.jsonl"
    notes.write_text('["a test", 0.1, ["a function"]]\n')
    reach.note([], notes, lambda: False)
    assert reach.read([notes]) == {"a function": [("a test", 0.1)]}
