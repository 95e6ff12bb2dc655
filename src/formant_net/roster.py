"""The controllers a synth knows of: what the registry last said, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

MAX_CONTROLLERS = 2000
"""More than a `controllers-list` of 64 kB can name; bounds what a wrong server can make us remember."""


class Roster:
    """Ids of listed controllers, in the order in which they were learned.

    A list replaces everything: notices that were missed while offline are made good by it.
    """

    def __init__(self) -> None:
        self._ids: dict[str, None] = {}

    def replace(self, ids: Iterable[str]) -> list[str]:
        """Takes a whole list; returns the ids that are listed no longer."""
        before = self._ids
        self._ids = dict.fromkeys(list(ids)[:MAX_CONTROLLERS])
        return [name for name in before if name not in self._ids]

    def joined(self, name: str) -> bool:
        """Adds one id; False when there is no room for it."""
        if name not in self._ids and len(self._ids) >= MAX_CONTROLLERS:
            return False
        self._ids[name] = None
        return True

    def left(self, name: str) -> None:
        """Removes one id; one that is not listed is no error (a notice may come twice)."""
        self._ids.pop(name, None)

    def __contains__(self, name: object) -> bool:
        return name in self._ids

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._ids))

    def __len__(self) -> int:
        return len(self._ids)
