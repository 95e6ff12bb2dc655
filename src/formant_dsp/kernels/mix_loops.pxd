# The mix, one hop: gains, sums and peaks.

from libc.stdint cimport int32_t

from formant_dsp.kernels.exp2 cimport bits, from_bits
from formant_dsp.kernels.table cimport in_t, out_t
from formant_dsp.kernels.rows cimport HOP

cdef extern from "native/vec.h" nogil:
    int32_t maxi "formant_maxi"(int32_t, int32_t) noexcept


cdef inline void mix(out_t out, in_t y, float gain, float step) noexcept nogil:
    """out += (gain + i·step)·y over one hop."""
    cdef int i
    for i in range(HOP):
        out[i] += (gain + <float>i * step) * y[i]


cdef inline void mix_gains(out_t out, in_t y, in_t gains, int n) noexcept nogil:
    """out += gains·y over n frames (a note that starts or ends inside the hop)."""
    cdef int i
    for i in range(n):
        out[i] += gains[i] * y[i]


cdef inline void gains(out_t out, float x, float step, float level, float level_step, int n) noexcept nogil:
    """out = (x + i·step)·(level + i·level_step) over n frames: gate and level of a hop in which the gate changes."""
    cdef int i
    for i in range(n):
        out[i] = (x + <float>i * step) * (level + <float>i * level_step)


cdef inline void scale(out_t x, float gain, float step) noexcept nogil:
    """x *= gain + i·step over one hop."""
    cdef int i
    for i in range(HOP):
        x[i] *= gain + <float>i * step


cdef inline float peak(in_t x) noexcept nogil:
    """max |x| over one hop; NaN if an x is NaN. Compares floats without sign as integers, which have the same order."""
    cdef int32_t top = 0
    cdef int i
    for i in range(HOP):
        top = maxi(top, bits(x[i]) & <int32_t>0x7FFFFFFF)
    return from_bits(top)
