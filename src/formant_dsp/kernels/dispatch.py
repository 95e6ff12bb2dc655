"""Choice of the kernels for this processor; the environment variable `FORMANT_ISA` overrides it."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import os
from types import ModuleType

from formant_dsp.kernels import cpu

# Best first, with the level of cpu.level() that each needs; 1 runs on any processor of its architecture.
_LEVELS = {"avx512": 4, "avx2": 3, "neon32": 2, "sse2": 1, "neon": 1, "generic": 1}


@functools.cache
def isas() -> tuple[str, ...]:
    """Names of the instruction sets that this installation contains and this processor can run, best first."""
    return tuple(
        name
        for name, level in _LEVELS.items()
        if level <= cpu.level() and importlib.util.find_spec(f"formant_dsp.kernels._kernels_{name}") is not None
    )


def isa() -> str:
    """Name of the instruction set in use: `FORMANT_ISA`, else the best.

    error   ValueError when `FORMANT_ISA` cannot run here; ImportError when no kernels are installed
    """
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
    """The kernel module of an instruction set; None: the one in use. Errors as `isa`."""
    chosen = isa() if name is None else name
    if chosen not in isas():
        raise ValueError(f"isa={chosen!r} cannot run here: choose one of {', '.join(isas())}")
    return importlib.import_module(f"formant_dsp.kernels._kernels_{chosen}")
