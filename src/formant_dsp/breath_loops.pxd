# Breath, one hop: five bands of noise that open with the glottal pulse.

from libc.stdint cimport uint32_t

from formant_dsp.fm_loops cimport fill_phase, fill_shared
from formant_dsp.kernels cimport band_hop_t, in_t, out_t, phase_row_t, row_t, voice_hop_t
from formant_dsp.params cimport FORMANTS, HOP
from formant_dsp.sine cimport cos_phase

cdef extern from "native/vec.h" nogil:
    enum: JOINED "FORMANT_JOINED"


# One band over one hop: the noise as a cubic of the share of the hop that is over. By value, so that it lives in registers.
ctypedef struct cubic_t:
    uint32_t phase, inc, step
    float c0, c1, c2, c3, gain, gain_step


cdef inline cubic_t cubic(const band_hop_t* b) noexcept nogil:
    cdef cubic_t f
    f.phase, f.inc, f.step = b.phase, b.increment, <uint32_t>b.increment_step
    f.c0, f.c1 = b.n0, b.m0
    f.c2 = <float>3.0 * (b.n1 - b.n0) - <float>2.0 * b.m0 - b.m1
    f.c3 = <float>2.0 * (b.n0 - b.n1) + b.m0 + b.m1
    f.gain, f.gain_step = b.gain, b.gain_step
    return f


cdef inline float band(cubic_t f, uint32_t i, float x) noexcept nogil:
    """gain · noise · cos carrier at frame i = x."""
    cdef float u = x * <float>(1.0 / HOP)
    return (f.gain + x * f.gain_step) * (f.c0 + u * (f.c1 + u * (f.c2 + u * f.c3))) * cos_phase(
        f.phase + i * f.inc + ((i * (i - 1)) >> 1) * f.step)


cdef inline void add_band(out_t y, in_t pulse, cubic_t f) noexcept nogil:
    cdef int i
    for i in range(HOP):
        y[i] += pulse[i] * band(f, <uint32_t>i, <float>i)


cdef inline void add_bands_5(out_t y, in_t pulse, cubic_t f, cubic_t g, cubic_t h, cubic_t k, cubic_t l) noexcept nogil:
    cdef uint32_t n
    cdef float x
    cdef int i
    for i in range(HOP):
        n = <uint32_t>i
        x = <float>i
        y[i] += pulse[i] * (band(f, n, x) + band(g, n, x) + band(h, n, x) + (band(k, n, x) + band(l, n, x)))


cdef inline void voice_share(out_t y, out_t pulse, in_t c1, float voiced, float step) noexcept nogil:
    """Scales the voiced part and fills the pulse that opens the breath: 1 at the glottal pulse, 1 - voiced/2 between."""
    cdef int i
    cdef float v
    for i in range(HOP):
        v = voiced + <float>i * step
        y[i] *= v
        pulse[i] = <float>1.0 + <float>0.25 * v * c1[i]


cdef inline void breathe(out_t y, const voice_hop_t* hop, const band_hop_t* bands, float voiced, float voiced_step) noexcept nogil:
    """Scales the voiced sound in y and adds five unvoiced bands to it; half of the breath comes in pulses of f0."""
    cdef phase_row_t phase
    cdef row_t c1
    cdef row_t s
    cdef row_t pulse
    cdef int j
    fill_phase(phase, hop)
    fill_shared(c1, s, phase)
    voice_share(y, pulse, c1, voiced, voiced_step)
    if JOINED:
        add_bands_5(y, pulse, cubic(&bands[0]), cubic(&bands[1]), cubic(&bands[2]), cubic(&bands[3]), cubic(&bands[4]))
    else:
        for j in range(FORMANTS):
            add_band(y, pulse, cubic(&bands[j]))
