# Breath, one hop: five bands of noise, their skirts and a white floor, all loudest after the glottal pulse.
#
# A turbulent source is nearly flat: a band is as loud as its formant times its frequency. Between the bands a tract
# leaves 17 dB, not the 60 of bare bands. A second, wide noise W on the same carriers gives each band a skirt (values
# every 16 frames, joined by straight lines); two of them take turns. The white floor of four taps, |8 cos³ πf/f_s|,
# fills what is above. Both are functions of (seed, frame) and have no state.
#
# The noise comes in bursts, as the glottis closes: 1 + m(cos(θ - π/5) - 1)/(1 + m) with m = 1/2, at its loudest a tenth
# of a period after the pulse (Hermes 1991; Lu & Smith 1999).
#
# An unvoiced band is low-pass noise times a carrier at a formant's centre. It has no filter; its only state is time.
#
# The noise is the cubic B-spline of noise.pxd with 2.198 knots per second for each Hz of width B (spectrum sinc^4, half
# power at ±B/2). Within a hop it is the Hermite cubic with the same values and slopes at both ends. Widths are clamped
# to 50 … 300 Hz: narrower bands whistle, and the noise of wider ones changes faster than a cubic per hop can follow.

from libc.math cimport sqrtf
from libc.stdint cimport int32_t, int64_t, uint32_t

from formant_dsp.kernels.exp2 cimport exp2_double, fmax_, fmin_
from formant_dsp.kernels.table cimport band_hop_t, band_t, control_t, in_t, out_t, row_t, voice_hop_t, wind_t
from formant_dsp.kernels.noise cimport mix32, spline_at, white
from formant_dsp.kernels.rows cimport FORMANTS, HOP, P_A, P_B, P_BREATH, P_F
from formant_dsp.kernels.sine cimport cos_phase

cdef extern from "native/vec.h" nogil:
    enum: JOINED "FORMANT_JOINED"

cdef extern from * nogil:
    """
    #define FORMANT_SKIRT 0.24f       /* amplitude of the skirts re the bands, both of rms 1 */
    #define FORMANT_SKIRT_RMS 2.1213203f  /* makes straight lines between values of -1 … 1 of rms 1 */
    """
    const float SKIRT "FORMANT_SKIRT"
    const float SKIRT_RMS "FORMANT_SKIRT_RMS"


cdef inline void bands_hop(band_t* state, band_hop_t* bands, const control_t* c, int i, uint32_t seed,
                           bint fresh) noexcept nogil:
    """Write the bands of slot i over one hop and advance their state. A fresh voice has its end values at the start."""
    cdef float[FORMANTS] amplitude
    cdef float power = <float>1e-12, khz, width, gain, density = 0.0, floor
    cdef double slope, knots, f_hz
    cdef uint32_t increment
    cdef int j
    cdef band_t* s
    for j in range(FORMANTS):
        khz = c.linear[(P_F + j) * c.stride + i]
        gain = c.linear[(P_A + j) * c.stride + i] * khz if khz < <float>0.9 * c.half_rate_khz else <float>0.0
        amplitude[j] = gain
        power += <float>(0.5 + 0.5 * SKIRT * SKIRT) * gain * gain
        width = fmin_(fmax_(<float>100.0 * c.linear[(P_B + j) * c.stride + i], <float>50.0), <float>300.0)
        density = fmax_(density, <float>0.5 * gain * gain / width)
    # the floor is 28 dB below the strongest band at 8 kHz; its rms is sqrt(20/3)
    floor = <float>0.0398 * sqrtf(density) * c.floor_of_density
    gain = c.x[P_BREATH * c.stride + i] / sqrtf(power + <float>6.6666667 * floor * floor)
    floor *= gain
    if fresh:
        state[0].floor = floor
    state[1].floor, state[0].floor = state[0].floor, floor   # at the start of the hop, and at its end
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


# One band over one hop: the noise is a cubic of the elapsed share of the hop. Passed by value, to stay in registers.
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


cdef inline float band(cubic_t f, uint32_t i, float x, float w) noexcept nogil:
    """gain · (noise + w) · cos(carrier) at frame i; x is i as a float."""
    cdef float u = x * <float>(1.0 / HOP)
    return (f.gain + x * f.gain_step) * (f.c0 + w + u * (f.c1 + u * (f.c2 + u * f.c3))) * cos_phase(
        f.phase + i * f.inc + ((i * (i - 1)) >> 1) * f.step)


cdef inline void add_band(out_t y, in_t pulse, in_t w, cubic_t f) noexcept nogil:
    cdef int i
    for i in range(HOP):
        y[i] += pulse[i] * band(f, <uint32_t>i, <float>i, w[i])


cdef inline void add_bands_5(out_t y, in_t pulse, in_t w, in_t z, cubic_t f, cubic_t g, cubic_t h, cubic_t k,
                             cubic_t l) noexcept nogil:
    cdef uint32_t n
    cdef float x
    cdef int i
    for i in range(HOP):
        n = <uint32_t>i
        x = <float>i
        y[i] += pulse[i] * (band(f, n, x, w[i]) + band(g, n, x, z[i]) + band(h, n, x, w[i]) + (
            band(k, n, x, z[i]) + band(l, n, x, w[i])))


