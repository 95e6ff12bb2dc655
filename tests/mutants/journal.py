"""What each fault came to, one line of JSON a fault, so that an interrupted run goes on where it ended.

A fault that a test found stays found while its module is the same. A fault that none found is tried again as soon as
a test or a core has changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from mutants.plant import Fault, modules, path_of


class Journal:
    """Outcomes in a file.

    path   the file; made at the first outcome
    tests  the folders whose Python files can find a fault
    """

    def __init__(self, path: Path, tests: Iterable[Path]) -> None:
        self._path = path
        self._modules = {module: _digest([path_of(module)]) for module in modules()}
        files = [file for folder in tests for file in sorted(folder.rglob("*.py"))]
        self._all = _digest([*files, *map(path_of, modules())])

    def notes(self, parts: int) -> list[Path]:
        """Files for what is true of these tests and cores only."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        return [self._path.with_name(f"{self._path.stem}-{self._all}-{n}-of-{parts}.jsonl") for n in range(parts)]

    def known(self) -> dict[tuple[str, int], str]:
        """By id and number of a fault: the test that found it, or an empty text for none."""
        outcomes: dict[tuple[str, int], str] = {}
        if not self._path.exists():
            return outcomes
        for line in self._path.read_text().splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue  # the run was ended while it wrote this line
            same = self._modules.get(entry["fault"].split(":")[0]) == entry["module"]
            if same and (entry["by"] or entry["all"] == self._all):
                outcomes[entry["fault"], entry["number"]] = entry["by"]
        return outcomes

    def add(self, fault: Fault, by: str) -> None:
        """Keep an outcome: the test that found the fault, or an empty text for none."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        entry = {
            "fault": fault.id,
            "number": fault.number,
            "by": by,
            "module": self._modules[fault.module],
            "all": self._all,
        }
        with self._path.open("a") as file:
            file.write(json.dumps(entry) + "\n")


def _digest(files: Iterable[Path]) -> str:
    whole = hashlib.sha256()
    for file in files:
        whole.update(file.name.encode() + b"\0" + file.read_bytes())
    return whole.hexdigest()[:16]
