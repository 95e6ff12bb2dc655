# Randomness of one voice: drift, flutter, jitter and shimmer of its pitch and level in a hop.

from libc.math cimport fabs
from libc.stdint cimport int64_t

from formant_dsp.bank.memory.state cimport bank_t, slow_t, voice_t
from formant_dsp.bank.voice.glide cimport glide_hop
from formant_dsp.bank.voice.onset cimport scoop, scoop_again
from formant_dsp.bank.voice.vibrato cimport vibrato_hop
from formant_dsp.kernels.exp2 cimport exp2_poly
from formant_dsp.kernels.noise cimport NEVER_DRAWN, bell, kept_difference, kept_noise
from formant_dsp.kernels.rows cimport P_DRIFT, P_JITTER, P_LEVEL, P_SHIMMER, P_VIBRATO, P_WANDER
from formant_dsp.kernels.table cimport control_t

cdef enum:
    DRIFT_HZ = 40         # knots per second of the drift's noise
    WANDER_HZ = 3         # knots per second of the slow wander


cdef inline void forget(slow_t* slow) noexcept nogil:
    """A new note draws its noises anew."""
    slow.drift.begin = slow.pitch.begin = slow.level.begin = slow.growl.begin = NEVER_DRAWN


cdef inline double unsteadiness(bank_t* b, voice_t* v, int i, double t) noexcept nogil:
    """Cents of drift, jitter and wander at t seconds, the end of this hop. The kernels add the flutter (`pitch`)."""
    cdef control_t* c = &b.control
    cdef int s = b.stride
    cdef float drift = c.x[P_DRIFT * s + i], jitter = c.x[P_JITTER * s + i]
    cdef double cents = 0.0
    if drift > 0.0:
        cents = drift * kept_noise(&v.rest.slow.drift, v.seed, t * DRIFT_HZ)
    if (jitter > 0.0 or c.x[P_SHIMMER * s + i] > 0.0) and v.period != <int64_t>v.cycles:
        v.period = <int64_t>v.cycles
        v.jitter, v.shimmer = <float>bell(v.seed + 1, v.period), <float>bell(v.seed + 2, v.period)
    cents += 17.3123404907 * jitter * v.jitter
    if c.x[P_WANDER * s + i] > 0.0:  # a difference of noise, whose mean is 0 within two seconds
        cents += 4.0 * c.x[P_WANDER * s + i] * kept_difference(&v.rest.slow.pitch, v.seed + 8, WANDER_HZ * t)
    return cents


cdef inline void walk(bank_t* b, voice_t* v, int i) noexcept nogil:
    """Set how the pitch moves in this hop, its vibrato, and the cents by which it deviates at the end: drift, flutter,
    jitter, scoop. Parts that are 0 cost nothing."""
    cdef control_t* c = &b.control
    cdef double cents = 0.0, t = c.seconds[i] + c.hop_s, slide
    v.cycles += 1e3 * c.hop_s * c.f0_khz[i]
    if c.extras[i]:
        cents = unsteadiness(b, v, i, t)
    if v.onset.scoop_cents > 0.0:
        cents -= scoop(&v.onset, t)
        if v.vibrato.since > 0.0:
            cents -= scoop_again(&v.onset, t - v.vibrato.since)
    c.walk_cents[i] = cents
    glide_hop(&v.glide, c, i, b.sample_rate)
    if c.x[P_VIBRATO * b.stride + i] > 0.0:
        slide = 0.0
        if fabs(c.f0_slope[i]) > 1e-9 and v.glide.left == 0 and v.glide.tau == 0.0:
            slide = 12.0 * fabs(c.f0_slope[i]) / c.hop_s
        vibrato_hop(&v.vibrato, c, i, v.seed, t, slide)


cdef inline float level_of(bank_t* b, voice_t* v, int i, double dip, bint extra) noexcept nogil:
    """Level at the end of the hop: the smoothed level times the shimmer of this period and the wander; with the dip of
    a join, of which the share `dip` is left.

    extra   the voice may have shimmer or wander
    """
    cdef float level = b.control.x[P_LEVEL * b.stride + i], shimmer, wander, db = <float>0.0
    if not extra and dip <= 0.0:
        return level
    shimmer, wander = b.control.x[P_SHIMMER * b.stride + i], b.control.x[P_WANDER * b.stride + i]
    if shimmer > 0.0:
        db = shimmer * v.shimmer
    if wander > 0.0:
        db += <float>(0.7 * wander * kept_noise(&v.rest.slow.level, v.seed + 9, WANDER_HZ * (b.control.seconds[i] + 1.0)))
    if dip > 0.0:
        db -= <float>(v.glide.dip_db * dip)
    return level * exp2_poly(<float>0.16609640474 * db) if db != 0.0 else level
