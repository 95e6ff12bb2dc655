# The control pass, once per hop over rows of all voices: smoothing, pitch, and the formant model.

from libc.math cimport sqrtf
from libc.stdint cimport int32_t, int64_t, uint32_t
from libc.string cimport memcpy, memset

from formant_dsp.kernels.exp2 cimport (bits, bits64, from_bits, exp2_double, exp2_poly, fmax_, fmin_, log2_exponent, log2_mantissa, log2_series,
                               round_positive)
from formant_dsp.kernels.table cimport control_t, din_t, dout_t, in_t, out_t, words_t
from formant_dsp.kernels.rows cimport (CHOWNING, FORMANTS, L_PER_WIDTH, MODFM, NATURAL, P_A, P_AIR, P_AIR_HZ, P_B, P_BREATH, P_DRIFT, P_F, P_FLUTTER,
                                 P_GROWL, P_JITTER, P_KIND, P_LEVEL,
                                 P_RESONANCE, P_SHIMMER, P_SKIRT, P_SKIRT_WIDTH, P_SWELL, P_SYMMETRY, P_TILT, POISSON, P_VIBRATO,
                                 P_VOICED, P_VOICING, P_VOICING_WIDTH, P_WANDER, P_ZING,
                                 R_AIR, R_AIR_INDEX, R_AIR_NOISE, R_AIR_NU, R_AIR_SQUARE,
                                 R_BELL, R_INDEX, R_NU, R_SKIRT, R_SKIRT_R, R_VOICING, R_VOICING_R, ROWS, VOICE)
from formant_dsp.kernels.noise cimport VIBRATO_KNOTS_HZ
from formant_dsp.kernels.sine cimport sin_double, sin_near

cdef extern from "native/vec.h" nogil:
    double dmax "formant_dmax"(double, double) noexcept
    double dmin "formant_dmin"(double, double) noexcept
    int32_t maxi "formant_maxi"(int32_t, int32_t) noexcept


cdef inline bint smooth_row(int n, out_t x, out_t v, in_t target, float decay, float rate) noexcept nogil:
    """Advance one row by one hop. False when it has come to rest.

    A row is at rest when at most 1e-9 (-180 dB) is left to every target, or when a hop changes no value and no slope:
    in float32 a value may stop some ulps before its target.
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


cdef inline void smooth(control_t* c) noexcept nogil:
    """Advance all rows that move by one hop: critically damped towards their targets, exact for any hop length.

    x' = t + (e + a)·E, v' = (v - a·ρ)·E with e = x - t, ρ = hop/τ, a = v + e·ρ, E = exp(-ρ); v is per hop.
    A row that has come to rest is set to its targets and skipped until one of them changes (c.moving).
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
    note_extras(c)
    c.vowels_move = c.moving[P_BREATH] or formants_move(c)


cdef inline float row_maximum(int n, in_t x) noexcept nogil:
    cdef int32_t top = 0
    cdef int i
    for i in range(n):   # of floats without sign, which have the order of their bits
        top = maxi(top, bits(x[i]) & <int32_t>0x7FFFFFFF)
    return from_bits(top)


cdef inline bint follow(int n, dout_t x, dout_t v, din_t target, din_t xx, din_t xv, din_t vx, din_t vv) noexcept nogil:
    """Advance damped oscillators by one hop; each has its own coefficients. Whether one of them has moved."""
    cdef double e, slope, to
    cdef int64_t moved = 0
    cdef int i
    for i in range(n):
        e = x[i] - target[i]
        slope = v[i]
        to = target[i] + (e * xx[i] + slope * xv[i])
        moved |= bits64(to) ^ bits64(x[i])
        x[i] = to
        v[i] = e * vx[i] + slope * vv[i]
    return moved != 0


cdef inline void mean_rows(int n, out_t mean_khz, din_t log2_f0) noexcept nogil:
    cdef int i
    for i in range(n):
        mean_khz[i] = <float>(exp2_double(log2_f0[i]) * 1e-3)


