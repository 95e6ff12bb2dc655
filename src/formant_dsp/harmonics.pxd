# The residue voice at high pitch: its harmonics one by one.
#
# From 750 Hz on a period has so few harmonics below 24 kHz that their sum costs no more than that of the poles, and gives
# what the poles cannot: where f0 lies above F1, the terms of the poles all but cancel (by 60 dB and more), which in
# float32 is heard beside the harmonics. Harmonic m is (2/T) H(i2πm f0), complex, a straight line within a hop. It is
# nothing at half the sample rate, and so are its aliases; a period closes whatever moves.

from libc.string cimport memcpy

from formant_dsp.kernels cimport harmonics_t, kernel_table, tract_t
from formant_dsp.params cimport HARMONICS

cdef extern from "math.h" nogil:
    float fabsf(float) noexcept

cdef enum:
    FROM_HZ = 750         # HARMONICS of it are 24 kHz


cdef inline double harmonics_fill(harmonics_t* h, const kernel_table* kernels, const tract_t* tract) noexcept nogil:
    """The harmonics at the end of the hop, without their gain; the sum of their |H|²."""
    cdef double total = 0.0
    cdef int m
    kernels.tones(h.re, h.im, tract)
    for m in range(HARMONICS):
        total += h.re[m] * h.re[m] + h.im[m] * h.im[m]
    return total


cdef inline void harmonics_scale(harmonics_t* h, float gain) noexcept nogil:
    """Times their gain; counts those that are not below -160 dB."""
    cdef int m
    h.count = 2
    for m in range(HARMONICS):
        h.re[m] *= gain
        h.im[m] *= gain
        if fabsf(h.re[m]) + fabsf(h.im[m]) > <float>1e-8:
            h.count = m + 1
    h.count += h.count & 1


cdef inline void harmonics_next(harmonics_t* h) noexcept nogil:
    """The end of a hop becomes the start of the next one."""
    h.started = h.count
    if h.count:
        memcpy(h.re0, h.re, HARMONICS * sizeof(float))
        memcpy(h.im0, h.im, HARMONICS * sizeof(float))
