# Limiter with one hop of look-ahead: no number of voices clips. Sound below the ceiling is only delayed.
#
# The gain at the border of two hops is at most the gain that either of them needs, and it is linear inside a hop. So no
# sample exceeds the ceiling, and the gain has no step. All channels get the gain that the loudest of them needs, so no
# voice moves between the channels. A hop with values that are not finite is muted.
#
# The signal may be higher between samples. For a sinusoid of angular frequency w a peak of 1 is at worst cos(w/2) at
# the nearest sample, and |x| + c |second difference| there is cos(w/2) (1 + 4 c sin²(w/2)). With c = (√2 - 1)/2 this is
# at least 1 up to a quarter of the sample rate. Above, a hop has samples nearer to the peaks.
#
# There are two releases. After a single peak the gain returns with a time constant of 15 ms, which is hardly heard as a
# change of loudness. A slow follower (70 ms down, 240 ms up) tracks the gain that a chord needs repeatedly. The fast
# release ends at its value, so the gain does not rise between the peaks of a chord, which would be heard as pumping.

from libc.math cimport exp, fabsf
from libc.string cimport memcpy, memset

from formant_dsp.kernels.table cimport kernel_table, row_t
from formant_dsp.kernels.rows cimport CHANNELS, HOP

cdef enum:
    PASSED = 0
    LIMITED = 1
    INVALID = 2

cdef enum:
    BEFORE = 2            # frames of the previous hop that the second difference needs

ctypedef struct limiter_t:
    int channels
    float held[CHANNELS * HOP]  # the hop that comes out next
    float held_limit      # gain that it needs
    float gain            # gain at the border of the last hop that came out and the held one
    float slow            # slow follower of the gain; the fast release ends at it
    float ceiling
    float fast            # share of the way in one hop: of the gain back to `slow`,
    float down            # of `slow` to a lower gain,
    float up              # of `slow` to a higher gain


cdef inline void limiter_init(limiter_t* limiter, int channels, float ceiling, double sample_rate) noexcept nogil:
    memset(limiter.held, 0, CHANNELS * HOP * sizeof(float))
    limiter.channels = channels
    limiter.held_limit = 1.0
    limiter.gain = 1.0
    limiter.slow = 1.0
    limiter.ceiling = ceiling
    limiter.fast = 1.0 - exp(-HOP / (0.015 * sample_rate))
    limiter.down = 1.0 - exp(-HOP / (0.07 * sample_rate))
    limiter.up = 1.0 - exp(-HOP / (0.24 * sample_rate))


cdef inline float between_samples(const float* before, const float* x, float top) noexcept nogil:
    """An upper bound of the peak of one channel over a hop, including the signal between the samples.

    before   the hop before x: its last frame is included here, because its next neighbour was not known before
    top      max |x|
    """
    cdef float c = <float>0.20710678, value
    cdef float[HOP + BEFORE] y
    cdef int i
    memcpy(y, before + HOP - BEFORE, BEFORE * sizeof(float))
    memcpy(y + BEFORE, x, HOP * sizeof(float))
    for i in range(1, HOP + BEFORE - 1):
        value = fabsf(y[i]) + c * fabsf(y[i - 1] - <float>2.0 * y[i] + y[i + 1])
        if value > top:
            top = value
    return top


cdef inline int limiter_hop(limiter_t* limiter, const kernel_table* kernels, float* fresh, float* out) noexcept nogil:
    """Take a fresh hop of all channels, write the previous one to out. Returns PASSED, LIMITED or INVALID (muted)."""
    cdef size_t size = limiter.channels * HOP * sizeof(float)
    cdef float top = <float>0.0, need = 1.0, both, node, channel_top
    cdef int c, state = PASSED
    for c in range(limiter.channels):
        channel_top = kernels.peak(fresh + c * HOP)
        if not channel_top < <float>1e9:    # NaN, infinite or far too large
            state = INVALID
        elif channel_top * <float>1.83 > limiter.ceiling:  # 1 + 4 c: the most that lies between samples
            channel_top = between_samples(limiter.held + c * HOP, fresh + c * HOP, channel_top)
        if channel_top > top:
            top = channel_top
    if state == INVALID:
        memset(fresh, 0, size)
    elif top > limiter.ceiling:
        need = limiter.ceiling / top
        state = LIMITED
    both = need if need < limiter.held_limit else limiter.held_limit
    limiter.slow += (both - limiter.slow) * (limiter.down if both < limiter.slow else limiter.up)
    node = limiter.slow
    if limiter.gain < node:
        node = limiter.gain + (node - limiter.gain) * limiter.fast
    if node > both:
        node = both
    memcpy(out, limiter.held, size)
    if limiter.gain < 1.0 or node < 1.0:
        for c in range(limiter.channels):
            kernels.scale(out + c * HOP, limiter.gain, (node - limiter.gain) / HOP)
    memcpy(limiter.held, fresh, size)
    limiter.held_limit = need
    limiter.gain = node
    return state