cdef inline void pitch_rows(int n, out_t f0_khz, words_t increment, dout_t seconds, din_t log2_f0, din_t vibrato_hz,
                            din_t delay_s, din_t per_s, din_t turns, din_t extent, din_t knot, din_t noise, int stride,
                            din_t walk, in_t depth, double hop_s,
                            double increment_of_hz) noexcept nogil:
    """The vibrato is sin φ + 0.05 sin 2φ - 0.06 sin 3φ: it rises faster than it falls, and its flanks are straighter
    (Horii 1989). Its rate and its extent wander (bank/voice/vibrato.pxd)."""
    cdef double sung, u, cents, f0, phase, wave, t, wide
    cdef int i
    for i in range(n):
        seconds[i] = seconds[i] + hop_s
        sung = dmax(seconds[i] - delay_s[i], 0.0)
        u = dmin(sung * per_s[i], 1.0)
        t = VIBRATO_KNOTS_HZ * sung - knot[i]
        phase = vibrato_hz[i] * sung + turns[i] + (
            noise[i] + t * (noise[stride + i] + t * (noise[2 * stride + i] + t * noise[3 * stride + i])))
        wide = dmax(1.0 + (noise[4 * stride + i] + t * (noise[5 * stride + i] + t * (
            noise[6 * stride + i] + t * noise[7 * stride + i]))), 0.0)
        wave = sin_double(phase)
        wave = wave * (0.82 + 0.24 * wave * wave) + 0.05 * sin_near(phase + phase)
        cents = <double>depth[i] * extent[i] * wide * wave * u * u * (3.0 - 2.0 * u) + walk[i]
        f0 = exp2_double(log2_f0[i] + cents * (1.0 / 1200.0))
        f0_khz[i] = <float>(f0 * 1e-3)
        increment[i] = <uint32_t>round_positive(f0 * increment_of_hz)


cdef inline void flutter_rows(int n, dout_t walk, in_t flutter, din_t seconds, din_t ahead, double hop_s) noexcept nogil:
    """Add the flutter at the end of the hop: ±0.06 % per unit of FL (Klatt & Klatt 1990)."""
    cdef double t
    cdef int i
    for i in range(n):
        t = seconds[i] + hop_s + ahead[i]
        walk[i] += 0.346246809814 * <double>flutter[i] * (sin_near(12.7 * t) + sin_near(7.1 * t) + sin_near(4.7 * t))


cdef inline void pitch(control_t* c) noexcept nogil:
    """Pitch at the end of the hop: smoothed target, vibrato with delay and fade-in, random walk. In float64, because
    rounding errors of the frequency add up over the length of a note."""
    cdef int n = c.voices, a = c.first
    c.gliding = follow(n, c.log2_f0 + a, c.f0_slope + a, c.f0_target + a, c.f0_xx + a, c.f0_xv + a, c.f0_vx + a,
                       c.f0_vv + a) or c.moving[P_F]   # which is set by a note that begins
    if c.gliding:
        mean_rows(n, c.mean_khz + a, c.log2_f0 + a)
    if row_maximum(n, c.x + P_FLUTTER * c.stride + a) > <float>0.0:
        flutter_rows(n, c.walk_cents + a, c.x + P_FLUTTER * c.stride + a, c.seconds + a, c.flutter_s + a, c.hop_s)
    pitch_rows(n, c.f0_khz + a, c.increment + a, c.seconds + a, c.log2_f0 + a, c.vibrato_hz + a, c.vibrato_delay_s + a,
               c.vibrato_per_s + a, c.vibrato_turns + a, c.vibrato_extent + a, c.vibrato_knot + a,
               c.vibrato_noise + a, c.stride, c.walk_cents + a, c.x + P_VIBRATO * c.stride + a, c.hop_s, c.increment_of_hz)


