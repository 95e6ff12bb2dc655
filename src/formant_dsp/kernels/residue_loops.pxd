# The residue voice ("natural"), one hop: a sum of decaying poles, periodic over f0; at high pitch a sum of harmonics.

from libc.math cimport sqrt
from libc.stdint cimport int32_t, uint32_t
from libc.string cimport memset

from formant_dsp.kernels.control_loops cimport fade
from formant_dsp.kernels.exp2 cimport exp2_double, exp2_poly
from formant_dsp.kernels.fm_loops cimport fill_phase, fill_shared
from formant_dsp.kernels.table cimport (din_t, dout_t, harmonics_t, in_t, out_t, phase_row_t, phase_t, poles_t, row_t, tract_t,
                                       voice_hop_t)
from formant_dsp.kernels.rows cimport (FORMANTS, HARMONICS, HOP, LANES, R_BELL, R_INDEX, R_NU, R_SKIRT, R_SKIRT_R, R_TILT,
                                 R_TILT_DECAY, R_VOICING, R_VOICING_R)
from formant_dsp.kernels.sine cimport sin_double, sin_turns, turns

cdef extern from "native/vec.h" nogil:
    double dmax "formant_dmax"(double, double) noexcept


cdef inline void fill_period(out_t period, phase_t phase) noexcept nogil:
    """Phase as a float, 0 … 1 over a period."""
    cdef int i
    for i in range(HOP):
        period[i] = turns(phase[i] ^ <uint32_t>0x80000000) + <float>0.5


cdef inline void add_residue(out_t y, phase_t phase, in_t period, const voice_hop_t* hop, int j) noexcept nogil:
    """Add pole pair j of the residue voice: gain · 2^(decay·φ) · cos 2π(ν φ + ψ), φ = 0 … 1 over a period.

    The integer part of ν is multiplied with the integer phase, which is exact. In float32, ν φ would have an error of
    some 1e-6 turns.
    """
    cdef int nu_at = (R_NU + j) * hop.stride, k_at = (R_INDEX + j) * hop.stride
    cdef int b_at = (R_BELL + j) * hop.stride, q_at = (R_SKIRT + j) * hop.stride
    cdef float nu0 = hop.start[nu_at], k0 = hop.start[k_at], b0 = hop.start[b_at], q0 = hop.start[q_at]
    cdef float nu_step = (hop.end[nu_at] - nu0) * <float>(1.0 / HOP), k_step = (hop.end[k_at] - k0) * <float>(1.0 / HOP)
    cdef float b_step = (hop.end[b_at] - b0) * <float>(1.0 / HOP), q_step = (hop.end[q_at] - q0) * <float>(1.0 / HOP)
    cdef float x, nu
    cdef int32_t n
    cdef int i
    for i in range(HOP):
        x = <float>i
        nu = nu0 + x * nu_step
        n = <int32_t>nu
        y[i] += (b0 + x * b_step) * exp2_poly((k0 + x * k_step) * period[i]) * sin_turns(
            turns(<uint32_t>n * phase[i]) + ((nu - <float>n) * period[i] + (q0 + x * q_step) + <float>0.25))


cdef inline void set_decay(out_t y, in_t period, float k0, float k1, float g0, float g1) noexcept nogil:
    """Set y to the real pole of the slope: gain · 2^(decay·φ). The caller subtracts the mean."""
    cdef float k_step = (k1 - k0) * <float>(1.0 / HOP), g_step = (g1 - g0) * <float>(1.0 / HOP)
    cdef int i
    for i in range(HOP):
        y[i] = (g0 + <float>i * g_step) * exp2_poly((k0 + <float>i * k_step) * period[i])


cdef inline void add_decay(out_t y, in_t period, const voice_hop_t* hop) noexcept nogil:
    """Add the real pole of the tilt: gain · 2^(decay·φ). At a tilt of 0 its gain is 0 and it is skipped."""
    cdef int g_at = R_TILT * hop.stride, k_at = R_TILT_DECAY * hop.stride
    cdef float k0 = hop.start[k_at], g0 = hop.start[g_at]
    cdef float k_step = (hop.end[k_at] - k0) * <float>(1.0 / HOP), g_step = (hop.end[g_at] - g0) * <float>(1.0 / HOP)
    cdef float x
    cdef int i
    if g0 == <float>0.0 and hop.end[g_at] == <float>0.0:
        return
    for i in range(HOP):
        x = <float>i
        y[i] += (g0 + x * g_step) * exp2_poly((k0 + x * k_step) * period[i])


