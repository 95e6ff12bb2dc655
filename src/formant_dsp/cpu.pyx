# cython: language_level=3
"""What this processor and its operating system can run."""

cdef extern from "native/cpu.h":
    int formant_cpu_level() noexcept


def level():
    """x86-64 level: 1 (baseline), 3 (AVX2, FMA) or 4 (AVX-512); always 1 on other processors."""
    return formant_cpu_level()
