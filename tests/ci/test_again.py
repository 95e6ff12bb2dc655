"""A test that fails beside others is run again, alone; what fails alone as well fails the run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from ci.test_alone import CONFTEST

TESTS = Path(__file__).parents[1]
Run = Callable[[str], subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run of one file by two processes."""

    def run(suite: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "conftest.py").write_text(CONFTEST)
        (tmp_path / "test_suite.py").write_text(suite)
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir=."]
        options = ["-n", "2", "--dist", "loadfile", "-o", f"pythonpath={TESTS}", "."]
        return subprocess.run([*command, *options], cwd=tmp_path, capture_output=True, text=True, check=False)

    return run


FAILS_ONCE = """
import pathlib, pytest, threading, time

def once(name):
    pathlib.Path(name).touch(exist_ok=False)

@pytest.fixture(scope="session")
def made():
    pathlib.Path("made").open("a").write("x")
    return []

@pytest.fixture(scope="session")
def breaks():
    try:
        once("fixture")
    except FileExistsError:
        return 1
    raise RuntimeError("no browser")

def test_in_itself(made):
    made.append(1)
    assert len(made) == 1, "what the first try left is gone"
    if not pathlib.Path("test").exists():
        once("test")
        pytest.fail("too busy")

def test_in_what_it_needs(breaks):
    assert breaks == 1

def test_after_it(breaks, made):
    assert breaks == 1
"""


def test_a_test_that_fails_once_is_told_and_fails_no_run(run: Run, tmp_path: Path) -> None:
    done = run(FAILS_ONCE)
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout
    assert "2 failed beside others, run again alone" in done.stdout
    assert "too busy" in done.stdout
    assert "no browser" in done.stdout
    assert (tmp_path / "made").read_text() == "xxx", "once at first, and once more for each test that is run again"


def test_a_test_that_fails_twice_fails_the_run_and_so_do_many(run: Run, tmp_path: Path) -> None:
    suite = """
import pathlib, pytest

@pytest.mark.parametrize("number", range(9))
def test_fails(number):
    pathlib.Path("tries").open("a").write(str(number))
    assert number == -1
"""
    done = run(suite)
    assert done.returncode == 1
    assert "9 failed" in done.stdout
    tries = (tmp_path / "tries").read_text()
    assert [tries.count(str(number)) for number in range(9)] == [2] * 5 + [1] * 4