cdef inline void voice_share(out_t y, float voiced, float step) noexcept nogil:
    """Scale the voiced part."""
    cdef int i
    for i in range(HOP):
        y[i] *= voiced + <float>i * step


cdef inline void fill_pulse(out_t pulse, in_t c1, in_t s, float voiced, float step) noexcept nogil:
    """Gain of the noise: 1 a tenth of a period after the pulse, 1 - 2/3 voiced half a period later."""
    cdef int i
    for i in range(HOP):
        pulse[i] = <float>1.0 + (voiced + <float>i * step) * (
            <float>0.26967233 * c1[i] + <float>0.19592842 * s[i] - <float>0.06366100)


cdef inline float clipped(float u) noexcept nogil:
    return fmin_(fmax_(u, <float>0.0), <float>1.0)


cdef inline void fill_lines(out_t w, float a, float b, float c, float d, float e) noexcept nogil:
    """Straight lines through five values, 16 frames apart."""
    cdef float u
    cdef int i
    for i in range(HOP):
        u = <float>i * <float>(1.0 / 16.0)
        w[i] = a + (b - a) * clipped(u) + (c - b) * clipped(u - <float>1.0) + (
            (d - c) * clipped(u - <float>2.0) + (e - d) * clipped(u - <float>3.0))


cdef inline float knot(uint32_t seed, uint32_t i) noexcept nogil:
    return SKIRT * SKIRT_RMS * <float>white(seed, i)


cdef inline void fill_skirt(float* w, uint32_t seed, uint32_t frame) noexcept nogil:
    """Noise of the skirts: hashed values every 16 frames, joined by straight lines."""
    cdef uint32_t i = frame // 16
    fill_lines(w, knot(seed, i), knot(seed, i + 1), knot(seed, i + 2), knot(seed, i + 3), knot(seed, i + 4))


cdef inline float even(uint32_t seed, uint32_t frame) noexcept nogil:
    """A uniform value in -1 … 1 as a float."""
    return <float>(<int32_t>(mix32(seed, frame) ^ <uint32_t>0x80000000)) * <float>4.656612873077393e-10


cdef inline void fill_white(out_t u, uint32_t seed, uint32_t frame) noexcept nogil:
    cdef int i
    for i in range(HOP):
        u[i] = even(seed, frame + <uint32_t>i)


cdef inline void add_floor(out_t y, in_t pulse, in_t u, in_t before, in_t third, in_t last, float gain,
                           float step) noexcept nogil:
    cdef int i
    for i in range(HOP):
        y[i] += pulse[i] * (gain + <float>i * step) * ((u[i] + last[i]) + <float>3.0 * (before[i] + third[i]))


cdef inline void floor_of(float* y, const float* pulse, const wind_t* wind) noexcept nogil:
    """Add the white floor. Its taps are those of four frames: of this one and of the three before it."""
    cdef float[HOP + 4] u
    fill_white(u + 4, wind.seed + 13, wind.frame)
    u[1] = even(wind.seed + 13, wind.frame - 3)
    u[2] = even(wind.seed + 13, wind.frame - 2)
    u[3] = even(wind.seed + 13, wind.frame - 1)
    add_floor(y, pulse, u + 4, u + 3, u + 2, u + 1, wind.floor, wind.floor_step)


cdef inline void floor_hop(out_t y, const voice_hop_t* hop, const wind_t* wind) noexcept nogil:
    """Add the white floor alone to a voice, y float32[HOP]."""
    cdef row_t pulse
    fill_pulse(pulse, hop.shared.c1, hop.shared.s, wind.voiced, wind.voiced_step)
    floor_of(y, pulse, wind)


cdef inline void breathe(out_t y, const voice_hop_t* hop, const band_hop_t* bands, const wind_t* wind) noexcept nogil:
    """Scale the voiced sound in y, float32[HOP]; add five unvoiced bands with their skirts, and the floor."""
    cdef row_t pulse
    cdef row_t w
    cdef row_t z
    cdef int j
    voice_share(y, wind.voiced, wind.voiced_step)
    fill_pulse(pulse, hop.shared.c1, hop.shared.s, wind.voiced, wind.voiced_step)
    fill_skirt(w, wind.seed + 11, wind.frame)
    fill_skirt(z, wind.seed + 12, wind.frame)
    if JOINED:
        add_bands_5(y, pulse, w, z, cubic(&bands[0]), cubic(&bands[1]), cubic(&bands[2]), cubic(&bands[3]), cubic(&bands[4]))
    else:
        for j in range(FORMANTS):
            add_band(y, pulse, &z[0] if j & 1 else &w[0], cubic(&bands[j]))
    if wind.floor != <float>0.0 or wind.floor_step != <float>0.0:
        floor_of(y, pulse, wind)
