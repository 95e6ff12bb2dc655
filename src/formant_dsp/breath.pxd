# Unvoiced bands of one voice: low-pass noise on a carrier at each formant's centre (no filter, no state but time).
#
# The noise is the cubic B-spline of noise.pxd at 2.198 knots a second for each Hz of width (spectrum sinc^4, half power
# at ±B/2); between the ends of a hop it is the Hermite cubic with the same values and slopes. Widths are held within
# 50 … 300 Hz: narrower ones whistle, wider ones would turn faster than a hop can follow.

from libc.math cimport sqrt
from libc.stdint cimport int32_t, int64_t, uint32_t

from formant_dsp.exp2 cimport exp2_double, fmax_, fmin_
from formant_dsp.kernels cimport band_hop_t, control_t
from formant_dsp.noise cimport mix32, spline_at
from formant_dsp.params cimport FORMANTS, HOP, P_A, P_B, P_BREATH, P_F

ctypedef struct band_t:
    double position       # on the noise, knots
    uint32_t phase
    uint32_t increment
    float n, m            # noise and its slope (per hop) at the start of the hop
    float gain


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
    gain = c.x[P_BREATH * c.stride + i] / <float>sqrt(power)
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
