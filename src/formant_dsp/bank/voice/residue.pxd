# The residue voice: the response of a vocal tract of five resonances to a pulse train, in closed form.
#
# The poles are p_j = -πB_j ± i2πF_j and two real ones: the source's slope of -6 dB per octave, and its tilt. With the
# residues c_j of H(s) = G·(1 + s/ω_n) / Π(s - p_i) the periodic steady state is
#     y(φ) = 2 Re Σ_j c_j e^{p_j T φ} / (1 - e^{p_j T}) + (the real poles' terms),   φ = 0 … 1 of a period T.
# Centres, levels and phases are those of a tract; centres need not be harmonics. Time is in ms, frequency in kHz.
#
# Tilt: the pole is a low-pass of 12.4 + tilt dB at 3 kHz, the zero the inverse of one of 12.4 dB. The source of a
# table's vowels is taken to have 12.4 dB (27 - 21 E + 11 - 11 E at an effort of 0.8, expression.py). At tilt 0 pole and
# zero cancel. The sum is at most 32.4 dB, so that the tilt's pole stays above that of the slope.
#
# Within a hop the coefficients are linear. While poles move, the end of a period differs a little from its beginning in
# the middle of the hop (`period_gap`). The kernel removes that step by subtracting a line over the period.
#
# A resonance is faded near half the sample rate: from 0.66 of it on a pole keeps its frequency and gets wider. At 0.83
# it is so wide that it is no resonance any more.
#
# Loudness: harmonic m has the amplitude 2 f0 |H(i2πm f0)|. The gains are divided by the rms of the harmonics. Where
# poles are so close that their terms nearly cancel (by more than 60 dB), the divisor has a lower bound: float32 is not
# exact enough for more.

from libc.math cimport M_PI, atan2, fabs, rint, sqrt

from formant_dsp.kernels.exp2 cimport exp2_double, exp2_poly
from formant_dsp.bank.voice.harmonics cimport FROM_HZ, harmonics_fill, harmonics_scale
from formant_dsp.kernels.table cimport control_t, harmonics_t, kernel_table, poles_t, tract_t
from formant_dsp.kernels.rows cimport (FORMANTS, LANES, P_A, P_B, P_F, P_TILT, R_AIR, R_AIR_NOISE, R_AIR_SQUARE, R_BELL, R_INDEX, R_NU, R_SKIRT, R_SKIRT_R, R_TILT, R_TILT_DECAY,
                                 R_VOICING, R_VOICING_R)
from formant_dsp.kernels.sine cimport sin_turns

cdef extern from "native/vec.h" nogil:
    double dmax "formant_dmax"(double, double) noexcept
    double dmin "formant_dmin"(double, double) noexcept

cdef enum:
    SLOPE_HZ = 50         # real pole of the slope
    APART_HZ = 30         # least distance of two poles: this, or a quarter of their mean width,
    FAR_APART_HZ = 2000   # at most this
    LOUD_HARMONICS = 128  # most harmonics that the loudness counts


cdef inline double corner_khz(double attenuation_db) noexcept nogil:
    """Corner, kHz, of the one-pole low-pass with this attenuation at 3 kHz."""
    return 3.0 / sqrt(exp2_double(0.33219280948873623 * attenuation_db) - 1.0)


cdef inline double harmonics_power(const kernel_table* kernels, const tract_t* tract, int n) noexcept nogil:
    """Sum of |H|² over n harmonics."""
    cdef double[LOUD_HARMONICS + 1] power
    cdef double a = 0.0, b = 0.0
    cdef int m
    n = LOUD_HARMONICS if n > LOUD_HARMONICS else n if n > 2 else 2
    kernels.powers(power, tract, n)
    power[n] = 0.0
    for m in range(0, n, 2):
        a += power[m]
        b += power[m + 1]
    return a + b