# A ModFM lobe of index k by rational functions of k with positive coefficients (least maximum error on 0 … 1000):
#   1/i0e(k)² = (e^k / I_0(k))² = P/Q, error of its root 2.7e-7;  lobe_power(k)·i0e(k) = R/S, error 0.01 dB (formant.py)

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
    """Gain of a lobe that ends at the share `end` of sample_rate/2: 1 up to 15/16, 0 from 1, smoothstep between."""
    cdef float u = fmin_(fmax_(<float>16.0 * end - <float>15.0, <float>0.0), <float>1.0)
    return <float>1.0 - u * u * (<float>3.0 - <float>2.0 * u)


cdef inline void control_pitch(int n, out_t power, out_t per_f0, in_t f0_khz) noexcept nogil:
    """Initialise the rows that all formants share: 1/f0, and the sum of powers."""
    cdef int i
    for i in range(n):
        per_f0[i] = <float>1.0 / f0_khz[i]
        power[i] = <float>1e-12


cdef inline void control_shared(int n, out_t skirt_r, out_t voicing_r, out_t voicing, out_t power, out_t foot_khz,
                                out_t skirt_power, in_t per_f0, in_t f0_khz, in_t x, in_t linear, int stride) noexcept nogil:
    """Poisson ratios r = 2^(-f0/W) and the voicing lobe, g_v A_1 (B_1/f0) max(0, 1 - (f0/F_1)²), of a row of voices."""
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
                                 in_t skirt_power, in_t foot_khz, in_t per_f0, in_t f0_khz, in_t still, in_t x, in_t linear, int stride,
                                 int j, float half_rate_khz, float per_half_rate, bint first, bint skirts,
                                 bint others) noexcept nogil:
    """Centre, index and gains of formant j for a row of voices; adds the power of its lobe.

    first    compile-time constant: formant 0. Near half the sample rate it does not fade, but becomes narrow, down to
             its pair of carriers, which stays below: every pitch is heard
    skirts   compile-time constant: a voice has skirts
    others   compile-time constant: a voice has another pulse than ModFM's. Without both the work is half
    All quotients share one division, 1/(Q S (m + 1)).
    """
    cdef float inv, nu, w, d, beta, per_beta, wide, k, amp, ratio, rho, q, r, h, reach, share, e, m, z, top, bottom, lobe
    cdef float kind, classic, straight, modern, deviation, j0, poisson, level, lobe_index
    cdef int32_t exponent
    cdef int i
    for i in range(n):
        inv = per_f0[i]
        nu = fmax_(linear[(P_F + j) * stride + i] * inv, <float>1.0)
        if first:
            nu = fmin_(nu, fmax_(<float>0.9375 * half_rate_khz * inv - <float>1.0, <float>1.0))
        beta = <float>0.1 * linear[(P_B + j) * stride + i] * inv
        per_beta = <float>10.0 * linear[(L_PER_WIDTH + j) * stride + i] * f0_khz[i]
        # Index of a lobe of full -3 dB width β; error below 0.95 % for 0.05 <= β <= 40. Below a width of two harmonics
        # the first neighbour is as loud as that of a resonance; above, the half-power points are right. A lobe of
        # index 1000 has 100 harmonics.
        d = beta * beta
        e = <float>(beta >= <float>2.0)
        wide = d * <float>0.36067376 + <float>0.4427 + <float>0.66 * (per_beta * per_beta)
        k = fmin_((<float>1.0 - e) * (beta + <float>0.0019 * d * d * beta) + e * wide, <float>1000.0)
        if first:  # the root is at most 15 % more than 1/i0e(k)
            reach = <float>1.7122 * sqrtf(<float>1.0 + <float>2.0 * k + <float>6.2831853 * k * k / (<float>1.0 + k))
            k *= fade((nu + reach + <float>3.0) * f0_khz[i] * per_half_rate)
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
        rho = fmax_(<float>-0.5 * x[P_SWELL * stride + i] * (
            <float>exponent + log2_series((m - <float>1.0) * (top * bottom) * r)), <float>-3.9863)
        rho = exp2_poly(rho + still[i])
        reach = <float>1.7122 * h + <float>3.0           # harmonics to -80 dB
        level = h
        lobe_index = k * <float>1.44269504
        if others:
            kind = x[P_KIND * stride + i]
            classic = <float>(kind == <float>CHOWNING)
            straight = <float>(kind == <float>POISSON)
            modern = <float>1.0 - classic - straight
            # the straight skirts of a Poisson kernel are at -80 dB after 13.3 widths
            reach = (<float>1.0 - straight) * reach + straight * <float>13.3 * beta
            poisson = exp2_poly(-per_beta)
            if first:
                poisson *= fade((nu + reach) * f0_khz[i] * per_half_rate)
            lobe = (<float>1.0 - straight) * lobe + straight * (<float>1.0 + poisson * poisson) / (
                <float>1.0 - poisson * poisson)
            # Classic FM of equal rms width: I = sqrt(k·I_1(2k)/I_0(2k)) (error of the ratio 4.5 %). At most 1.3, where
            # the lobe still has a single maximum; its centre harmonic has the level J_0(I).
            ratio = <float>2.0 * k
            deviation = fmin_(sqrtf(k * ratio / (<float>0.5 + sqrtf(ratio * ratio + <float>2.25))), <float>1.3)
            e = <float>0.25 * deviation * deviation
            j0 = <float>1.0 - e * (<float>1.0 - e * (<float>0.25 - e * <float>0.027777778))
            lobe_index = modern * lobe_index + classic * deviation * <float>0.15915494 + straight * poisson
            level = modern * h + classic / j0 + straight
        amp = linear[(P_A + j) * stride + i]
        if not first:
            amp *= fade((nu + reach) * f0_khz[i] * per_half_rate)
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


