"""How fast is plain ModFM with nothing around it, per instruction set? The bank is held to 80 % of this.

`python benchmarks/ceiling/run.py` runs both in turn and prints the shares; here the ceiling is checked and timed.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from support.suite.require import require

from formant_dsp import isas

sys.path.insert(0, str(Path(__file__).with_name("ceiling")))  # importlib mode leaves it out

from compiled import FORMANTS, HOP, VARIANTS, Ceiling, compiler, error, some_voices

VOICES, HOPS = 128, 16


@pytest.mark.benchmark(group="ceiling")
@pytest.mark.parametrize("variant", VARIANTS, ids=str)
@pytest.mark.parametrize("isa", isas())
def test_ceiling(benchmark: Any, isa: str, variant: dict[str, int], tmp_path: Path) -> None:
    if compiler() is None:
        require("cc")
    ceiling = Ceiling(isa, variant, tmp_path)
    assert error(ceiling) < 3e-6
    voices = some_voices(VOICES)
    benchmark(ceiling.render, voices, HOPS)
    if benchmark.stats is not None:
        benchmark.extra_info.update(
            isa=isa, formant_samples_per_s=round(VOICES * FORMANTS * HOP * HOPS / benchmark.stats.stats.min)
        )