cdef inline float period_gap(const float* start, const float* end, int s) noexcept nogil:
    """End of a period minus its beginning, in the middle of a hop from column `start` to `end`; 0 at both of them."""
    cdef float gap = 0.0, nu, turn
    cdef bint moves = False
    cdef int j, row
    for j in range(FORMANTS):
        moves |= start[(R_NU + j) * s] != end[(R_NU + j) * s] or start[(R_INDEX + j) * s] != end[(R_INDEX + j) * s]
        moves |= start[(R_BELL + j) * s] != end[(R_BELL + j) * s]
    if not moves:
        return gap
    for j in range(FORMANTS):
        turn = <float>0.5 * (start[(R_SKIRT + j) * s] + end[(R_SKIRT + j) * s]) + <float>0.25
        nu = <float>0.5 * (start[(R_NU + j) * s] + end[(R_NU + j) * s])
        row = (R_INDEX + j) * s
        gap += <float>0.5 * (start[(R_BELL + j) * s] + end[(R_BELL + j) * s]) * (
            exp2_poly(<float>0.5 * (start[row] + end[row])) * sin_turns(nu + turn) - sin_turns(turn))
    gap += <float>0.5 * (start[R_VOICING * s] + end[R_VOICING * s]) * (
        exp2_poly(<float>0.5 * (start[R_SKIRT_R * s] + end[R_SKIRT_R * s])) - <float>1.0)
    return gap + <float>0.5 * (start[R_TILT * s] + end[R_TILT * s]) * (
        exp2_poly(<float>0.5 * (start[R_TILT_DECAY * s] + end[R_TILT_DECAY * s])) - <float>1.0)


# The part of a residue voice that does not depend on its pitch. It is kept until the vowel or the tilt changes.
ctypedef struct residue_t:
    poles_t poles
    double edge           # kHz: where harmonics end that the loudness counts
    double first          # height of the first resonance: the high band is scaled by it
    double tilt           # 1/ms: the pole of the tilt
    double real_gain, tilt_gain  # of the real poles
    double more_tilt_db   # which was added to P_TILT
    tract_t tract


cdef inline void residue_of(residue_t* r, const control_t* c, int i, double more_tilt_db) noexcept nogil:
    """Write the residues of slot i."""
    cdef int s = c.stride
    cdef double[FORMANTS] f
    cdef double[FORMANTS] b
    cdef double slope = 2.0 * M_PI * SLOPE_HZ * 1e-3
    cdef double tilt = 2.0 * M_PI * corner_khz(dmin(dmax(12.4 + c.x[P_TILT * s + i] + more_tilt_db, 0.4), 32.4)), neutral = 2.0 * M_PI * corner_khz(12.4)
    cdef double re, im, dre, dim, x, y, z, pk, qk, size, real_gain, tilt_gain
    cdef double top = 0.66 * c.half_rate_khz, near, apart
    cdef int j, k
    r.more_tilt_db = more_tilt_db
    r.tilt = tilt
    for j in range(FORMANTS):
        f[j] = exp2_double(c.x[(P_F + j) * s + i])   # c.linear is rounded: 1e-7 of F1 is 2e-6 of its level
        b[j] = 0.1 * c.linear[(P_B + j) * s + i]
        if b[j] < 0.02:
            b[j] = 0.02
        if f[j] > top:
            near = dmin(4.0 * (f[j] / top - 1.0), 1.0)
            f[j] = top
            b[j] += 2.0 * top * near * near
        for k in range(j):
            apart = dmax(APART_HZ * 1e-3, dmin(0.125 * (b[j] + b[k]), FAR_APART_HZ * 1e-3))
            if fabs(f[j] - f[k]) < apart:
                f[j] = f[k] + (apart if f[j] >= f[k] else -apart)
    # c_j = G / Π (p_j - p_i); the factors |p| of G are multiplied in one by one, so that nothing overflows
    for j in range(FORMANTS):
        re, im = -M_PI * b[j], 2.0 * M_PI * f[j]
        size = (re * re + im * im) / (2.0 * im) * slope * tilt / neutral
        # the denominator, as a complex product: first i and the real poles, then the other pairs
        x, y = -im, re + slope
        x, y = x * (re + tilt) - y * im, x * im + y * (re + tilt)
        for k in range(FORMANTS):
            if k != j:
                pk, qk = -M_PI * b[k], 2.0 * M_PI * f[k]
                dre = re - pk
                z = dre * dre - im * im + qk * qk      # (dre + i(im - q))·(dre + i(im + q))
                dim = 2.0 * dre * im
                size *= pk * pk + qk * qk
                x, y = x * z - y * dim, x * dim + y * z
        dre = re + neutral
        size *= sqrt((dre * dre + im * im) / (x * x + y * y))
        if j == 0:
            r.first = size / (M_PI * b[0])
        r.poles.f[j], r.poles.decay[j] = f[j], re * 1.4426950408889634
        r.poles.size[j] = 2.0 * size
        r.poles.turn[j] = atan2(im * x - dre * y, dre * x + im * y) / (2.0 * M_PI)
        r.tract.square[j] = 1.0 / (re * re + im * im)
        r.tract.damping[j] = -2.0 * re * r.tract.square[j]
    for j in range(FORMANTS, LANES):
        r.poles.f[j], r.poles.decay[j], r.poles.size[j], r.poles.turn[j] = 1.0, -1.0, 0.0, 0.0
    real_gain = slope * tilt / neutral * (neutral - slope) / (tilt - slope)
    tilt_gain = slope * tilt / neutral * (neutral - tilt) / (slope - tilt)
    for k in range(FORMANTS):
        x, y = -M_PI * b[k], 2.0 * M_PI * f[k]
        size = x * x + y * y
        real_gain *= size / ((x + slope) * (x + slope) + y * y)
        tilt_gain *= size / ((x + tilt) * (x + tilt) + y * y)
    r.real_gain, r.tilt_gain = real_gain, tilt_gain
    r.edge = f[FORMANTS - 1] + b[FORMANTS - 1]
    r.tract.slope, r.tract.tilt, r.tract.neutral = 1.0 / slope, 1.0 / tilt, 1.0 / neutral


