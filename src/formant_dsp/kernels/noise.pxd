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


cdef inline double spline_noise(uint32_t seed, double t, double* slope) noexcept nogil:
    """Cubic B-spline over white values at t = 0, 1, 2 …: band-limited to about half a cycle per unit of t, rms 1.

    slope   out: the derivative by t; may be NULL
    Without scaling, the mean square of the spline over uniform values is 0.479 / 3.
    """
    return spline_at(seed, <int64_t>floor(t), t - floor(t), slope)


cdef inline double spline_at(uint32_t seed, int64_t i, double u, double* slope) noexcept nogil:
    """spline_noise at t = i + u, 0 <= u < 1, for callers whose t is not negative and needs no call of floor."""
    cdef double u2 = u * u, u3 = u2 * u, v = 1.0 - u
    cdef double x0 = white(seed, i - 1), x1 = white(seed, i), x2 = white(seed, i + 1), x3 = white(seed, i + 2)
    if slope != NULL:
        slope[0] = 0.5 * 2.5026087 * (-v * v * x0 + (3.0 * u2 - 4.0 * u) * x1 + (1.0 + 2.0 * u - 3.0 * u2) * x2 + u2 * x3)
    return 2.5026087 / 6.0 * (v * v * v * x0 + (3.0 * u3 - 6.0 * u2 + 4.0) * x1 + (
        3.0 * u + 3.0 * u2 - 3.0 * u3 + 1.0) * x2 + u3 * x3)
