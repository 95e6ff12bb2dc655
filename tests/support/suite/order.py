"""The order of files in a run of several processes: those that last long first, those that need quiet last.

With `--dist loadfile --no-loadscope-reorder` a free process takes the next file. A file that lasts long and is begun at
the end would run while the other cores have nothing to do. Files with tests that run alone come together at the end, so
the others are waited for once.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from support.suite.alone import kind_of

LONGEST = (
    "faults/test_laboratory.py",
    "docs/test_commands.py",
    "page/test_firefox.py",
    "formant_net/ops/test_console.py",
    "formant_net/aio/client/test_find.py",
    "formant_net/cli/run/test_remote.py",
    "formant_dsp/output/test_devices.py",
    "formant_dsp/kernels",
    "page/show/test_panel.py",
    "page/play/test_touch.py",
    "page",
    "edges",
    "faults",
    "foreign",
    "systemd",
    "examples",
    "formant_net/aio",
    "formant_net/cli",
    "formant_dsp/bank/test_wasm.py",
    "formant_dsp/bank/test_colour.py",
    "formant_dsp/bank/test_core.py",
    "formant_dsp/bank/queue",
    "formant_dsp/judges",
    "docs",
    "mutants",
    "fuzz",
    "ci",
)
"""Files and folders of tests/, those that take most time first. All others come after them."""


class Order:
    """The plugin of a process that runs tests."""

    def __init__(self, tests: Path) -> None:
        self._tests = tests

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        quiet: dict[Path, int] = {}
        for item in items:
            quiet[item.path] = max(quiet.get(item.path, 0), ("ordinary", "quiet", "alone").index(kind_of(item)))
        items.sort(key=lambda item: (quiet[item.path], self._place(item.path)))

    def _place(self, path: Path) -> int:
        name = path.relative_to(self._tests).as_posix() if path.is_relative_to(self._tests) else ""
        found = (i for i, long in enumerate(LONGEST) if name == long or name.startswith(f"{long}/"))
        return next(found, len(LONGEST))


def plugin(config: pytest.Config) -> Order | None:
    """Where several processes share the tests; a run of one keeps the order that pytest has."""
    return Order(config.rootpath / "tests") if hasattr(config, "workerinput") else None
