# Limiter with one hop of look-ahead: no number of voices clips, and below the ceiling nothing is bent, only delayed.
#
# The gain at the border of two hops is at most what either of them needs, and moves linearly inside a hop: so no sample
# passes the ceiling, and there is no step. What is not finite never reaches a loudspeaker.

from libc.math cimport exp
from libc.string cimport memcpy, memset

from formant_dsp.kernels cimport kernel_table, row_t
from formant_dsp.params cimport HOP

cdef enum:
    PASSED = 0
    LIMITED = 1
    INVALID = 2

ctypedef struct limiter_t:
    float held[HOP]       # the hop that comes out next
    float held_limit      # gain it needs
    float gain            # at the border of the hop that came out last and the held one
    float ceiling
    float release         # share of the way back to 1 in one hop


cdef inline void limiter_init(limiter_t* limiter, float ceiling, double release_frames) noexcept nogil:
    memset(limiter.held, 0, HOP * sizeof(float))
    limiter.held_limit = 1.0
    limiter.gain = 1.0
    limiter.ceiling = ceiling
    limiter.release = 1.0 - exp(-HOP / release_frames)


cdef inline int limiter_hop(limiter_t* limiter, const kernel_table* kernels, float* fresh, float* out) noexcept nogil:
    """Takes a fresh hop and gives out the one before it; PASSED, LIMITED or (fresh is muted) INVALID."""
    cdef float top = kernels.peak(fresh)
    cdef float need = 1.0, node
    cdef int state = PASSED
    if not top < 1e9:                       # NaN or absurd
        memset(fresh, 0, HOP * sizeof(float))
        state = INVALID
    elif top > limiter.ceiling:
        need = limiter.ceiling / top
        state = LIMITED
    node = limiter.gain + (1.0 - limiter.gain) * limiter.release
    if node > need:
        node = need
    if node > limiter.held_limit:
        node = limiter.held_limit
    memcpy(out, limiter.held, HOP * sizeof(float))
    if limiter.gain < 1.0 or node < 1.0:
        kernels.scale(out, limiter.gain, (node - limiter.gain) / HOP)
    memcpy(limiter.held, fresh, HOP * sizeof(float))
    limiter.held_limit = need
    limiter.gain = node
    return state
