"""Runs a test that failed beside others once more, with nothing beside it.

A run of thousands of tests on a busy machine must not fail for the one that a neighbour kept from the processor. A test
that finds a fault finds it alone, too: what it needs is made anew, and its second result counts. The end of the run
says which tests failed beside others and why. Such a test hangs on its surroundings: mend it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

MOST = 5
"""Tests that one process tries again. Where more fail, the fault is none of the machine's."""
FAILED_BESIDE_OTHERS = "failed beside others"


class Again:
    """The plugin of a process that runs tests beside others; `Worker` (alone.py) asks it what to run again."""

    def __init__(self) -> None:
        self.tried: set[pytest.Item] = set()
        self._failed: pytest.Item | None = None

    def failed(self, item: pytest.Item) -> bool:
        """Whether this test has failed just now, for the first time, and is to be run again; asked once."""
        failed, self._failed = self._failed, None
        return failed is item

    def begin(self, item: pytest.Item) -> None:
        """Give up all that the failed test had, so that the next try makes it anew."""
        self.tried.add(item)
        with suppress(Exception):  # what cannot be closed is a part of what has failed
            item.session._setupstate.teardown_exact(None)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        may_fail = item not in self.tried and len(self.tried) < MOST
        if item not in self.tried:
            item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
        if may_fail and (words := "\n".join(report.longreprtext for report in reports if report.failed)):
            item.user_properties.append((FAILED_BESIDE_OTHERS, words))
            self._failed = item
            return True
        for report in reports:
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True


class Told:
    """The plugin of the process that shares tests among workers: what was run again, at the end of the run."""

    def __init__(self) -> None:
        self._words: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        words = dict(report.user_properties).get(FAILED_BESIDE_OTHERS)
        if words is not None:
            self._words[report.nodeid] = str(words)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if not self._words:
            return
        terminalreporter.section(f"{len(self._words)} {FAILED_BESIDE_OTHERS}, run again alone; mend them", "=")
        for nodeid, words in self._words.items():
            terminalreporter.section(nodeid, "_")
            terminalreporter.write_line(words)
