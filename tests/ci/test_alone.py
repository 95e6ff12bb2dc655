"""Tests marked `alone` run by themselves, those marked `quiet` beside each other, and so do the others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from itertools import combinations
from pathlib import Path
from typing import get_args

import pytest
from support.suite.alone import Floor, Kind
from support.suite.patience import PATIENCE_S

TESTS = Path(__file__).parents[1]

SUITE = """
import json, time, pytest
from support.suite import alone

@pytest.fixture(scope="module")
def slow_start():
    time.sleep(0.3)

@pytest.mark.parametrize("number", range(12))
@pytest.mark.parametrize(
    "mark", [pytest.param("alone", marks=pytest.mark.alone), pytest.param("quiet", marks=pytest.mark.quiet), "shared"]
)
def test_lasts(slow_start, mark, number):
    begun = time.monotonic()
    time.sleep(0.05)
    with open("spans", "a") as file:
        file.write(json.dumps([mark, begun, time.monotonic()]) + "\\n")
"""
CONFTEST = """
from support.suite import alone

def pytest_configure(config):
    config.addinivalue_line("markers", "alone:")
    config.addinivalue_line("markers", "quiet:")
    if (plugin := alone.plugin(config)) is not None:
        config.pluginmanager.register(plugin)
"""


@pytest.fixture
def spans(tmp_path: Path) -> list[tuple[str, float, float]]:
    """Mark, begin and end of each test of a run of 36, shared by three processes, with a time limit of 2 s a test."""
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_suite.py").write_text(SUITE)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir=."]
    options = ["-n", "3", "--dist", "worksteal", "--timeout", "2", "-o", f"pythonpath={TESTS}", "."]
    done = subprocess.run([*command, *options], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    return [tuple(json.loads(line)) for line in (tmp_path / "spans").read_text().splitlines()]


def test_nothing_runs_beside_a_test_that_is_alone_and_only_quiet_ones_beside_a_quiet_one(
    spans: list[tuple[str, float, float]],
) -> None:
    assert len(spans) == 36
    beside = [{one[0], other[0]} for one, other in combinations(spans, 2) if one[1] < other[2] and other[1] < one[2]]
    assert {"quiet", "shared"} not in beside
    assert not [pair for pair in beside if "alone" in pair]


@pytest.mark.parametrize("first", get_args(Kind))
@pytest.mark.parametrize("second", get_args(Kind))
def test_who_may_be_on_the_floor_together(first: Kind, second: Kind, tmp_path: Path) -> None:
    together = first == second and (first == "ordinary" or (first == "quiet" and (os.cpu_count() or 1) > 1))
    assert entered(Floor(tmp_path, 0), first, Floor(tmp_path, 1), second) == together


def test_there_are_as_many_places_for_quiet_tests_as_cores(tmp_path: Path) -> None:
    assert not entered(Floor(tmp_path, 0), "quiet", Floor(tmp_path, os.cpu_count() or 1), "quiet")


def entered(one: Floor, first: Kind, other: Floor, second: Kind) -> bool:
    """Whether the second test begins while the first one runs; afterwards it does in any case."""
    there = threading.Event()

    def enter() -> None:
        with other.held(second):
            there.set()

    thread = threading.Thread(target=enter)
    may_be = first == second and (first == "ordinary" or (first == "quiet" and one.place != other.place))
    with one.held(first):
        thread.start()
        # Who must not come in is given some time to do so, who may come in as long as it takes.
        beside = there.wait(PATIENCE_S if may_be else 0.3)
    assert there.wait(PATIENCE_S)
    thread.join()
    return beside
