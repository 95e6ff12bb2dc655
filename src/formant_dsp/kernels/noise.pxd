# Noise as a function of (seed, time), without state: the same seed gives the same sound.

from libc.math cimport floor
from libc.stdint cimport int64_t, uint32_t


cdef inline uint32_t mix32(uint32_t a, uint32_t b) noexcept nogil:
    """A hash of two words (the finaliser of MurmurHash3 over a Weyl step)."""
    cdef uint32_t h = a * <uint32_t>0x9E3779B9 + b * <uint32_t>0x85EBCA6B + <uint32_t>0x27220A95
    h ^= h >> 16
    h *= <uint32_t>0x85EBCA6B
    h ^= h >> 13
    h *= <uint32_t>0xC2B2AE35
    h ^= h >> 16
    return h


cdef inline double white(uint32_t seed, int64_t i) noexcept nogil:
    """A uniform value in -1 … 1."""
    return <double>mix32(seed, <uint32_t>i) * 4.656612875245797e-10 - 1.0


cdef inline double bell(uint32_t seed, int64_t i) noexcept nogil:
    """An approximately normal value (a sum of three uniform ones): mean 0, variance 1, |x| <= 3."""
    return white(seed, 3 * i) + white(seed, 3 * i + 1) + white(seed, 3 * i + 2)


# Spline noise: the cubic B-spline over white values at t = 0, 1, 2 …, band-limited to about half a cycle per unit of t,
# rms 1. Without scaling, the mean square of the spline over uniform values is 0.479 / 3.
#
# Between two of its knots it is a cubic of the way since the first one. Slow noises keep it from hop to hop, and draw
# new values only when time passes a knot.
ctypedef struct knots_t:
    double begin          # t of the first knot; NEVER_DRAWN: draw
    double c0, c1, c2, c3

cdef extern from * nogil:
    """
    #define FORMANT_NEVER_DRAWN -1e18
    #define FORMANT_WANDER_HZ 1.3     /* knots a second of a vibrato's noises */
    """
    const double VIBRATO_KNOTS_HZ "FORMANT_WANDER_HZ"
    const double NEVER_DRAWN "FORMANT_NEVER_DRAWN"


cdef inline void draw_knots(knots_t* k, uint32_t seed, double t) noexcept nogil:
    """The cubic around t."""
    cdef int64_t i = <int64_t>floor(t)
    cdef double x0 = white(seed, i - 1), x1 = white(seed, i), x2 = white(seed, i + 1), x3 = white(seed, i + 2)
    k.begin = <double>i
    k.c0 = 2.5026087 / 6.0 * (x0 + 4.0 * x1 + x2)
    k.c1 = 2.5026087 / 2.0 * (x2 - x0)
    k.c2 = 2.5026087 / 2.0 * (x0 - 2.0 * x1 + x2)
    k.c3 = 2.5026087 / 6.0 * (x3 - x0 + 3.0 * (x1 - x2))


cdef inline double kept_noise(knots_t* k, uint32_t seed, double t) noexcept nogil:
    """Spline noise at a t that moves slowly."""
    cdef double u = t - k.begin
    if not 0.0 <= u < 1.0:
        draw_knots(k, seed, t)
        u = t - k.begin
    return k.c0 + u * (k.c1 + u * (k.c2 + u * k.c3))


cdef inline double kept_difference(knots_t* k, uint32_t seed, double t) noexcept nogil:
    """Spline noise at t minus that at t - 1, for a t that moves slowly."""
    cdef double u = t - k.begin
    cdef knots_t before
    if not 0.0 <= u < 1.0:
        draw_knots(k, seed, t)
        draw_knots(&before, seed, t - 1.0)
        k.c0, k.c1, k.c2, k.c3 = k.c0 - before.c0, k.c1 - before.c1, k.c2 - before.c2, k.c3 - before.c3
        u = t - k.begin
    return k.c0 + u * (k.c1 + u * (k.c2 + u * k.c3))
