"""Compiles ceiling.c with the machine's C compiler, per instruction set and variant, and calls it."""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import subprocess
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HOP, FORMANTS = 64, 5
SOURCE = Path(__file__).with_name("ceiling.c")
FLAGS = ["-std=gnu11", "-O3", "-fno-math-errno", "-fno-trapping-math", "-fno-signed-zeros", "-ffinite-math-only"]
FLAGS += ["-fno-tree-pre", "-Wall", "-fPIC", "-shared"]
"""Those of the kernels in CMakeLists.txt. Without NaN a maximum is one instruction."""
X86 = {"sse2": [], "avx2": ["-march=x86-64-v3"], "avx512": ["-march=x86-64-v4", "-mprefer-vector-width=512"]}
ISA_FLAGS: dict[str, list[str]] = X86 if platform.machine() in ("x86_64", "AMD64") else {"neon": [], "generic": []}
VARIANTS = [{"TOGETHER": n, "INTERLEAVED": i} for n, i in product((1, 3, 5), (0, 1))]
INTERLEAVED = ["-fschedule-insns", "-fsched-pressure"]

VOICE = np.dtype(
    [
        ("phase", np.uint32),
        ("increment", np.uint32),
        ("increment_step", np.int32),
        ("nu", np.float32, (2, FORMANTS)),
        ("index", np.float32, (2, FORMANTS)),
        ("gain", np.float32, (2, FORMANTS)),
    ]
)
"""One voice over one hop: [0] at its start, [1] at its end; index is k·log2 e."""


def compiler() -> str | None:
    """$CC, or cc; None when this machine has neither."""
    return shutil.which(os.environ.get("CC", "cc"))


class Ceiling:
    """One compiled variant."""

    def __init__(self, isa: str, variant: dict[str, int], folder: Path) -> None:
        cc = compiler()
        if cc is None:
            raise RuntimeError("no C compiler found: install gcc, or set CC")
        self.isa, self.variant = isa, variant
        name = "-".join([isa, *(f"{key}{value}" for key, value in variant.items())]).lower()
        library = folder / f"{name}.so"
        defines = [f"-D{key}={value}" for key, value in variant.items()]
        flags = [*FLAGS, *ISA_FLAGS[isa], *(INTERLEAVED if variant["INTERLEAVED"] else [])]
        subprocess.run([cc, *flags, *defines, str(SOURCE), "-o", str(library)], check=True)
        self._call = ctypes.CDLL(str(library)).ceiling

    def render(self, voices: NDArray[np.void], hops: int = 1) -> NDArray[np.float32]:
        """The last of `hops` hops; the phases in `voices` move on."""
        y = np.empty(HOP + 16, np.float32)
        y = y[-(y.ctypes.data // 4) % 16 :][:HOP]
        self._call(
            y.ctypes.data_as(ctypes.c_void_p), voices.ctypes.data_as(ctypes.c_void_p), len(voices), ctypes.c_int(hops)
        )
        return y


def some_voices(count: int, sample_rate: int = 48000, seed: int = 1) -> NDArray[np.void]:
    """Voices from 110 to 880 Hz in gliding vowels of a tenor's range."""
    rng = np.random.default_rng(seed)
    voices = np.zeros(count, VOICE)
    f0 = 110.0 * 8.0 ** np.linspace(0, 1, count)[:, None]
    centre = np.array([500.0, 1100.0, 2450.0, 2800.0, 3300.0]) * rng.uniform(0.8, 1.3, (count, FORMANTS))
    width = np.array([60.0, 80.0, 120.0, 150.0, 200.0])
    voices["phase"] = rng.integers(0, 2**32, count)
    voices["increment"] = (f0[:, 0] / sample_rate * 2**32).astype(np.uint32)
    voices["increment_step"] = rng.integers(-1000, 1000, count)
    nu = np.maximum(centre / f0, 1.0)
    index = (0.5 + (width / f0) ** 2 * 0.36) * np.log2(np.e)
    for end, scale in enumerate((1.0, 1.01)):
        voices["nu"][:, end] = nu * scale
        voices["index"][:, end] = index * scale
        voices["gain"][:, end] = scale / 20.0
    return voices


def formula(voices: NDArray[np.void]) -> NDArray[np.float64]:
    """float64[HOP] of the same hop by the formula of docs/understand/voice.md, with library sines."""
    i = np.arange(HOP)
    y = np.zeros(HOP)
    for v in voices:
        phase = (int(v["phase"]) + i * int(v["increment"]) + i * (i - 1) // 2 * int(v["increment_step"])) % 2**32
        theta = 2 * np.pi * phase / 2**32
        for j in range(FORMANTS):
            nu, index, gain = (
                float(v[row][0, j]) + (float(v[row][1, j]) - float(v[row][0, j])) * i / HOP
                for row in ("nu", "index", "gain")
            )
            n = np.floor(nu)
            carrier = 2 * np.pi * ((n.astype(np.int64) * phase) % 2**32) / 2**32
            pulse = gain * np.exp2(index * (np.cos(theta) - 1))
            y += pulse * ((1 - nu + n) * np.sin(carrier) + (nu - n) * np.sin(carrier + theta))
    return y


def error(ceiling: Ceiling, count: int = 16) -> float:
    """Largest difference to the formula, of a peak of about 1."""
    voices = some_voices(count)
    expected = formula(voices)
    return float(np.abs(ceiling.render(voices) - expected).max())
