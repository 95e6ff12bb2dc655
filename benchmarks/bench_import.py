"""How long does the first import of the voice take, without the network part, beside a bare interpreter and NumPy?

Processor time of a process (user and system) less that of a bare interpreter, least of several: waiting for a busy
machine is not in it, reading files from a cold disk neither. pytest-benchmark's wall time has the interpreter in it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest


def processor_s(code: str) -> float:
    """User and system time of an interpreter that runs this, s."""
    process = os.posix_spawn(sys.executable, [sys.executable, "-c", code], os.environ)
    _, status, used = os.wait4(process, 0)
    assert status == 0
    return used.ru_utime + used.ru_stime


def costliest(code: str) -> dict[str, float]:
    """The five imports that cost most by themselves, ms (with the profiler's own cost)."""
    done = subprocess.run([sys.executable, "-X", "importtime", "-c", code], capture_output=True, text=True, check=True)
    rows = [line.removeprefix("import time:").split("|") for line in done.stderr.splitlines()[1:]]
    cost = {name.strip(): int(own) / 1e3 for own, _, name in rows}
    return dict(sorted(cost.items(), key=lambda item: -item[1])[:5])


@pytest.mark.benchmark(group="first import")
@pytest.mark.skipif(not hasattr(os, "posix_spawn"), reason="processor time of a child is asked for as POSIX has it")
@pytest.mark.parametrize(
    "code", ["import formant_dsp", "import formant_dsp; formant_dsp.Bank().render(64)", "import numpy"]
)
def test_import(benchmark: Any, code: str) -> None:
    rounds = 15 if benchmark.enabled else 1
    bare = min(processor_s("pass") for _ in range(rounds))
    took: list[float] = []
    benchmark.pedantic(lambda: took.append(processor_s(code)), rounds=rounds)
    benchmark.extra_info.update(
        processor_ms=round(1e3 * (min(took) - bare), 1), bare_ms=round(1e3 * bare, 1), costliest_ms=costliest(code)
    )