cdef inline void residue_column(const control_t* c, const kernel_table* kernels, const float* start, residue_t* r,
                                harmonics_t* harmonics, int i, bint fresh, double more_tilt_db) noexcept nogil:
    """Write the column of slot i at the end of the hop: ν, log2 decay, gain and phase of the five pole pairs; log2
    decay and gain of the real poles; mean.

    more_tilt_db   added to P_TILT
    start          rows at the start of the hop: a phase changes from there by at most half a turn
    harmonics      written from FROM_HZ on; below, its count is 0
    fresh          first hop of a note: there is no start
    """
    cdef int s = c.stride
    cdef double t = 1.0 / c.f0_khz[i], slope = 2.0 * M_PI * SLOPE_HZ * 1e-3 * 1.4426950408889634
    cdef double x, turn, gain, real_gain, tilt_gain, terms = 0.0
    cdef double[LANES] gains
    cdef double[LANES] turns
    cdef int j
    cdef float* end = c.end
    if fresh or c.vowels_move or c.moving[P_TILT] or more_tilt_db != r.more_tilt_db:
        residue_of(r, c, i, more_tilt_db)
    kernels.poles(gains, turns, &r.poles, t)
    for j in range(FORMANTS):
        terms += gains[j]
    real_gain = r.real_gain / (1.0 - exp2_double(dmax(-slope * t, -900.0)))
    tilt_gain = r.tilt_gain / (1.0 - exp2_double(dmax(-r.tilt * 1.4426950408889634 * t, -900.0)))
    r.tract.w = 2.0 * M_PI / t
    r.tract.per_half_rate = c.f0_khz[i] * c.per_half_rate
    harmonics.count = 0
    if c.f0_khz[i] >= FROM_HZ * 1e-3:
        x = harmonics_fill(harmonics, kernels, &r.tract)
    else:
        x = harmonics_power(kernels, &r.tract, <int>(r.edge * t) + 2)
    x = sqrt(2.0 * x) / t
    terms = 1e-3 * (terms + fabs(real_gain) + fabs(tilt_gain))
    if c.f0_khz[i] > FROM_HZ * 1e-3:   # a sum of harmonics is exact however weak it is
        terms *= (FROM_HZ * 1e-3 / c.f0_khz[i]) ** 12
    terms += 1e-12
    gain = 1.0 / (x if x > terms else terms)
    for j in range(FORMANTS):
        turn = turns[j]
        if fresh:
            turn -= rint(turn)
        else:
            turn -= rint(turn - start[(R_SKIRT + j) * s + i])
        end[(R_NU + j) * s + i] = r.poles.f[j] * t
        end[(R_INDEX + j) * s + i] = r.poles.decay[j] * t
        end[(R_BELL + j) * s + i] = gains[j] * gain
        end[(R_SKIRT + j) * s + i] = turn
    if end[R_AIR * s + i] > 0.0:
        x = r.first * 2.0 * gain / t / (c.linear[P_A * s + i] * c.power[i])
        end[R_AIR * s + i] *= x
        end[R_AIR_SQUARE * s + i] *= x
        end[R_AIR_NOISE * s + i] *= x
    if c.f0_khz[i] >= FROM_HZ * 1e-3:
        harmonics_scale(harmonics, 2.0 * gain / t)
    end[R_SKIRT_R * s + i] = -slope * t
    end[R_VOICING * s + i] = real_gain * gain
    end[R_VOICING_R * s + i] = gain / t
    end[R_TILT_DECAY * s + i] = -r.tilt * t * 1.4426950408889634
    end[R_TILT * s + i] = tilt_gain * gain