cdef inline void subtract(out_t y, float x0, float x1) noexcept nogil:
    cdef float step = (x1 - x0) * <float>(1.0 / HOP)
    cdef int i
    for i in range(HOP):
        y[i] -= x0 + <float>i * step


cdef inline void close_period(out_t y, in_t period, float gap) noexcept nogil:
    """Remove the step at the end of a period by subtracting a line over the period. The share of `gap` that is removed
    is a parabola over the hop: all in the middle, none at the ends."""
    cdef float x
    cdef int i
    for i in range(HOP):
        x = <float>i
        y[i] -= gap * <float>(4.0 / HOP / HOP) * (x * (<float>HOP - x)) * (period[i] - <float>0.5)


cdef inline void two_harmonics(out_t re, out_t im, in_t c1, in_t s, const harmonics_t* h, int m) noexcept nogil:
    """Two steps of Horner's rule in z = e^{iθ}, for harmonics m + 1 and m (indices m and m - 1)."""
    cdef float a = h.re0[m], b = h.im0[m], c = h.re0[m - 1], d = h.im0[m - 1], x, r, q, t
    cdef float a_step = (h.re[m] - a) * <float>(1.0 / HOP), b_step = (h.im[m] - b) * <float>(1.0 / HOP)
    cdef float c_step = (h.re[m - 1] - c) * <float>(1.0 / HOP), d_step = (h.im[m - 1] - d) * <float>(1.0 / HOP)
    cdef int i
    for i in range(HOP):
        x = <float>i
        r = re[i] + (a + x * a_step)
        q = im[i] + (b + x * b_step)
        t = r + (r * c1[i] - q * s[i]) + (c + x * c_step)
        q = q + (r * s[i] + q * c1[i]) + (d + x * d_step)
        re[i] = t + (t * c1[i] - q * s[i])
        im[i] = q + (t * s[i] + q * c1[i])


cdef inline void set_harmonics(out_t y, in_t c1, in_t s, const harmonics_t* h) noexcept nogil:
    """Set y to the residue voice at high pitch: Re Σ h_m e^{imθ}."""
    cdef row_t im
    cdef int m = (h.count if h.count > h.started else h.started) - 1
    memset(y, 0, HOP * sizeof(float))
    memset(im, 0, HOP * sizeof(float))
    while m > 0:
        two_harmonics(y, im, c1, s, h, m)
        m -= 2


cdef inline void powers(dout_t power, const tract_t* tract, int n) noexcept nogil:
    """|H(i2πm f0)|² of a tract for m = 1 … n: writes float64[n]."""
    cdef double w2, x, below
    cdef double p = tract.square[0], q = tract.square[1], r = tract.square[2], u = tract.square[3], v = tract.square[4]
    cdef double dp = tract.damping[0], dq = tract.damping[1], dr = tract.damping[2], du = tract.damping[3], dv = tract.damping[4]
    cdef double slope = tract.slope * tract.slope, tilt = tract.tilt * tract.tilt, neutral = tract.neutral * tract.neutral
    cdef double f0 = tract.w
    cdef int m
    dp, dq, dr, du, dv = dp * dp, dq * dq, dr * dr, du * du, dv * dv
    for m in range(n):
        x = <double>(m + 1) * f0
        w2 = x * x
        x = 1.0 - w2 * p
        below = (1.0 + w2 * slope) * (x * x + w2 * dp)
        x = 1.0 - w2 * q
        below *= x * x + w2 * dq
        x = 1.0 - w2 * r
        below *= x * x + w2 * dr
        x = 1.0 - w2 * u
        below *= x * x + w2 * du
        x = 1.0 - w2 * v
        below *= (1.0 + w2 * tilt) * (x * x + w2 * dv)
        power[m] = (1.0 + w2 * neutral) / below


cdef inline double atan_small(double x) noexcept nogil:
    """atan x for |x| <= 0.42, error below 1e-9 (Taylor series)."""
    cdef double q = x * x
    return x * (1.0 - q * (1.0 / 3.0 - q * (1.0 / 5.0 - q * (1.0 / 7.0 - q * (1.0 / 9.0 - q * (1.0 / 11.0 - q * (
        1.0 / 13.0 - q * (1.0 / 15.0 - q * (1.0 / 17.0 - q * (1.0 / 19.0 - q * (1.0 / 21.0)))))))))))


