# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The sample loops and the control pass, written once and compiled once for each instruction set.

A loop here has a fixed length (one hop of 64 frames, or a row of voices), no branch on a parameter, no double and no
call that is not inlined: the compiler vectorises every one of them (`make vectorised` reads its report).
Everything is a function of one phase a voice, so frames are independent of each other; the only running sum is that
phase, and it is an integer polynomial of the frame number: exact, and it wraps for free.

Formulas: ModFM (Lazzarini & Timoney, JAES 58(6), 2010) with two neighbouring harmonic carriers, phase-synchronous as
in PAF (Puckette, JAES 43, 1995) and in Chafe's glitch-free voice (2013); skirt and voicing lobe are Poisson kernels
(Moorer's discrete summation, JAES 24, 1976). Carriers are sines: same spectrum as cosines, no DC.
docs/voice.md derives them; reference.py is the same in float64.
"""

from cpython.pycapsule cimport PyCapsule_New
from libc.math cimport sqrtf
from libc.stdint cimport int32_t, uint32_t
from libc.string cimport memcpy, memset

from formant_dsp.exp2 cimport (bits, exp2_double, exp2_poly, fmax_, fmin_, from_bits, log2_exponent, log2_mantissa, log2_series,
                               round_positive)
from formant_dsp.kernels cimport (ISA_NAME, band_hop_t, colour_t, control_t, din_t, dout_t, harmonics_t, in_t, kernel_table, out_t, phase_row_t, phase_t, row_t, tract_t, voice_hop_t,
                                  words_t)
from formant_dsp.params cimport (CHOWNING, FORMANTS, HARMONICS, HOP, L_PER_WIDTH, MODFM, NATURAL, P_A, P_B, P_F, P_KIND, P_LEVEL, P_RESONANCE, P_SKIRT,
                                 P_SKIRT_WIDTH, POISSON, P_VIBRATO, P_VOICING, P_VOICING_WIDTH, R_BELL, R_INDEX, R_NU, R_SKIRT,
                                 R_SKIRT_R, R_TILT, R_TILT_DECAY, R_VOICING, R_VOICING_R, ROWS, VOICE)
from formant_dsp.sine cimport carriers, carriers_at, cos_half, cos_phase, sin_double, sin_half, sin_turns, turns

cdef extern from "native/vec.h" nogil:
    int32_t maxi "formant_maxi"(int32_t, int32_t) noexcept
    double dmax "formant_dmax"(double, double) noexcept
    double dmin "formant_dmin"(double, double) noexcept
    enum: JOINED "FORMANT_JOINED"


# --- per frame: one voice, one hop ---------------------------------------------------------------------------------

cdef inline void fill_phase(uint32_t* phase, const voice_hop_t* hop) noexcept nogil:
    """phase_n = phase_0 + n·inc + n(n-1)/2·step, in exact modular arithmetic."""
    cdef uint32_t start = hop.phase, inc = hop.increment, step = <uint32_t>hop.increment_step, i
    for i in range(HOP):
        phase[i] = start + i * inc + ((i * (i - 1)) >> 1) * step


cdef inline void fill_shared(out_t c1, out_t s, phase_t phase) noexcept nogil:
    """c1 = cos θ - 1 (as -2 sin² θ/2: exact where the pulse peaks) and s = sin θ of the fundamental."""
    cdef int i
    cdef float t, half
    for i in range(HOP):
        t = turns(phase[i])
        half = sin_half(t, t * t)
        c1[i] = <float>-2.0 * half * half
        s[i] = <float>2.0 * half * cos_half(t * t)


cdef inline void fill_poisson(out_t p, in_t c1, float r0, float r1) noexcept nogil:
    """Poisson kernel of the skirt, ratio r0 … r1 over the hop: harmonics r^|n|, spectral peak 1."""
    cdef float step = (r1 - r0) * <float>(1.0 / HOP), r, a
    cdef int i
    for i in range(HOP):
        r = r0 + <float>i * step
        a = <float>1.0 - r
        p[i] = (a * (<float>1.0 + r)) / (a * a - <float>2.0 * r * c1[i])


cdef inline void set_voicing(out_t y, in_t c1, in_t s, float r0, float r1, float g0, float g1) noexcept nogil:
    """Voicing lobe: harmonic m gets gain · r^(m-1), m = 1, 2, 3 …: the energy below F1 that band-pass lobes lack."""
    cdef float r_step = (r1 - r0) * <float>(1.0 / HOP), g_step = (g1 - g0) * <float>(1.0 / HOP), r, a
    cdef int i
    for i in range(HOP):
        r = r0 + <float>i * r_step
        a = <float>1.0 - r
        y[i] = (g0 + <float>i * g_step) * s[i] / (a * a - <float>2.0 * r * c1[i])


# One formant over one hop: what it starts with, and a step a frame. By value, so that it lives in registers.
ctypedef struct ramps_t:
    float nu, nu_step, index, index_step, bell, bell_step, skirt, skirt_step


cdef inline ramps_t ramps(const voice_hop_t* hop, int j) noexcept nogil:
    cdef ramps_t f
    cdef int nu = (R_NU + j) * hop.stride, k = (R_INDEX + j) * hop.stride
    cdef int b = (R_BELL + j) * hop.stride, q = (R_SKIRT + j) * hop.stride
    f.nu, f.nu_step = hop.start[nu], (hop.end[nu] - hop.start[nu]) * <float>(1.0 / HOP)
    f.index, f.index_step = hop.start[k], (hop.end[k] - hop.start[k]) * <float>(1.0 / HOP)
    f.bell, f.bell_step = hop.start[b], (hop.end[b] - hop.start[b]) * <float>(1.0 / HOP)
    f.skirt, f.skirt_step = hop.start[q], (hop.end[q] - hop.start[q]) * <float>(1.0 / HOP)
    return f


cdef inline float pair(ramps_t f, float x, uint32_t phase, float c1, float s) noexcept nogil:
    """The two carriers of one formant at frame x: (1-w) sin Nθ + w sin (N+1)θ, N and w from the centre ν."""
    cdef float nu = f.nu + x * f.nu_step
    cdef int32_t n = <int32_t>nu
    return carriers(<uint32_t>n * phase, nu - <float>n, c1, s)


cdef inline float bell(ramps_t f, float x, float c1) noexcept nogil:
    """The ModFM pulse of one formant at frame x: bell·e^{k(cos θ-1)}."""
    return (f.bell + x * f.bell_step) * exp2_poly((f.index + x * f.index_step) * c1)


cdef inline float plain(ramps_t f, float x, uint32_t phase, float c1, float s) noexcept nogil:
    return bell(f, x, c1) * pair(f, x, phase, c1, s)


cdef inline float skirted(ramps_t f, float x, uint32_t phase, float c1, float s, float p) noexcept nogil:
    return (bell(f, x, c1) + (f.skirt + x * f.skirt_step) * p) * pair(f, x, phase, c1, s)


cdef inline float straight(ramps_t f, float x, uint32_t phase, float c1, float s) noexcept nogil:
    """Poisson pulse, index is r: bell·P_r(θ) times the pair; skirts fall 6 dB per bandwidth."""
    cdef float r = f.index + x * f.index_step
    cdef float a = <float>1.0 - r
    return (f.bell + x * f.bell_step) * (a * (<float>1.0 + r)) / (a * a - <float>2.0 * r * c1) * pair(f, x, phase, c1, s)


cdef inline float classic(ramps_t f, float x, uint32_t phase, float c1, float s) noexcept nogil:
    """Classic FM, I = 2π·index: (1-w) sin(Nθ + I sin θ) + w sin((N+1)θ + I sin θ) (Chowning 1980, even/odd carriers)."""
    cdef float nu = f.nu + x * f.nu_step
    cdef int32_t n = <int32_t>nu
    cdef float t = turns(<uint32_t>n * phase) + (f.index + x * f.index_step) * s
    return (f.bell + x * f.bell_step) * carriers_at(
        t - ((t + <float>12582912.0) - <float>12582912.0), nu - <float>n, c1, s)


# Each kind of formant as two loops: one formant a pass (wide vectors), or all five in one (JOINED, native/vec.h). Writing
# y once instead of adding to it is worth 8 % of plain ModFM with AVX2; with skirts it costs 5 %: too many registers.

cdef inline void add_plain(out_t y, phase_t phase, in_t c1, in_t s, ramps_t f) noexcept nogil:
    cdef int i
    for i in range(HOP):
        y[i] += plain(f, <float>i, phase[i], c1[i], s[i])


cdef inline void set_plain_5(out_t y, phase_t phase, in_t c1, in_t s, ramps_t f, ramps_t g, ramps_t h, ramps_t k,
                             ramps_t l) noexcept nogil:
    cdef float x
    cdef int i
    for i in range(HOP):
        x = <float>i
        y[i] = plain(f, x, phase[i], c1[i], s[i]) + plain(g, x, phase[i], c1[i], s[i]) + plain(h, x, phase[i], c1[i], s[i]) + (
            plain(k, x, phase[i], c1[i], s[i]) + plain(l, x, phase[i], c1[i], s[i]))


cdef inline void add_skirted(out_t y, phase_t phase, in_t c1, in_t s, in_t p, ramps_t f) noexcept nogil:
    cdef int i
    for i in range(HOP):
        y[i] += skirted(f, <float>i, phase[i], c1[i], s[i], p[i])


cdef inline void add_skirted_5(out_t y, phase_t phase, in_t c1, in_t s, in_t p, ramps_t f, ramps_t g, ramps_t h, ramps_t k,
                               ramps_t l) noexcept nogil:
    cdef float x
    cdef int i
    for i in range(HOP):
        x = <float>i
        y[i] += skirted(f, x, phase[i], c1[i], s[i], p[i]) + skirted(g, x, phase[i], c1[i], s[i], p[i]) + skirted(
            h, x, phase[i], c1[i], s[i], p[i]) + (skirted(k, x, phase[i], c1[i], s[i], p[i]) + skirted(
                l, x, phase[i], c1[i], s[i], p[i]))


cdef inline void add_straight(out_t y, phase_t phase, in_t c1, in_t s, ramps_t f) noexcept nogil:
    cdef int i
    for i in range(HOP):
        y[i] += straight(f, <float>i, phase[i], c1[i], s[i])


cdef inline void set_straight_5(out_t y, phase_t phase, in_t c1, in_t s, ramps_t f, ramps_t g, ramps_t h, ramps_t k,
                                ramps_t l) noexcept nogil:
    cdef float x
    cdef int i
    for i in range(HOP):
        x = <float>i
        y[i] = straight(f, x, phase[i], c1[i], s[i]) + straight(g, x, phase[i], c1[i], s[i]) + straight(
            h, x, phase[i], c1[i], s[i]) + (straight(k, x, phase[i], c1[i], s[i]) + straight(l, x, phase[i], c1[i], s[i]))


cdef inline void add_classic(out_t y, phase_t phase, in_t c1, in_t s, ramps_t f) noexcept nogil:
    cdef int i
    for i in range(HOP):
        y[i] += classic(f, <float>i, phase[i], c1[i], s[i])


cdef inline void set_classic_5(out_t y, phase_t phase, in_t c1, in_t s, ramps_t f, ramps_t g, ramps_t h, ramps_t k,
                               ramps_t l) noexcept nogil:
    cdef float x
    cdef int i
    for i in range(HOP):
        x = <float>i
        y[i] = classic(f, x, phase[i], c1[i], s[i]) + classic(g, x, phase[i], c1[i], s[i]) + classic(
            h, x, phase[i], c1[i], s[i]) + (classic(k, x, phase[i], c1[i], s[i]) + classic(l, x, phase[i], c1[i], s[i]))


cdef void voice_full(out_t y, const voice_hop_t* hop) noexcept nogil:
    """The complete voice: voicing lobe and five formants with skirts. y float32[HOP] is overwritten."""
    cdef phase_row_t phase
    cdef row_t c1
    cdef row_t s
    cdef row_t p
    cdef const float* a = hop.start
    cdef const float* b = hop.end
    cdef int j, skirt_r = R_SKIRT_R * hop.stride, r = R_VOICING_R * hop.stride, g = R_VOICING * hop.stride
    fill_phase(phase, hop)
    fill_shared(c1, s, phase)
    fill_poisson(p, c1, a[skirt_r], b[skirt_r])
    set_voicing(y, c1, s, a[r], b[r], a[g], b[g])
    if JOINED:
        add_skirted_5(y, phase, c1, s, p, ramps(hop, 0), ramps(hop, 1), ramps(hop, 2), ramps(hop, 3), ramps(hop, 4))
    else:
        for j in range(FORMANTS):
            add_skirted(y, phase, c1, s, p, ramps(hop, j))


cdef void voice_modfm(out_t y, const voice_hop_t* hop) noexcept nogil:
    """Five plain ModFM formants. y float32[HOP] is overwritten."""
    cdef phase_row_t phase
    cdef row_t c1
    cdef row_t s
    cdef int j
    fill_phase(phase, hop)
    fill_shared(c1, s, phase)
    if JOINED:
        set_plain_5(y, phase, c1, s, ramps(hop, 0), ramps(hop, 1), ramps(hop, 2), ramps(hop, 3), ramps(hop, 4))
    else:
        memset(y, 0, HOP * sizeof(float))
        for j in range(FORMANTS):
            add_plain(y, phase, c1, s, ramps(hop, j))


cdef void voice_fm(out_t y, const voice_hop_t* hop) noexcept nogil:
    """Five classic FM formants. y float32[HOP] is overwritten."""
    cdef phase_row_t phase
    cdef row_t c1
    cdef row_t s
    cdef int j
    fill_phase(phase, hop)
    fill_shared(c1, s, phase)
    if JOINED:
        set_classic_5(y, phase, c1, s, ramps(hop, 0), ramps(hop, 1), ramps(hop, 2), ramps(hop, 3), ramps(hop, 4))
    else:
        memset(y, 0, HOP * sizeof(float))
        for j in range(FORMANTS):
            add_classic(y, phase, c1, s, ramps(hop, j))


cdef void voice_poisson(out_t y, const voice_hop_t* hop) noexcept nogil:
    """Five formants with Poisson pulses. y float32[HOP] is overwritten."""
    cdef phase_row_t phase
    cdef row_t c1
    cdef row_t s
    cdef int j
    fill_phase(phase, hop)
    fill_shared(c1, s, phase)
    if JOINED:
        set_straight_5(y, phase, c1, s, ramps(hop, 0), ramps(hop, 1), ramps(hop, 2), ramps(hop, 3), ramps(hop, 4))
    else:
        memset(y, 0, HOP * sizeof(float))
        for j in range(FORMANTS):
            add_straight(y, phase, c1, s, ramps(hop, j))


cdef inline void fill_period(out_t period, phase_t phase) noexcept nogil:
    """Phase as a float in 0 … 1 of a period."""
    cdef int i
    for i in range(HOP):
        period[i] = turns(phase[i] ^ <uint32_t>0x80000000) + <float>0.5


cdef inline void add_residue(out_t y, phase_t phase, in_t period, const voice_hop_t* hop, int j) noexcept nogil:
    """Pole pair j of the residue voice: gain · 2^(decay·φ) · cos 2π(ν φ + ψ), φ = 0 … 1 of a period.

    The whole part of ν times the phase is exact; ν φ in float32 would be off by some 1e-6 turns.
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
    """The real pole of the residue voice: gain · 2^(decay·φ), less its mean."""
    cdef float k_step = (k1 - k0) * <float>(1.0 / HOP), g_step = (g1 - g0) * <float>(1.0 / HOP)
    cdef int i
    for i in range(HOP):
        y[i] = (g0 + <float>i * g_step) * exp2_poly((k0 + <float>i * k_step) * period[i])


cdef inline void add_decay(out_t y, in_t period, const voice_hop_t* hop) noexcept nogil:
    """The pole of the residue voice's tilt: gain · 2^(decay·φ). At a tilt of 0 it is not there."""
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
    """Takes a step at the end of a period out, by a line over the period: all of it in the middle of the hop, a parabola."""
    cdef float x
    cdef int i
    for i in range(HOP):
        x = <float>i
        y[i] -= gap * <float>(4.0 / HOP / HOP) * (x * (<float>HOP - x)) * (period[i] - <float>0.5)


cdef inline void two_harmonics(out_t re, out_t im, in_t c1, in_t s, const harmonics_t* h, int m) noexcept nogil:
    """Two steps of Horner's rule in z = e^{iθ}: harmonics m and m - 1."""
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
    """The residue voice at high pitch: Re Σ h_m e^{imθ}."""
    cdef row_t im
    cdef int m = (h.count if h.count > h.started else h.started) - 1
    memset(y, 0, HOP * sizeof(float))
    memset(im, 0, HOP * sizeof(float))
    while m > 0:
        two_harmonics(y, im, c1, s, h, m)
        m -= 2


cdef void powers(dout_t power, const tract_t* tract, int n) noexcept nogil:
    """|H(i2πm f0)|² of a tract for m = 1 … n."""
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


cdef void tones(out_t re, out_t im, const tract_t* tract) noexcept nogil:
    """H(i2πm f0) of a tract for m = 1 … HARMONICS, faded out before half the sample rate.

    The denominator in two halves, as its square would not fit into a float.
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
        a, b = <float>1.0, w * slope                    # slope and two pairs
        x, y = <float>1.0 - w2 * p, w * dp
        a, b = a * x - b * y, a * y + b * x
        x, y = <float>1.0 - w2 * q, w * dq
        a, b = a * x - b * y, a * y + b * x
        c, d = <float>1.0, w * tilt                     # tilt and three pairs
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


cdef void voice_natural(out_t y, const voice_hop_t* hop) noexcept nogil:
    """The residue voice: periodic steady state of five pole pairs and a real pole. y float32[HOP] is overwritten."""
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


# --- per frame: a voice with zing or symmetry -----------------------------------------------------------------------
#
# The pulse of a formant is that of the plain voice; its carriers run on a bent phase θ' = θ + π·warp·(1 - cos θ), and
# what modulates the pair (zing) is added to the pulse, so both share one pair of carriers.


cdef inline void bend_phase(uint32_t* bent, phase_t phase, in_t c1, float w0, float w1) noexcept nogil:
    """Phase of the carriers: ahead by warp/2·(1 - cos θ) turns, so by nothing at 0 and by warp after half a period."""
    cdef float step = (w1 - w0) * <float>(1.0 / HOP)
    cdef int i
    for i in range(HOP):
        bent[i] = phase[i] + <uint32_t><int32_t>(<float>-2147483648.0 * c1[i] * (w0 + <float>i * step))


cdef inline void fill_ring(out_t ring, in_t s, float a0, float a1, float b0, float b1) noexcept nogil:
    """What a pair is multiplied by: a + b·sin θ'."""
    cdef float a_step = (a1 - a0) * <float>(1.0 / HOP), b_step = (b1 - b0) * <float>(1.0 / HOP)
    cdef int i
    for i in range(HOP):
        ring[i] = a0 + <float>i * a_step + (b0 + <float>i * b_step) * s[i]


cdef inline void add_fundamental(out_t y, in_t s, float g0, float g1) noexcept nogil:
    cdef float step = (g1 - g0) * <float>(1.0 / HOP)
    cdef int i
    for i in range(HOP):
        y[i] += (g0 + <float>i * step) * s[i]


cdef inline void pulse_modfm(out_t pulse, in_t c1, ramps_t f) noexcept nogil:
    cdef int i
    for i in range(HOP):
        pulse[i] = bell(f, <float>i, c1[i])


cdef inline void pulse_skirted(out_t pulse, in_t c1, in_t p, ramps_t f) noexcept nogil:
    cdef int i
    for i in range(HOP):
        pulse[i] = bell(f, <float>i, c1[i]) + (f.skirt + <float>i * f.skirt_step) * p[i]


cdef inline void pulse_poisson(out_t pulse, in_t c1, ramps_t f) noexcept nogil:
    cdef float r, a
    cdef int i
    for i in range(HOP):
        r = f.index + <float>i * f.index_step
        a = <float>1.0 - r
        pulse[i] = (f.bell + <float>i * f.bell_step) * (a * (<float>1.0 + r)) / (a * a - <float>2.0 * r * c1[i])


cdef inline void add_coloured(out_t y, phase_t bent, in_t c1, in_t s, in_t pulse, in_t ring, float g0, float g1,
                              ramps_t f) noexcept nogil:
    """One formant: (pulse + gain·ring) times its pair of carriers."""
    cdef float step = (g1 - g0) * <float>(1.0 / HOP)
    cdef int i
    for i in range(HOP):
        y[i] += (pulse[i] + (g0 + <float>i * step) * ring[i]) * pair(f, <float>i, bent[i], c1[i], s[i])


cdef inline void add_ringing(out_t y, phase_t bent, in_t c1, in_t s, in_t ring, float g0, float g1, ramps_t f) noexcept nogil:
    """The modulated pair alone, for voices whose formants are no pulse times a pair."""
    cdef float step = (g1 - g0) * <float>(1.0 / HOP)
    cdef int i
    for i in range(HOP):
        y[i] += (g0 + <float>i * step) * ring[i] * pair(f, <float>i, bent[i], c1[i], s[i])


cdef inline void add_fm_bent(out_t y, phase_t bent, in_t c1, in_t s, in_t modulator, ramps_t f) noexcept nogil:
    """Classic FM: bent carriers, the modulator as ever."""
    cdef float x, nu, t
    cdef int32_t n
    cdef int i
    for i in range(HOP):
        x = <float>i
        nu = f.nu + x * f.nu_step
        n = <int32_t>nu
        t = turns(<uint32_t>n * bent[i]) + (f.index + x * f.index_step) * modulator[i]
        y[i] += (f.bell + x * f.bell_step) * carriers_at(
            t - ((t + <float>12582912.0) - <float>12582912.0), nu - <float>n, c1[i], s[i])


# What the coloured kernels share: phases, and what of them is the same for all formants.
ctypedef struct bent_t:
    phase_row_t phase
    phase_row_t bent
    row_t c1              # cos θ - 1 and sin θ
    row_t s
    row_t c1_bent         # the same of the bent phase
    row_t s_bent
    row_t ring


cdef inline void bend(bent_t* b, out_t y, const voice_hop_t* hop, const colour_t* start, const colour_t* end) noexcept nogil:
    fill_phase(b.phase, hop)
    fill_shared(b.c1, b.s, b.phase)
    bend_phase(b.bent, b.phase, b.c1, start.warp, end.warp)
    fill_shared(b.c1_bent, b.s_bent, b.bent)
    fill_ring(b.ring, b.s_bent, start.plain, end.plain, start.ring, end.ring)
    memset(y, 0, HOP * sizeof(float))
    add_fundamental(y, b.s_bent, start.fundamental, end.fundamental)


cdef void colour_full(out_t y, const voice_hop_t* hop, const colour_t* start, const colour_t* end) noexcept nogil:
    """The complete voice, coloured. y float32[HOP] is overwritten."""
    cdef bent_t b
    cdef row_t p
    cdef row_t pulse
    cdef ramps_t f
    cdef int j, skirt_r = R_SKIRT_R * hop.stride, r = R_VOICING_R * hop.stride, g = R_VOICING * hop.stride
    bend(&b, y, hop, start, end)
    fill_poisson(p, b.c1, hop.start[skirt_r], hop.end[skirt_r])
    set_voicing(pulse, b.c1, b.s, hop.start[r], hop.end[r], hop.start[g], hop.end[g])
    add_row(y, pulse)
    for j in range(FORMANTS):
        f = ramps(hop, j)
        pulse_skirted(pulse, b.c1, p, f)
        add_coloured(y, b.bent, b.c1_bent, b.s_bent, pulse, b.ring, start.pair[j], end.pair[j], f)


cdef inline void add_row(out_t y, in_t x) noexcept nogil:
    cdef int i
    for i in range(HOP):
        y[i] += x[i]


cdef void colour_modfm(out_t y, const voice_hop_t* hop, const colour_t* start, const colour_t* end) noexcept nogil:
    """Plain ModFM, coloured. y float32[HOP] is overwritten."""
    cdef bent_t b
    cdef row_t pulse
    cdef ramps_t f
    cdef int j
    bend(&b, y, hop, start, end)
    for j in range(FORMANTS):
        f = ramps(hop, j)
        pulse_modfm(pulse, b.c1, f)
        add_coloured(y, b.bent, b.c1_bent, b.s_bent, pulse, b.ring, start.pair[j], end.pair[j], f)


cdef void colour_poisson(out_t y, const voice_hop_t* hop, const colour_t* start, const colour_t* end) noexcept nogil:
    """Poisson pulses, coloured. y float32[HOP] is overwritten."""
    cdef bent_t b
    cdef row_t pulse
    cdef ramps_t f
    cdef int j
    bend(&b, y, hop, start, end)
    for j in range(FORMANTS):
        f = ramps(hop, j)
        pulse_poisson(pulse, b.c1, f)
        add_coloured(y, b.bent, b.c1_bent, b.s_bent, pulse, b.ring, start.pair[j], end.pair[j], f)


cdef void colour_fm(out_t y, const voice_hop_t* hop, const colour_t* start, const colour_t* end) noexcept nogil:
    """Classic FM, coloured. y float32[HOP] is overwritten."""
    cdef bent_t b
    cdef ramps_t f
    cdef int j
    bend(&b, y, hop, start, end)
    for j in range(FORMANTS):
        f = ramps(hop, j)
        add_fm_bent(y, b.bent, b.c1_bent, b.s_bent, b.s, f)
        add_ringing(y, b.bent, b.c1_bent, b.s_bent, b.ring, start.pair[j], end.pair[j], f)


cdef void colour_natural(out_t y, const voice_hop_t* hop, const colour_t* start, const colour_t* end) noexcept nogil:
    """The residue voice, coloured: its whole period is bent. y float32[HOP] is overwritten."""
    cdef bent_t b
    cdef row_t period
    cdef row_t decay
    cdef const float* x = hop.start
    cdef const float* z = hop.end
    cdef int j, k = R_SKIRT_R * hop.stride, g = R_VOICING * hop.stride, dc = R_VOICING_R * hop.stride
    bend(&b, y, hop, start, end)
    if hop.harmonics != NULL:
        set_harmonics(decay, b.c1_bent, b.s_bent, hop.harmonics)
        add_row(y, decay)
    else:
        fill_period(period, b.bent)
        set_decay(decay, period, x[k], z[k], x[g], z[g])
        add_row(y, decay)
        add_decay(y, period, hop)
        subtract(y, x[dc], z[dc])
        close_period(y, period, hop.gap)
        for j in range(FORMANTS):
            add_residue(y, b.bent, period, hop, j)
    for j in range(FORMANTS):
        add_ringing(y, b.bent, b.c1_bent, b.s_bent, b.ring, start.pair[j], end.pair[j], ramps(hop, j))


cdef inline void fold(out_t sums, out_t late, in_t y) noexcept nogil:
    cdef int i
    for i in range(HOP // 4):
        sums[i] = (y[i] + y[i + HOP // 4]) + (y[i + HOP // 2] + y[i + 3 * HOP // 4])
        late[i] = (<float>i + <float>0.5) * sums[i] + <float>(HOP // 4) * (
            y[i + HOP // 4] + <float>2.0 * y[i + HOP // 2] + <float>3.0 * y[i + 3 * HOP // 4])


cdef float mean(in_t y, float* rising) noexcept nogil:
    """Mean of one hop under a window that falls from 1 to 0 over it; rising: out, the same under one that rises."""
    cdef row_t sums
    cdef row_t late
    cdef float total = 0.0, end = 0.0
    cdef int i
    fold(sums, late, y)
    for i in range(HOP // 4):
        total += sums[i]
        end += late[i]
    rising[0] = end * <float>(1.0 / HOP / HOP)
    return total * <float>(1.0 / HOP) - rising[0]


cdef void centre(out_t y, float x0, float x1) noexcept nogil:
    """y less a line from x0 to x1."""
    subtract(y, x0, x1)


# --- per frame: breath ----------------------------------------------------------------------------------------------


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


cdef void breathe(out_t y, const voice_hop_t* hop, const band_hop_t* bands, float voiced, float voiced_step) noexcept nogil:
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


# --- per hop: all voices -------------------------------------------------------------------------------------------

cdef inline bint smooth_row(int n, out_t x, out_t v, in_t target, float decay, float rate) noexcept nogil:
    """One row one hop onwards; False when it has come to rest.

    A value rests when 1e-9 is left (-180 dB, on its way to zero), or when a hop changes neither it nor its slope: in
    float32 the last ulps of other targets are never reached.
    """
    cdef float e, a, to, slope, left = 0.0
    cdef int32_t moved = 0
    cdef int i
    for i in range(n):
        e = x[i] - target[i]
        a = v[i] + e * rate
        e = (e + a) * decay
        to = target[i] + e
        slope = (v[i] - a * rate) * decay
        moved |= (bits(to) ^ bits(x[i])) | (bits(slope) ^ bits(v[i]))
        left = fmax_(left, fmax_(e, -e) + fmax_(slope, -slope))
        x[i] = to
        v[i] = slope
    return moved != 0 and left > <float>1e-9


cdef inline void exp2_row(int n, out_t y, in_t x) noexcept nogil:
    cdef int i
    for i in range(n):
        y[i] = exp2_poly(x[i])


cdef inline void inverse_row(int n, out_t y, in_t x) noexcept nogil:
    cdef int i
    for i in range(n):
        y[i] = <float>1.0 / x[i]


cdef void smooth(control_t* c) noexcept nogil:
    """All rows that move one hop onwards: critically damped towards their targets, exact for any hop length.

    x' = t + (e + a)·E, v' = (v - a·ρ)·E with e = x - t, ρ = hop/τ, a = v + e·ρ, E = exp(-ρ); v is per hop.
    A row that has come to rest is put on its targets and left alone until one of them changes (c.moving).
    """
    cdef int p, n = c.voices
    cdef float* x
    cdef float* v
    cdef float* linear
    for p in range(ROWS):
        if not c.moving[p]:
            continue
        x = c.x + p * c.stride + c.first
        v = c.v + p * c.stride + c.first
        if smooth_row(n, x, v, c.target + p * c.stride + c.first, c.decay[p], c.rate[p]):
            c.still_moving[p] = True
        else:
            memcpy(x, c.target + p * c.stride + c.first, n * sizeof(float))
            memset(v, 0, n * sizeof(float))
        if p < P_LEVEL:
            linear = c.linear + p * c.stride + c.first
            exp2_row(n, linear, x)
            if P_B <= p < P_A:
                inverse_row(n, c.linear + (L_PER_WIDTH + p - P_B) * c.stride + c.first, linear)


cdef inline void follow(int n, dout_t x, dout_t v, din_t target, din_t decay, din_t rate) noexcept nogil:
    """One hop of a critically damped follower, each with a time constant of its own."""
    cdef double e, a
    cdef int i
    for i in range(n):
        e = x[i] - target[i]
        a = v[i] + e * rate[i]
        x[i] = target[i] + (e + a) * decay[i]
        v[i] = (v[i] - a * rate[i]) * decay[i]


cdef inline void pitch_rows(int n, out_t f0_khz, words_t increment, dout_t seconds, din_t log2_f0, din_t vibrato_hz,
                            din_t delay_s, din_t per_s, din_t walk, in_t depth, double hop_s,
                            double increment_of_hz) noexcept nogil:
    cdef double sung, u, cents, f0
    cdef int i
    for i in range(n):
        seconds[i] = seconds[i] + hop_s
        sung = dmax(seconds[i] - delay_s[i], 0.0)
        u = dmin(sung * per_s[i], 1.0)
        cents = <double>depth[i] * sin_double(vibrato_hz[i] * sung) * u * u * (3.0 - 2.0 * u) + walk[i]
        f0 = exp2_double(log2_f0[i] + cents * (1.0 / 1200.0))
        f0_khz[i] = <float>(f0 * 1e-3)
        increment[i] = <uint32_t>round_positive(f0 * increment_of_hz)


cdef void pitch(control_t* c) noexcept nogil:
    """Pitch at the end of the hop: smoothed target, vibrato with delay and fade-in, random walk; in float64, because a
    rounding of one harmonic's frequency adds up over the length of a note."""
    cdef int n = c.voices, a = c.first
    follow(n, c.log2_f0 + a, c.f0_slope + a, c.f0_target + a, c.f0_decay + a, c.f0_rate + a)
    pitch_rows(n, c.f0_khz + a, c.increment + a, c.seconds + a, c.log2_f0 + a, c.vibrato_hz + a, c.vibrato_delay_s + a,
               c.vibrato_per_s + a, c.walk_cents + a, c.x + P_VIBRATO * c.stride + a, c.hop_s, c.increment_of_hz)


# A ModFM lobe of index k by rational functions of k with positive coefficients (least maximum error on 0 … 1000):
#   1/i0e(k)² = (e^k / I_0(k))² = P/Q, its root to 2.7e-7;    lobe_power(k)·i0e(k) = R/S, to 0.01 dB (formant.py).

cdef inline float lobe_p(float k) noexcept nogil:
    return <float>0.999999469 + k * (<float>2.31643876 + k * (<float>2.41510316 + k * (<float>1.47419291 + k * (
        <float>0.561209831 + k * (<float>0.171423129 + k * (<float>0.0228535938 + k * <float>0.0122921322))))))


cdef inline float lobe_q(float k) noexcept nogil:
    return <float>1.0 + k * (<float>0.316385414 + k * (<float>0.283143646 + k * (<float>0.0955518023 + k * (
        <float>0.0285473968 + k * (<float>0.00412571445 + k * <float>0.00195635523)))))


cdef inline float lobe_r(float k) noexcept nogil:
    return <float>1.0011269 + k * (<float>0.8351591 + k * (<float>0.12810729 + k * <float>1.52669944))


cdef inline float lobe_s(float k) noexcept nogil:
    return <float>1.0 + k * (<float>1.89890322 + k * (<float>0.21243932 + k * <float>2.16162866))


cdef inline float fade(float end) noexcept nogil:
    """Gain of a lobe that ends at this share of sample_rate/2: 1 up to 15/16, 0 from 1 on, smoothstep between."""
    cdef float u = fmin_(fmax_(<float>16.0 * end - <float>15.0, <float>0.0), <float>1.0)
    return <float>1.0 - u * u * (<float>3.0 - <float>2.0 * u)


cdef inline void control_pitch(int n, out_t power, out_t per_f0, in_t f0_khz) noexcept nogil:
    """What a row of plain voices shares between formants."""
    cdef int i
    for i in range(n):
        per_f0[i] = <float>1.0 / f0_khz[i]
        power[i] = <float>1e-12


cdef inline void control_shared(int n, out_t skirt_r, out_t voicing_r, out_t voicing, out_t power, out_t foot_khz,
                                out_t skirt_power, in_t per_f0, in_t f0_khz, in_t x, in_t linear, int stride) noexcept nogil:
    """Poisson ratios r = 2^(-f0/W) and the voicing lobe, g_v A_1 (B_1/f0) max(0, 1 - (f0/F_1)²), for a row of voices."""
    cdef float f0, r, ratio, gain
    cdef int i
    for i in range(n):
        f0 = f0_khz[i]
        foot_khz[i] = <float>1.33 * exp2_poly(x[P_SKIRT_WIDTH * stride + i])     # -80 dB: 13.3 widths
        skirt_r[i] = exp2_poly(-f0 * <float>10.0 * exp2_poly(-x[P_SKIRT_WIDTH * stride + i]))
        r = exp2_poly(-f0 * <float>10.0 * exp2_poly(-x[P_VOICING_WIDTH * stride + i]))
        voicing_r[i] = r
        ratio = skirt_r[i] * skirt_r[i]
        skirt_power[i] = (<float>1.0 + ratio) / (<float>1.0 - ratio)
        ratio = f0 * exp2_poly(-x[P_F * stride + i])
        gain = x[P_VOICING * stride + i] * linear[P_A * stride + i] * linear[P_B * stride + i] * <float>0.1 * per_f0[i] * fmax_(
            <float>0.0, <float>1.0 - ratio * ratio)
        voicing[i] = gain
        power[i] += <float>0.5 * gain * gain / (<float>1.0 - r * r)


cdef inline void control_formant(int n, out_t out_nu, out_t index, out_t bell, out_t skirt, out_t power,
                                 in_t skirt_power, in_t foot_khz, in_t per_f0, in_t f0_khz, in_t x, in_t linear, int stride,
                                 int j, float per_half_rate, bint skirts, bint others) noexcept nogil:
    """Centre, index and gains of formant j for a row of voices; adds the power of its lobe.

    skirts, others   constants: whether any voice has skirts, or another pulse than ModFM's. Without them this is half
                     the work. All quotients share one division, 1/(Q S (m + 1)).
    """
    cdef float inv, nu, w, d, beta, per_beta, wide, k, amp, ratio, rho, q, r, h, reach, share, e, m, z, top, bottom, lobe
    cdef float kind, classic, straight, modern, deviation, j0, poisson, level, lobe_index
    cdef int32_t exponent
    cdef int i
    for i in range(n):
        inv = per_f0[i]
        nu = fmax_(linear[(P_F + j) * stride + i] * inv, <float>1.0)
        beta = <float>0.1 * linear[(P_B + j) * stride + i] * inv
        per_beta = <float>10.0 * linear[(L_PER_WIDTH + j) * stride + i] * f0_khz[i]
        # Index of a lobe of full -3 dB width β; error below 0.95 % for 0.05 <= β <= 40. Below two harmonics the first
        # neighbour is as loud as that of a resonance, above them the half power points are met. At 1000 one lobe has
        # 100 harmonics.
        d = beta * beta
        e = <float>(beta >= <float>2.0)
        wide = d * <float>0.36067376 + <float>0.4427 + <float>0.66 * (per_beta * per_beta)
        k = fmin_((<float>1.0 - e) * (beta + <float>0.0019 * d * d * beta) + e * wide, <float>1000.0)
        # distance to the next harmonic, and (1 + (2d/β)²)(1-d)² = 2^exponent·m
        w = nu - <float>(<int32_t>nu)
        d = fmin_(w, <float>1.0 - w)
        ratio = <float>2.0 * d * per_beta
        d = <float>1.0 - d
        ratio = (<float>1.0 + ratio * ratio) * d * d
        exponent = log2_exponent(ratio)
        m = log2_mantissa(ratio, exponent)
        top = lobe_q(k)
        bottom = lobe_s(k)
        z = m + <float>1.0
        r = <float>1.0 / (top * bottom * z)
        h = sqrtf(lobe_p(k) * (bottom * z) * r)          # 1/i0e(k)
        lobe = h * (lobe_r(k) * (top * z) * r)           # Σ a_n² of a lobe with a_0 = 1
        rho = exp2_poly(fmax_(<float>-0.5 * x[P_RESONANCE * stride + i] * (
            <float>exponent + log2_series((m - <float>1.0) * (top * bottom) * r)), <float>-3.9863))
        reach = <float>1.7122 * h + <float>3.0           # harmonics to -80 dB
        level = h
        lobe_index = k * <float>1.44269504
        if others:
            kind = x[P_KIND * stride + i]
            classic = <float>(kind == <float>CHOWNING)
            straight = <float>(kind == <float>POISSON)
            modern = <float>1.0 - classic - straight
            # the straight skirts of a Poisson kernel have fallen by 80 dB after 13.3 widths
            reach = (<float>1.0 - straight) * reach + straight * <float>13.3 * beta
            poisson = exp2_poly(-per_beta)
            lobe = (<float>1.0 - straight) * lobe + straight * (<float>1.0 + poisson * poisson) / (
                <float>1.0 - poisson * poisson)
            # Classic FM of equal rms width: I = sqrt(k·I_1(2k)/I_0(2k)) (the ratio to 4.5 %), at most 1.3, where the
            # lobe still is a single hump; its centre harmonic has J_0(I).
            ratio = <float>2.0 * k
            deviation = fmin_(sqrtf(k * ratio / (<float>0.5 + sqrtf(ratio * ratio + <float>2.25))), <float>1.3)
            e = <float>0.25 * deviation * deviation
            j0 = <float>1.0 - e * (<float>1.0 - e * (<float>0.25 - e * <float>0.027777778))
            lobe_index = modern * lobe_index + classic * deviation * <float>0.15915494 + straight * poisson
            level = modern * h + classic / j0 + straight
        amp = linear[(P_A + j) * stride + i] * fade((nu + reach) * f0_khz[i] * per_half_rate)
        out_nu[i] = nu
        index[i] = lobe_index
        if skirts:
            share = x[P_SKIRT * stride + i]
            q = share * fade((nu * f0_khz[i] + foot_khz[i]) * per_half_rate)
            share = <float>1.0 - share
            power[i] += <float>0.5 * amp * amp * (share * share * lobe + q * q * skirt_power[i]
                                                  + <float>2.0 * q * share * sqrtf(lobe * skirt_power[i]))
            bell[i] = amp * rho * share * level
            skirt[i] = amp * rho * q
        else:
            power[i] += <float>0.5 * amp * amp * lobe
            bell[i] = amp * rho * level


cdef inline void times(int n, out_t y, in_t by) noexcept nogil:
    cdef int i
    for i in range(n):
        y[i] *= by[i]


cdef inline void inverse_root(int n, out_t y) noexcept nogil:
    cdef int i
    for i in range(n):
        y[i] = <float>1.0 / sqrtf(y[i])


cdef inline void formants(control_t* c, float* end, bint skirts, bint others) noexcept nogil:
    """The formant model, and its gains divided by the rms of the lobes."""
    cdef int j, n = c.voices, s = c.stride, a = c.first
    cdef float* power = c.power + a
    for j in range(FORMANTS):
        control_formant(n, end + (R_NU + j) * s, end + (R_INDEX + j) * s, end + (R_BELL + j) * s, end + (R_SKIRT + j) * s,
                        power, c.skirt_power + a, c.foot_khz + a, c.per_f0 + a, c.f0_khz + a, c.x + a, c.linear + a, s, j,
                        c.per_half_rate, skirts, others)
    inverse_root(n, power)
    for j in range(FORMANTS):
        times(n, end + (R_BELL + j) * s, power)
        if skirts:
            times(n, end + (R_SKIRT + j) * s, power)


cdef void control(control_t* c) noexcept nogil:
    """Formant model at the end of the hop: rows and f0 to centre, index and gains of every lobe.

    Per formant k, with β = B/f0, ν = F/f0 and d the distance of ν to the nearest harmonic:
      index k(β);  resonance gain ρ = [(1 + (2d/β)²)^(-1/2) / (1-d)]^λ, at least -24 dB;
      bell = A·ρ·(1-q)/i0e(k), skirt = A·ρ·q: A is the amplitude of the spectral peak.
    A lobe is faded out before its last 80 dB reach sample_rate/2. The gains are divided by the rms of the lobes
    (cross terms between formants left out), so that a voice of level 1 has about rms 1 at any vowel and pitch;
    ρ is left out of that rms: it is what makes vibrato and glides alive.
    """
    cdef int n = c.voices, s = c.stride, a = c.first
    cdef float* end = c.end + a
    control_pitch(n, c.power + a, c.per_f0 + a, c.f0_khz + a)
    if c.kinds & ~((1 << MODFM) | (1 << NATURAL)) == 0:
        formants(c, end, False, False)
        return
    control_shared(n, end + R_SKIRT_R * s, end + R_VOICING_R * s, end + R_VOICING * s, c.power + a, c.foot_khz + a,
                   c.skirt_power + a, c.per_f0 + a, c.f0_khz + a, c.x + a, c.linear + a, s)
    if c.kinds & ~((1 << MODFM) | (1 << NATURAL) | (1 << VOICE)) == 0:
        formants(c, end, True, False)
    else:
        formants(c, end, True, True)
    times(n, end + R_VOICING * s, c.power + a)


# --- the mix -------------------------------------------------------------------------------------------------------

cdef void mix(out_t out, in_t y, float gain, float step) noexcept nogil:
    """out += (gain + i·step)·y over one hop."""
    cdef int i
    for i in range(HOP):
        out[i] += (gain + <float>i * step) * y[i]


cdef void mix_gains(out_t out, in_t y, in_t gains, int n) noexcept nogil:
    """out += gains·y over n frames (a note that starts or ends inside the hop)."""
    cdef int i
    for i in range(n):
        out[i] += gains[i] * y[i]


cdef void gains(out_t out, float x, float step, float level, float level_step, int n) noexcept nogil:
    """out = (x + i·step)·(level + i·level_step) over n frames: gate and level of a hop in which the gate changes."""
    cdef int i
    for i in range(n):
        out[i] = (x + <float>i * step) * (level + <float>i * level_step)


cdef void scale(out_t x, float gain, float step) noexcept nogil:
    """x *= gain + i·step over one hop."""
    cdef int i
    for i in range(HOP):
        x[i] *= gain + <float>i * step


cdef float peak(in_t x) noexcept nogil:
    """max |x| over one hop, compared as integers (floats without sign sort like them); NaN comes out as NaN."""
    cdef int32_t top = 0
    cdef int i
    for i in range(HOP):
        top = maxi(top, bits(x[i]) & <int32_t>0x7FFFFFFF)
    return from_bits(top)


cdef kernel_table table
table.isa = ISA_NAME
table.smooth = smooth
table.pitch = pitch
table.control = control
table.voice[VOICE] = voice_full
table.voice[MODFM] = voice_modfm
table.voice[CHOWNING] = voice_fm
table.voice[POISSON] = voice_poisson
table.voice[NATURAL] = voice_natural
table.colour[VOICE] = colour_full
table.colour[MODFM] = colour_modfm
table.colour[CHOWNING] = colour_fm
table.colour[POISSON] = colour_poisson
table.colour[NATURAL] = colour_natural
table.powers = powers
table.tones = tones
table.mean = mean
table.centre = centre
table.breathe = breathe
table.mix = mix
table.mix_gains = mix_gains
table.gains = gains
table.scale = scale
table.peak = peak

isa = ISA_NAME.decode("ascii")
capsule = PyCapsule_New(<void*>&table, "formant_dsp.kernels", NULL)
