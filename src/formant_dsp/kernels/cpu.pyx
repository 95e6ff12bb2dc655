# cython: language_level=3
"""The instruction sets that this processor and its operating system support."""

cdef extern from "native/cpu.h":
    int formant_cpu_level() noexcept


def level():
    """1: the baseline of the architecture; 2: NEON on 32-bit ARM; 3: x86-64-v3 (AVX2, FMA); 4: x86-64-v4 (AVX-512)."""
    return formant_cpu_level()
