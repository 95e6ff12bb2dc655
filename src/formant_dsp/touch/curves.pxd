# Small curves that the mapping is made of.

from libc.math cimport exp, log1p


cdef inline double within(double x, double low, double high) noexcept nogil:
    """x, held between two bounds; a NaN becomes the lower one."""
    return high if x > high else x if x > low else low


cdef inline double smoothstep(double u) noexcept nogil:
    """0 below 0, 1 above 1, level at both ends."""
    u = within(u, 0.0, 1.0)
    return u * u * (3.0 - 2.0 * u)


cdef inline double smooth_maximum(double a, double b, double softness) noexcept nogil:
    """The greater of two numbers, with a round corner: softness·ln 2 above both where they are equal."""
    cdef double difference = (a - b) / softness
    if difference > 0.0:
        return a + softness * log1p(exp(-difference))
    return b + softness * log1p(exp(difference))
