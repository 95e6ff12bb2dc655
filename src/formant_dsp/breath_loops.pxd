# Breath, one hop: five bands of noise that open with the glottal pulse.
#
# An unvoiced band is low-pass noise on a carrier at each formant's centre (no filter, no state but time).
#
# The noise is the cubic B-spline of noise.pxd at 2.198 knots a second for each Hz of width (spectrum sinc^4, half power
# at ±B/2); between the ends of a hop it is the Hermite cubic with the same values and slopes. Widths are held within
# 50 … 300 Hz: narrower ones whistle, wider ones would turn faster than a hop can follow.

from libc.math cimport sqrtf
from libc.stdint cimport int32_t, int64_t, uint32_t

from formant_dsp.exp2 cimport exp2_double, fmax_, fmin_
from formant_dsp.fm_loops cimport fill_phase, fill_shared
from formant_dsp.kernels cimport band_hop_t, band_t, control_t, in_t, out_t, phase_row_t, row_t, voice_hop_t
from formant_dsp.noise cimport mix32, spline_at
from formant_dsp.params cimport FORMANTS, HOP, P_A, P_B, P_BREATH, P_F
from formant_dsp.sine cimport cos_phase

cdef extern from "native/vec.h" nogil:
    enum: JOINED "FORMANT_JOINED"


cdef inline void bands_hop(band_t* state, band_hop_t* bands, const control_t* c, int i, uint32_t seed,
                           bint fresh) noexcept nogil:
    """Bands of slot i over one hop, and their state a hop onwards. A fresh voice begins with what it ends with."""
    cdef float[FORMANTS] amplitude
    cdef float power = <float>1e-12, khz, width, gain
    cdef double slope, knots, f_hz
    cdef uint32_t increment
    cdef int j
    cdef band_t* s
    for j in range(FORMANTS):
        khz = c.linear[(P_F + j) * c.stride + i]
        # The source of breath is turbulence: weak below 1 kHz, where a voice has its harmonics.
        gain = c.linear[(P_A + j) * c.stride + i] * khz / (khz + <float>1.0) if khz < <float>0.9 * c.half_rate_khz else <float>0.0
        amplitude[j] = gain
        power += <float>0.5 * gain * gain
    gain = c.x[P_BREATH * c.stride + i] / sqrtf(power)
    for j in range(FORMANTS):
        s = &state[j]
        f_hz = 1e3 * exp2_double(c.x[(P_F + j) * c.stride + i])
        width = fmin_(fmax_(<float>100.0 * c.linear[(P_B + j) * c.stride + i], <float>50.0), <float>300.0)
        knots = 2.198 * width * c.hop_s
        if f_hz > 1e3 * c.half_rate_khz:
            f_hz = 1e3 * c.half_rate_khz
        increment = <uint32_t>(f_hz * c.increment_of_hz)
        if fresh:
            s.position = mix32(seed, 100 + j) * 1e-6
            s.phase = mix32(seed, 200 + j)
            s.increment = increment
            s.n = spline_at(seed + j, <int64_t>s.position, s.position - <double><int64_t>s.position, &slope)
            s.m = slope * knots
            s.gain = amplitude[j] * gain
        s.position += knots
        bands[j].phase = s.phase
        bands[j].increment = s.increment
        bands[j].increment_step = <int32_t>(increment - s.increment) / HOP
        bands[j].n0 = s.n
        bands[j].m0 = s.m
        s.n = spline_at(seed + j, <int64_t>s.position, s.position - <double><int64_t>s.position, &slope)
        s.m = slope * knots
        bands[j].n1 = s.n
        bands[j].m1 = s.m
        bands[j].gain = s.gain
        bands[j].gain_step = (amplitude[j] * gain - s.gain) / HOP
        s.gain = amplitude[j] * gain
        s.phase = s.phase + HOP * s.increment + (HOP * (HOP - 1) // 2) * <uint32_t>bands[j].increment_step
        s.increment = s.increment + HOP * <uint32_t>bands[j].increment_step


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
