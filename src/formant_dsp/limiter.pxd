# Limiter with one hop of look-ahead: no number of voices clips, and below the ceiling nothing is bent, only delayed.
#
# The gain at the border of two hops is at most what either of them needs, and moves linearly inside a hop: so no sample
# passes the ceiling, and there is no step. All channels get the gain that the loudest of them needs, so nobody is moved.
# What is not finite never reaches a loudspeaker.

from libc.math cimport exp
from libc.string cimport memcpy, memset

from formant_dsp.kernels cimport kernel_table, row_t
from formant_dsp.params cimport CHANNELS, HOP

cdef enum:
    PASSED = 0
    LIMITED = 1
    INVALID = 2

ctypedef struct limiter_t:
    int channels
    float held[CHANNELS * HOP]  # the hop that comes out next
    float held_limit      # gain it needs
    float gain            # at the border of the hop that came out last and the held one
    float ceiling
    float release         # share of the way back to 1 in one hop


cdef inline void limiter_init(limiter_t* limiter, int channels, float ceiling, double release_frames) noexcept nogil:
    memset(limiter.held, 0, CHANNELS * HOP * sizeof(float))
    limiter.channels = channels
    limiter.held_limit = 1.0
    limiter.gain = 1.0
    limiter.ceiling = ceiling
    limiter.release = 1.0 - exp(-HOP / release_frames)


cdef inline int limiter_hop(limiter_t* limiter, const kernel_table* kernels, float* fresh, float* out) noexcept nogil:
    """Takes a fresh hop of all channels and gives out the one before it; PASSED, LIMITED or (fresh is muted) INVALID."""
    cdef size_t size = limiter.channels * HOP * sizeof(float)
    cdef float top = <float>0.0, need = 1.0, node, channel_top
    cdef int c, state = PASSED
    for c in range(limiter.channels):
        channel_top = kernels.peak(fresh + c * HOP)
        if not channel_top < <float>1e9:    # NaN or absurd
            state = INVALID
        if channel_top > top:
            top = channel_top
    if state == INVALID:
        memset(fresh, 0, size)
    elif top > limiter.ceiling:
        need = limiter.ceiling / top
        state = LIMITED
    node = limiter.gain + (1.0 - limiter.gain) * limiter.release
    if node > need:
        node = need
    if node > limiter.held_limit:
        node = limiter.held_limit
    memcpy(out, limiter.held, size)
    if limiter.gain < 1.0 or node < 1.0:
        for c in range(limiter.channels):
            kernels.scale(out + c * HOP, limiter.gain, (node - limiter.gain) / HOP)
    memcpy(limiter.held, fresh, size)
    limiter.held_limit = need
    limiter.gain = node
    return state