cdef inline void control_still(int n, out_t still, in_t mean_khz, in_t swell, in_t resonance, in_t khz, in_t per_width) noexcept nogil:
    """log2 of R(f̄)^(λ-μ) of one formant, for a row of voices: the share of the resonance that does not move with the
    vibrato. It changes only when a pitch or a parameter does."""
    cdef float w, d, ratio, m
    cdef int32_t exponent
    cdef int i
    for i in range(n):
        w = fmax_(khz[i] / mean_khz[i], <float>1.0)
        w = w - <float>(<int32_t>w)
        d = fmin_(w, <float>1.0 - w)
        ratio = <float>20.0 * d * per_width[i] * mean_khz[i]
        d = <float>1.0 - d
        ratio = (<float>1.0 + ratio * ratio) * d * d
        exponent = log2_exponent(ratio)
        m = log2_mantissa(ratio, exponent)
        w = <float>0.5 * (swell[i] - resonance[i]) * (<float>exponent + log2_series((m - <float>1.0) / (m + <float>1.0)))
        still[i] = fmin_(fmax_(w, <float>-3.9863), <float>3.9863)


cdef inline void extras_row(int n, words_t extras, in_t drift, in_t jitter, in_t shimmer, in_t flutter, in_t wander,
                            in_t zing, in_t symmetry, in_t breath, in_t growl, in_t air, in_t voiced) noexcept nogil:
    """Which voices have more than their formants, or less voice than all of it."""
    cdef int i
    for i in range(n):
        extras[i] = <uint32_t>(bits(drift[i]) | bits(jitter[i]) | bits(shimmer[i]) | bits(flutter[i]) | bits(wander[i])
                               | bits(zing[i]) | bits(symmetry[i]) | bits(breath[i]) | bits(growl[i]) | bits(air[i])
                               | bits(<float>1.0 - voiced[i]))


