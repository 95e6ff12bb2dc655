# The residue voice at high pitch: a sum of its harmonics.
#
# From f0 = 750 Hz on there are at most 32 harmonics below 24 kHz. Their sum costs no more than the sum of the poles,
# and it is more exact: where f0 is above F1, the terms of the poles nearly cancel (by 60 dB and more), and the rounding
# of float32 becomes audible. Harmonic m is (2/T) H(i2πm f0), a complex amplitude that is linear within a hop. It is
# faded to 0 at half the sample rate, so there are no aliases. A sum of harmonics is periodic whatever parameters move.

from libc.string cimport memcpy

from formant_dsp.kernels.table cimport harmonics_t, kernel_table, tract_t
from formant_dsp.kernels.rows cimport HARMONICS

cdef extern from "math.h" nogil:
    float fabsf(float) noexcept

cdef enum:
    FROM_HZ = 750         # HARMONICS (32) times this is 24 kHz


cdef inline double harmonics_fill(harmonics_t* h, const kernel_table* kernels, const tract_t* tract) noexcept nogil:
    """Write the harmonics at the end of the hop, without their gain. Returns the sum of their |H|²."""
    cdef double total = 0.0
    cdef int m
    kernels.tones(h.re, h.im, tract)
    for m in range(HARMONICS):
        total += h.re[m] * h.re[m] + h.im[m] * h.im[m]
    return total


cdef inline void harmonics_scale(harmonics_t* h, float gain) noexcept nogil:
    """Multiply the harmonics by their gain, and count them up to the last one above -160 dB (an even number)."""
    cdef int m
    h.count = 2
    for m in range(HARMONICS):
        h.re[m] *= gain
        h.im[m] *= gain
        if fabsf(h.re[m]) + fabsf(h.im[m]) > <float>1e-8:
            h.count = m + 1
    h.count += h.count & 1


cdef inline void harmonics_next(harmonics_t* h) noexcept nogil:
    """Copy the values at the end of a hop to those at the start of the next one."""
    h.started = h.count
    if h.count:
        memcpy(h.re0, h.re, HARMONICS * sizeof(float))
        memcpy(h.im0, h.im, HARMONICS * sizeof(float))
