# Breath, one hop: five bands of noise that open with the glottal pulse.

from libc.stdint cimport uint32_t

from formant_dsp.fm_loops cimport fill_phase, fill_shared
from formant_dsp.kernels cimport band_hop_t, in_t, out_t, phase_row_t, row_t, voice_hop_t
from formant_dsp.params cimport FORMANTS, HOP
from formant_dsp.sine cimport cos_phase


cdef inline void add_band(out_t y, in_t pulse, const band_hop_t* b) noexcept nogil:
    """One unvoiced band: gain · noise · cos carrier, the noise a Hermite cubic over the hop, opened by the pulse."""
    cdef uint32_t start = b.phase, inc = b.increment, step = <uint32_t>b.increment_step, word
    cdef float c0 = b.n0, c1 = b.m0, c2 = <float>3.0 * (b.n1 - b.n0) - <float>2.0 * b.m0 - b.m1
    cdef float c3 = <float>2.0 * (b.n0 - b.n1) + b.m0 + b.m1
    cdef float gain = b.gain, gain_step = b.gain_step, x, u
    cdef int i
    for i in range(HOP):
        x = <float>i
        u = x * <float>(1.0 / HOP)
        word = start + <uint32_t>i * inc + ((<uint32_t>i * (<uint32_t>i - 1)) >> 1) * step
        y[i] += (gain + x * gain_step) * pulse[i] * (c0 + u * (c1 + u * (c2 + u * c3))) * cos_phase(word)


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
    for j in range(FORMANTS):
        add_band(y, pulse, &bands[j])
