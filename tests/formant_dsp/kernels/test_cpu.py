"""The level of the processor is the one whose flags the kernel lists."""

from __future__ import annotations

from pathlib import Path

from support.suite.features import X86_64, need

from formant_dsp.kernels import cpu

V3 = {"avx2", "fma", "bmi1", "bmi2", "f16c", "movbe"}
V4 = {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}


def test_the_level_is_that_of_the_flags() -> None:
    need(X86_64)
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    flags = set(next(line for line in lines if line.startswith("flags")).split())
    assert cpu.level() == (1 if not flags >= V3 else 3 if not flags >= V4 else 4)