cdef inline void turn_poles(dout_t gains, dout_t turns, din_t f, din_t decay, din_t size, din_t turn, double t) noexcept nogil:
    """Gain and phase (turns) of c/(1 - e^{pT}) for each residue c. The angle of 1 - e^{pT} is halved twice."""
    cdef double e, x, y, r, s
    cdef int j
    for j in range(LANES):
        e = exp2_double(dmax(decay[j] * t, -900.0))
        x = 1.0 - e * sin_double(f[j] * t + 0.25)
        y = -e * sin_double(f[j] * t)
        r = sqrt(x * x + y * y)
        gains[j] = size[j] / r
        s = y / (r + x)
        turns[j] = turn[j] - 0.6366197723675814 * atan_small(s / (1.0 + sqrt(1.0 + s * s)))


cdef inline void poles_at(dout_t gains, dout_t turns, const poles_t* poles, double period_ms) noexcept nogil:
    turn_poles(gains, turns, poles.f, poles.decay, poles.size, poles.turn, period_ms)


cdef inline void tones(out_t re, out_t im, const tract_t* tract) noexcept nogil:
    """H(i2πm f0) of a tract for m = 1 … HARMONICS, faded out before half the sample rate: writes float32[HARMONICS].

    The denominator is computed in two halves, because its square would not fit into a float.
    """
    cdef float w, w2, x, y, a, b, c, d, t, scale
    cdef float p = <float>tract.square[0], q = <float>tract.square[1], r = <float>tract.square[2]
    cdef float u = <float>tract.square[3], v = <float>tract.square[4]
    cdef float dp = <float>tract.damping[0], dq = <float>tract.damping[1], dr = <float>tract.damping[2]
    cdef float du = <float>tract.damping[3], dv = <float>tract.damping[4]
    cdef float slope = <float>tract.slope, tilt = <float>tract.tilt, neutral = <float>tract.neutral
    cdef float f0 = <float>tract.w, near = <float>tract.per_half_rate
    cdef int m
    for m in range(HARMONICS):
        w = <float>(m + 1) * f0
        w2 = w * w
        a, b = <float>1.0, w * slope                    # the slope's pole and two pairs
        x, y = <float>1.0 - w2 * p, w * dp
        a, b = a * x - b * y, a * y + b * x
        x, y = <float>1.0 - w2 * q, w * dq
        a, b = a * x - b * y, a * y + b * x
        c, d = <float>1.0, w * tilt                     # the tilt's pole and three pairs
        x, y = <float>1.0 - w2 * r, w * dr
        c, d = c * x - d * y, c * y + d * x
        x, y = <float>1.0 - w2 * u, w * du
        c, d = c * x - d * y, c * y + d * x
        x, y = <float>1.0 - w2 * v, w * dv
        c, d = c * x - d * y, c * y + d * x
        scale = fade(<float>(m + 1) * near) / (a * a + b * b)
        t = w * neutral                                 # (1 + i t)/(a + ib)
        x, y = (a + t * b) * scale, (t * a - b) * scale
        scale = <float>1.0 / (c * c + d * d)
        re[m] = (x * c + y * d) * scale
        im[m] = (y * c - x * d) * scale


cdef inline void voice_natural(out_t y, const voice_hop_t* hop) noexcept nogil:
    """The residue voice: periodic steady state of five pole pairs and two real poles. Overwrites y, float32[HOP]."""
    cdef phase_row_t phase
    cdef row_t period
    cdef row_t s
    cdef const float* a = hop.start
    cdef const float* b = hop.end
    cdef int j, k = R_SKIRT_R * hop.stride, g = R_VOICING * hop.stride, dc = R_VOICING_R * hop.stride
    fill_phase(phase, hop)
    if hop.harmonics != NULL:
        fill_shared(period, s, phase)
        set_harmonics(y, period, s, hop.harmonics)
        return
    fill_period(period, phase)
    set_decay(y, period, a[k], b[k], a[g], b[g])
    add_decay(y, period, hop)
    for j in range(FORMANTS):
        add_residue(y, phase, period, hop, j)
    subtract(y, a[dc], b[dc])
    close_period(y, period, hop.gap)
