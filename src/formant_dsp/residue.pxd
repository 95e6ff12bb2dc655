# The residue voice: what a vocal tract of five resonances answers to a pulse train, in closed form.
#
# Poles p_j = -πB_j ± i2πF_j and a real one (the source's fall of 6 dB an octave). With the residues c_j of
# H(s) = G / Π(s - p_i) the periodic steady state is
#     y(φ) = 2 Re Σ_j c_j e^{p_j T φ} / (1 - e^{p_j T}) + (the real pole's term),   φ = 0 … 1 of a period T.
# Centres, levels and phases are those of a tract; nothing is bound to harmonics. Time is in ms, frequency in kHz.

from libc.math cimport M_PI, atan2, cos, exp, fabs, rint, sin, sqrt

from formant_dsp.exp2 cimport exp2_poly
from formant_dsp.kernels cimport control_t
from formant_dsp.params cimport (FORMANTS, P_B, P_F, R_BELL, R_INDEX, R_NU, R_SKIRT, R_SKIRT_R, R_VOICING, R_VOICING_R)

cdef enum:
    SLOPE_HZ = 50         # of the real pole
    APART_HZ = 30         # poles must not coincide


cdef inline void residue_column(const control_t* c, const float* start, int i, bint fresh) noexcept nogil:
    """Writes the column of slot i at the end of the hop: ν, log2 decay, gain, phase; decay and gain of the real pole; mean.

    start   the rows at the start of the hop: phases are continued from there by the shortest way
    """
    cdef double[FORMANTS] f
    cdef double[FORMANTS] b
    cdef double t = 1.0 / c.f0_khz[i], slope = 2.0 * M_PI * SLOPE_HZ * 1e-3
    cdef double re, im, dre, dim, x, y, z, pk, qk, size, turn, decay, power, mean, gain, real_gain
    cdef double top = 0.9 * c.half_rate_khz
    cdef double[FORMANTS] gains
    cdef double[FORMANTS] turns
    cdef int j, k, s = c.stride
    cdef float* end = c.end
    for j in range(FORMANTS):
        f[j] = exp2_poly(c.x[(P_F + j) * s + i])
        b[j] = 0.1 * exp2_poly(c.x[(P_B + j) * s + i])
        if b[j] < 0.02:
            b[j] = 0.02
        if f[j] > top:
            f[j] = top
        for k in range(j):
            if fabs(f[j] - f[k]) < APART_HZ * 1e-3:
                f[j] = f[k] + (APART_HZ * 1e-3 if f[j] >= f[k] else -APART_HZ * 1e-3)
    # c_j = G / Π (p_j - p_i), the factors |p| of G taken along one by one so that nothing overflows
    power = 0.0
    for j in range(FORMANTS):
        re, im = -M_PI * b[j], 2.0 * M_PI * f[j]
        size = (re * re + im * im) / (2.0 * im) * slope
        # the denominator, as a complex product: first i and the real pole, then the other pairs
        x, y = -im, re + slope
        for k in range(FORMANTS):
            if k != j:
                pk, qk = -M_PI * b[k], 2.0 * M_PI * f[k]
                dre = re - pk
                z = dre * dre - im * im + qk * qk      # (dre + i(im - q))·(dre + i(im + q))
                dim = 2.0 * dre * im
                size *= pk * pk + qk * qk
                x, y = x * z - y * dim, x * dim + y * z
        decay = exp(re * t)
        z, dim = 1.0 - decay * cos(im * t), -decay * sin(im * t)
        x, y = x * z - y * dim, x * dim + y * z
        gains[j] = 2.0 * size / sqrt(x * x + y * y)
        turns[j] = -atan2(y, x) / (2.0 * M_PI)
        power += 0.5 * gains[j] * gains[j] * (1.0 - decay * decay) / (-2.0 * re * t)
    size = slope
    for k in range(FORMANTS):
        x, y = -M_PI * b[k], 2.0 * M_PI * f[k]
        size *= (x * x + y * y) / ((x + slope) * (x + slope) + y * y)
    decay = exp(-slope * t)
    real_gain = size / (1.0 - decay)
    mean = 1.0 / t
    power += real_gain * real_gain * (1.0 - decay * decay) / (2.0 * slope * t) - mean * mean
    gain = 1.0 / sqrt(power if power > 1e-12 else 1e-12)
    for j in range(FORMANTS):
        turn = turns[j]
        if fresh:
            turn -= rint(turn)
        else:
            turn -= rint(turn - start[(R_SKIRT + j) * s + i])
        end[(R_NU + j) * s + i] = f[j] * t
        end[(R_INDEX + j) * s + i] = -M_PI * b[j] * t * 1.4426950408889634
        end[(R_BELL + j) * s + i] = gains[j] * gain
        end[(R_SKIRT + j) * s + i] = turn
    end[R_SKIRT_R * s + i] = -slope * t * 1.4426950408889634
    end[R_VOICING * s + i] = real_gain * gain
    end[R_VOICING_R * s + i] = mean * gain
