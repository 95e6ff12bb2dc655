"""Runs a test marked `alone` while no other test runs, and one marked `quiet` only beside others that are quiet.

Two rooms have a lock each: ordinary tests are in the first one, quiet tests in the second one. Who enters a room waits
until the other one is empty; a test that is alone waits for both and keeps them. A test that waits holds the gate, so
that no other test begins. Its wait ends when the running tests have ended. A quiet test has one of a few places first,
at most one for each core, so that what is judged from frame to frame has a core.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest

Kind = Literal["ordinary", "quiet", "alone"]


def kind_of(item: pytest.Item) -> Kind:
    """What its markers say; `alone` where it has both."""
    if item.get_closest_marker("alone") is not None:
        return "alone"
    return "ordinary" if item.get_closest_marker("quiet") is None else "quiet"


class Floor:
    """Locks in a folder that all processes of the run share.

    number   of this process; it uses one of the places for quiet tests, of which there are as many as cores
    """

    def __init__(self, folder: Path, number: int) -> None:
        self._gate, self._ordinary, self._quiet = folder / "gate", folder / "ordinary", folder / "quiet"
        self.place = folder / f"place-{number % (os.cpu_count() or 1)}"

    @contextmanager
    def held(self, kind: Kind) -> Iterator[None]:
        """Wait for the floor, and give it back at the end."""
        with ExitStack() as held:
            if kind == "quiet":
                held.enter_context(_lock(self.place, exclusive=True))
            with _lock(self._gate, exclusive=True):
                if kind == "alone":
                    held.enter_context(_lock(self._ordinary, exclusive=True))
                    held.enter_context(_lock(self._quiet, exclusive=True))
                else:
                    mine, other = self._ordinary, self._quiet
                    if kind == "quiet":
                        mine, other = other, mine
                    with _lock(other, exclusive=True):  # it is empty now, and stays so while we hold the gate
                        pass
                    held.enter_context(_lock(mine, exclusive=False))
            yield


class Worker:
    """The plugin of a process that runs tests."""

    def __init__(self, folder: Path, number: int) -> None:
        self._floor = Floor(folder, number)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Around fixtures and the time limit, too: waiting for the floor is no part of the test."""
        with self._floor.held(kind_of(item)):
            return (yield)


class Controller:
    """The plugin of the process that shares tests among workers."""

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="formant-tests-")

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        node.workerinput["floor"] = self._folder

    def pytest_unconfigure(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


def plugin(config: pytest.Config) -> Worker | Controller | None:
    """What this process needs of the two; None where one process runs all tests, one after the other."""
    if hasattr(config, "workerinput"):
        return Worker(Path(config.workerinput["floor"]), int(config.workerinput["workerid"].removeprefix("gw")))
    return Controller() if config.getoption("numprocesses", None) else None


@contextmanager
def _lock(path: Path, *, exclusive: bool) -> Iterator[None]:
    import fcntl  # Windows has none: there one process runs all tests

    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)  # and not only by closing it: a forked child may hold the file, too
