"""A pytest plugin that collects the tests once and forks a process for every fault.

The first forks hold no fault: they note which tests enter which function of the cores (reach.py), as only a test that
enters a function can find a fault in it. Each other fork puts its fault into the functions in memory and runs those
tests until one fails. Nothing is imported or collected again: a fault costs what its tests cost.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from mutants import reach
from mutants.patch import patch
from mutants.plant import Fault

LIMIT_S = 240
"""Seconds of processor time after which a fault that makes the tests run for ever has been found."""
WAIT_S = 180.0
"""Seconds without any processor time after which a fault that makes the tests wait for ever has been found."""
LAST = "faults/test_laboratory.py"
"""The schedules of the fault laboratory enter nearly everything: they run for every fault, after all other tests."""

REAL = "[nats]"
"""Tests with a real engine wait for it and are no tests of a pure core."""


class Hunt:
    """Tries faults.

    faults   in this order
    jobs     processes at a time
    notes    files that keep which tests enter which function; completed where tests are missing
    outcome  is told the test that found a fault, or an empty text for none
    """

    def __init__(
        self, faults: Sequence[Fault], jobs: int, notes: list[Path], outcome: Callable[[Fault, str], None]
    ) -> None:
        self._faults, self._jobs, self._notes, self._outcome = list(faults), jobs, notes, outcome
        self._failed = ""
        self._running: dict[int, tuple[Callable[[str], None], int, str, float]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember the first test that fails."""
        if report.failed and not self._failed:
            self._failed = report.nodeid

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """The hunt, in place of the tests."""
        if session.testsfailed:
            raise session.Interrupted("a test cannot be collected, also without a fault")
        near = [item for item in session.items if LAST not in item.nodeid and REAL not in item.nodeid]
        last = [item.nodeid for item in session.items if LAST in item.nodeid]
        for number, path in enumerate(self._notes):
            self._fork(lambda n=number, p=path: self._note(near[n :: len(self._notes)], p), _nothing)  # type: ignore[misc]
        self._wait(0)
        entered = reach.read(self._notes)
        items = {item.nodeid: item for item in session.items}
        for fault in self._faults:
            self._wait(self._jobs - 1)
            tests = [items[name] for name in (*reach.tests_for(fault, entered), *last) if name in items]
            self._fork(lambda f=fault, t=tests: self._try(f, t), lambda by, f=fault: self._outcome(f, by))  # type: ignore[misc]
        self._wait(0)
        return True

    def _note(self, items: list[pytest.Item], path: Path) -> str:
        reach.note(items, path, self._has_failed)
        return ""

    def _has_failed(self) -> bool:
        failed, self._failed = self._failed, ""
        if failed:
            print(f"not used, because it fails without a fault: {failed}", file=sys.stderr, flush=True)
        return bool(failed)

    def _try(self, fault: Fault, items: list[pytest.Item]) -> str:
        if not items:
            return ""
        resource.setrlimit(resource.RLIMIT_CPU, (LIMIT_S, LIMIT_S + 10))
        patch(fault)
        for item, after in zip(items, [*items[1:], None], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
            if self._failed:
                item.session._setupstate.teardown_exact(None)  # folders that fixtures have made
                break
        return self._failed

    def _fork(self, work: Callable[[], str], told: Callable[[str], None]) -> None:
        answer, end = os.pipe()
        if pid := os.fork():
            os.close(end)
            self._running[pid] = told, answer, "", time.monotonic()
            return
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        try:
            os.write(end, b"=" + work().encode())
        except BaseException:  # a fault may raise anything; the parent says which fault it was
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(0)

    def _wait(self, rest: int) -> None:
        """Until no more than that many processes run."""
        while len(self._running) > rest:
            for pid, (told, answer, used, since) in list(self._running.items()):
                ended, status = os.waitpid(pid, os.WNOHANG)
                if not ended:
                    if (now_used := _used(pid)) != used:
                        self._running[pid] = told, answer, now_used, time.monotonic()
                    elif time.monotonic() - since > WAIT_S:
                        os.kill(pid, signal.SIGKILL)
                    continue
                said = os.read(answer, 65536).decode()
                os.close(answer)
                del self._running[pid]
                if os.WIFSIGNALED(status) and os.WTERMSIG(status) in _MEANING:
                    told(_MEANING[os.WTERMSIG(status)])
                elif said.startswith("="):
                    told(said[1:])
                else:
                    raise RuntimeError("a process of the hunt failed: see above")
            time.sleep(0.02)


_MEANING: dict[int, str] = {signal.SIGKILL: "waits for ever", signal.SIGXCPU: "runs for ever"}


def _used(pid: int) -> str:
    """The processor time of a process so far, as its system writes it."""
    with suppress(OSError):
        return " ".join(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13])
    return ""


def _nothing(_said: str) -> None:
    pass
