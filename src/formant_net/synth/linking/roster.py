"""The controllers a synth knows of: what the registry last said, and nothing else."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping

MAX_CONTROLLERS = 2000
"""More than a `controllers-list` of 64 kB can name; bounds what a wrong server can make us remember."""


class Roster:
    """Ids of listed controllers, in the order in which they were learned, and the run each is in.

    A list replaces everything, so it also corrects for notices that were missed while offline. A run is a text that a
    controller makes anew at each start; it is None for a controller that gives none.
    """

    def __init__(self) -> None:
        self._runs: dict[str, str | None] = {}

    def replace(self, runs: Mapping[str, str | None]) -> list[str]:
        """Takes a whole list; returns the ids that are listed no longer."""
        before = self._runs
        self._runs = dict(itertools.islice(runs.items(), MAX_CONTROLLERS))
        return [name for name in before if name not in self._runs]

    @property
    def full(self) -> bool:
        """True when there is no room for another one."""
        return len(self._runs) >= MAX_CONTROLLERS

    def last(self, which: Callable[[str], bool]) -> str | None:
        """The newest one for which `which` is true. Looks at every entry at most once."""
        return next((name for name in reversed(self._runs) if which(name)), None)

    def joined(self, name: str, run: str | None = None) -> bool:
        """Adds one id, or notes its new run; False when there is no room for it."""
        if name not in self._runs and self.full:
            return False
        self._runs[name] = run or self._runs.get(name)
        return True

    def run(self, name: str) -> str | None:
        """The run of a listed controller, None if it has none or is not listed."""
        return self._runs.get(name)

    def left(self, name: str) -> None:
        """Removes one id; one that is not listed is no error (a notice may come twice)."""
        self._runs.pop(name, None)

    def __contains__(self, name: object) -> bool:
        return name in self._runs

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._runs))

    def __len__(self) -> int:
        return len(self._runs)
