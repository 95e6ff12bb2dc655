# Randomness of one voice: drift, flutter, jitter and shimmer of its pitch and level in a hop.

from libc.math cimport fabs, floor, sin
from libc.stdint cimport int64_t

from formant_dsp.bank.memory.state cimport bank_t, voice_t
from formant_dsp.bank.voice.glide cimport dipping, glide_hop
from formant_dsp.bank.voice.onset cimport scoop, scoop_again
from formant_dsp.bank.voice.vibrato cimport vibrato_hop
from formant_dsp.kernels.exp2 cimport exp2_poly
from formant_dsp.kernels.noise cimport bell, spline_noise
from formant_dsp.kernels.rows cimport P_DRIFT, P_FLUTTER, P_JITTER, P_LEVEL, P_SHIMMER, P_VIBRATO, P_WANDER
from formant_dsp.kernels.table cimport control_t

cdef enum:
    DRIFT_HZ = 40         # knots per second of the drift's noise
    WANDER_HZ = 3         # knots per second of the slow wander


cdef inline void walk(bank_t* b, voice_t* v, int i) noexcept nogil:
    """Set how the pitch moves in this hop, its vibrato, and the cents by which it deviates at the end: drift, flutter,
    jitter, scoop. Parts that are 0 cost nothing."""
    cdef control_t* c = &b.control
    cdef int s = b.stride
    cdef float drift = c.x[P_DRIFT * s + i], jitter = c.x[P_JITTER * s + i], flutter = c.x[P_FLUTTER * s + i]
    cdef double cents = 0.0, t = c.seconds[i] + c.hop_s, slide
    v.cycles += 1e3 * c.f0_khz[i] * c.hop_s
    if drift > 0.0:
        cents = drift * spline_noise(v.seed, t * DRIFT_HZ, NULL)
    if flutter > 0.0:  # ±0.06 % per unit of FL; the seed shifts the time, so that voices differ
        t += (v.seed & 0xFFFF) * 1e-3
        cents += 0.346246809814 * flutter * (sin(79.79645340118074 * t) + sin(44.61061568097506 * t) + sin(
            29.530970943744055 * t))
    if jitter > 0.0:
        cents += 17.3123404907 * jitter * bell(v.seed + 1, <int64_t>floor(v.cycles))
    t = c.seconds[i] + c.hop_s
    if c.x[P_WANDER * s + i] > 0.0:  # a difference of noise, whose mean is 0 within two seconds
        cents += 4.0 * c.x[P_WANDER * s + i] * (
            spline_noise(v.seed + 8, WANDER_HZ * t, NULL) - spline_noise(v.seed + 8, WANDER_HZ * t - 1.0, NULL))
    if v.onset.scoop_cents > 0.0:
        cents -= scoop(&v.onset, t)
        if v.vibrato.since > 0.0:
            cents -= scoop_again(&v.onset, t - v.vibrato.since)
    c.walk_cents[i] = cents
    glide_hop(&v.glide, c, i, b.sample_rate)
    if c.x[P_VIBRATO * s + i] > 0.0:
        slide = 12.0 * fabs(c.f0_slope[i]) / c.hop_s if v.glide.left == 0 and v.glide.tau == 0.0 else 0.0
        vibrato_hop(&v.vibrato, c, i, v.seed, t, slide)


cdef inline float level_of(bank_t* b, voice_t* v, int i) noexcept nogil:
    """Level at the end of the hop: the smoothed level times the shimmer of this period and the dip of a join."""
    cdef double dip = dipping(&v.glide, b.control.seconds[i])
    cdef float level = b.control.x[P_LEVEL * b.stride + i], shimmer = b.control.x[P_SHIMMER * b.stride + i]
    if shimmer > 0.0:
        level *= exp2_poly(<float>0.16609640474 * shimmer * <float>bell(v.seed + 2, <int64_t>floor(v.cycles)))
    if b.control.x[P_WANDER * b.stride + i] > 0.0:
        level *= exp2_poly(<float>(0.16609640474 * 0.7 * b.control.x[P_WANDER * b.stride + i] * spline_noise(
            v.seed + 9, WANDER_HZ * (b.control.seconds[i] + 1.0), NULL)))
    if dip > 0.0:
        level *= exp2_poly(<float>(-0.16609640474 * v.glide.dip_db * dip))
    return level