cdef inline void note_extras(control_t* c) noexcept nogil:
    """Write c.extras; nothing to do while none of its rows moves and no note begins."""
    cdef int s = c.stride, a = c.first
    cdef float* x = c.x + a
    if (c.moving[P_F] or c.moving[P_DRIFT] or c.moving[P_JITTER] or c.moving[P_SHIMMER] or c.moving[P_FLUTTER]
            or c.moving[P_WANDER] or c.moving[P_ZING] or c.moving[P_SYMMETRY] or c.moving[P_BREATH]
            or c.moving[P_GROWL] or c.moving[P_AIR] or c.moving[P_VOICED]):
        extras_row(c.voices, c.extras + a, x + P_DRIFT * s, x + P_JITTER * s, x + P_SHIMMER * s, x + P_FLUTTER * s,
                   x + P_WANDER * s, x + P_ZING * s, x + P_SYMMETRY * s, x + P_BREATH * s, x + P_GROWL * s, x + P_AIR * s,
                   x + P_VOICED * s)


cdef inline bint formants_move(const control_t* c) noexcept nogil:
    """Whether a centre, width or level of a formant moves in this hop, or a note begins."""
    cdef int p
    cdef bint moves = False
    for p in range(P_LEVEL):
        moves = moves or c.moving[p]
    return moves


cdef inline void times(int n, out_t y, in_t by) noexcept nogil:
    cdef int i
    for i in range(n):
        y[i] *= by[i]


cdef inline void inverse_root(int n, out_t y) noexcept nogil:
    cdef int i
    for i in range(n):
        y[i] = <float>1.0 / sqrtf(y[i])


cdef inline void formants(control_t* c, float* end, bint skirts, bint others) noexcept nogil:
    """The formant model, with its gains divided by the rms of the lobes."""
    cdef int j, n = c.voices, s = c.stride, a = c.first
    cdef float* power = c.power + a
    if c.gliding or c.vowels_move or c.moving[P_SWELL] or c.moving[P_RESONANCE]:
        for j in range(FORMANTS):
            control_still(n, c.still + j * s + a, c.mean_khz + a, c.x + P_SWELL * s + a, c.x + P_RESONANCE * s + a,
                          c.linear + (P_F + j) * s + a, c.linear + (L_PER_WIDTH + j) * s + a)
    control_formant(n, end + R_NU * s, end + R_INDEX * s, end + R_BELL * s, end + R_SKIRT * s, power, c.skirt_power + a,
                    c.foot_khz + a, c.per_f0 + a, c.f0_khz + a, c.still + a, c.x + a, c.linear + a, s, 0,
                    c.half_rate_khz, c.per_half_rate, True, skirts, others)
    for j in range(1, FORMANTS):
        control_formant(n, end + (R_NU + j) * s, end + (R_INDEX + j) * s, end + (R_BELL + j) * s, end + (R_SKIRT + j) * s,
                        power, c.skirt_power + a, c.foot_khz + a, c.per_f0 + a, c.f0_khz + a, c.still + j * s + a, c.x + a,
                        c.linear + a, s, j, c.half_rate_khz, c.per_half_rate, False, skirts, others)
    inverse_root(n, power)
    for j in range(FORMANTS):
        times(n, end + (R_BELL + j) * s, power)
        if skirts:
            times(n, end + (R_SKIRT + j) * s, power)


