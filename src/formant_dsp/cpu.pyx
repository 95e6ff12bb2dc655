# cython: language_level=3
"""What this processor and its operating system can run."""

cdef extern from "native/cpu.h":
    int formant_cpu_level() noexcept


def level():
    """What there is beyond the baseline (1): x86-64-v3 (3: AVX2, FMA), v4 (4: AVX-512); on 32-bit ARM NEON (2)."""
    return formant_cpu_level()
