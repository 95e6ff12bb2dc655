"""Picks the kernels for this processor; `FORMANT_ISA` forces one."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import os
from types import ModuleType

from formant_dsp import cpu

# Best first; the level is that of cpu.level(): 1 runs on any processor of its architecture.
_LEVELS = {"avx512": 4, "avx2": 3, "neon32": 2, "sse2": 1, "neon": 1, "generic": 1}


@functools.cache
def isas() -> tuple[str, ...]:
    """Instruction sets that this installation has and this processor can run, best first."""
    return tuple(
        name
        for name, level in _LEVELS.items()
        if level <= cpu.level() and importlib.util.find_spec(f"formant_dsp._kernels_{name}") is not None
    )


def isa() -> str:
    """The instruction set in use: `FORMANT_ISA`, else the best. ValueError when that one cannot run here."""
    wanted = os.environ.get("FORMANT_ISA") or None
    available = isas()
    if not available:
        raise ImportError("no kernels are installed: build formant-synth again and read the compiler's messages")
    if wanted is None:
        return available[0]
    if wanted not in available:
        raise ValueError(f"FORMANT_ISA={wanted} cannot run here: choose one of {', '.join(available)}, or unset it")
    return wanted


def load(name: str | None = None) -> ModuleType:
    """The kernel module of an instruction set (None: the one in use). ValueError when it cannot run here."""
    chosen = isa() if name is None else name
    if chosen not in isas():
        raise ValueError(f"isa={chosen!r} cannot run here: choose one of {', '.join(isas())}")
    return importlib.import_module(f"formant_dsp._kernels_{chosen}")