cdef inline void control_air(int n, out_t out_nu, out_t out_index, out_t lobe, out_t square, out_t noise, in_t norm,
                             in_t per_f0, in_t f0_khz, in_t x, in_t linear, int stride, float per_half_rate,
                             float floor_of_density) noexcept nogil:
    """The high band of a row of voices (air_loops.pxd); `norm` is the inverse rms of the lobes.

    env(f) = A_1 · (2 B_1/f) · sqrt[(1 + (F_1/f_c)²)/(1 + (f/f_c)²)]: the source times the mean gain of a tube, with
    the corner f_c of a low-pass of 12.4 + tilt dB at 3 kHz.
    """
    cdef float inv, khz, wide, nu, beta, d, e, k, h, h2, less, first, env, env2, amp, still
    cdef int i
    for i in range(n):
        inv = per_f0[i]
        khz = exp2_poly(x[P_AIR_HZ * stride + i])
        wide = <float>0.42424242 * khz
        nu = fmax_(khz * inv, <float>1.0)
        beta = wide * inv
        d = beta * beta
        e = <float>(beta >= <float>2.0)
        k = fmin_((<float>1.0 - e) * (beta + <float>0.0019 * d * d * beta) + e * (
            d * <float>0.36067376 + <float>0.4427 + <float>0.66 / fmax_(d, <float>1e-9)), <float>1000.0)
        h = sqrtf(lobe_p(k) / lobe_q(k))                   # 1/i0e(k)
        h2 = sqrtf(lobe_p(<float>2.0 * k) / lobe_q(<float>2.0 * k))
        less = fmin_(fmax_(<float>12.4 + x[P_TILT * stride + i], <float>0.4), <float>32.4)
        less = (exp2_poly(<float>0.33219281 * less) - <float>1.0) * <float>0.11111111   # 1/f_c², kHz
        first = linear[P_F * stride + i]
        amp = x[P_AIR * stride + i] * norm[i] * linear[P_A * stride + i] * <float>0.2 * linear[P_B * stride + i] * sqrtf(
            <float>1.0 + first * first * less)
        env = amp / (khz * sqrtf(<float>1.0 + khz * khz * less))
        env2 = amp / (<float>2.0 * khz * sqrtf(<float>1.0 + <float>4.0 * khz * khz * less))
        env *= fade(((nu + <float>1.0) * f0_khz[i] + <float>2.6 * wide) * per_half_rate)
        env2 *= fade(((<float>2.0 * nu + <float>2.0) * f0_khz[i] + <float>2.8 * wide) * per_half_rate)
        still = fmax_(<float>1.0 - x[P_JITTER * stride + i] * <float>3.3333333,
                      fmin_(<float>175.0 * x[P_BREATH * stride + i], <float>0.35))
        out_nu[i] = nu
        out_index[i] = k * <float>1.44269504
        lobe[i] = env * h
        square[i] = env2 * h2
        noise[i] = still * env * sqrtf(<float>0.5e-3 * inv) * floor_of_density


cdef inline void control(control_t* c) noexcept nogil:
    """Formant model at the end of the hop: from rows and f0 to centre, index and gains of every lobe.

    Per formant k, with β = B/f0, ν = F/f0 and d the distance of ν to the nearest harmonic:
      index k(β);  resonance gain ρ = R(f0)^μ · R(f̄)^(λ-μ) with R = (1 + (2d/β)²)^(-1/2) / (1-d), the mean pitch f̄ and
      the swell μ; each factor at least -24 dB, so that the level of a note is that of λ and its vibrato that of μ;
      bell = A·ρ·(1-q)/i0e(k), skirt = A·ρ·q: A is the amplitude of the spectral peak.
    A lobe is faded out before its last 80 dB reach sample_rate/2; the first one becomes narrow instead. The gains are
    divided by the rms of the lobes (without cross terms between formants), so that a voice of level 1 has about rms 1
    at any vowel and pitch. That rms does not contain ρ, which makes vibrato and glides sound alive.
    """
    cdef int n = c.voices, s = c.stride, a = c.first
    cdef float* end = c.end + a
    control_lobes(c, end)
    if row_maximum(n, c.x + P_AIR * s + a) > <float>0.0:
        control_air(n, end + R_AIR_NU * s, end + R_AIR_INDEX * s, end + R_AIR * s, end + R_AIR_SQUARE * s,
                    end + R_AIR_NOISE * s, c.power + a, c.per_f0 + a, c.f0_khz + a, c.x + a, c.linear + a, s,
                    c.per_half_rate, c.floor_of_density)
    else:
        memset(end + R_AIR * s, 0, n * sizeof(float))
        memset(end + R_AIR_SQUARE * s, 0, n * sizeof(float))
        memset(end + R_AIR_NOISE * s, 0, n * sizeof(float))


cdef inline void control_lobes(control_t* c, float* end) noexcept nogil:
    """The rows of the lobes, and in c.power the inverse of their rms."""
    cdef int n = c.voices, s = c.stride, a = c.first
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
