# Sine and cosine of a phase in turns, as polynomials on a quarter turn: no branch, no table, no folding.
#
# A phase in units of 2^-32 turns, read as a signed integer, is t in -1/2 … 1/2 turn. So the half angle πt is within a
# quarter turn, where sin πt (odd, degree 9) and cos πt (even, degree 8) share t². The full angle follows from
# sin 2πt = 2 sin πt cos πt and cos 2πt = 1 - 2 sin² πt. Errors are 3e-9 and 5e-8 (2e-7 in float32); test_kernels.py
# bounds the total. The coefficients have the least maximum error on |t| <= 1/2.

from libc.math cimport fabs
from libc.stdint cimport int32_t, uint32_t

cdef extern from "native/vec.h" nogil:
    float k "formant_const"(float) noexcept


cdef inline float sin_half(float t, float t2) noexcept nogil:
    """sin πt for |t| <= 1/2; t2 = t²."""
    return t * (k(<float>3.14159258) + t2 * (k(<float>-5.167706879) + t2 * (
        k(<float>2.550031377) + t2 * (k(<float>-0.5980451742) + t2 * k(<float>0.07722012904)))))


cdef inline float cos_half(float t2) noexcept nogil:
    """cos πt for t² <= 1/4."""
    return k(<float>0.9999999535) + t2 * (k(<float>-4.934792859) + t2 * (
        k(<float>4.058411914) + t2 * (k(<float>-1.331880161) + t2 * k(<float>0.2196967987))))


cdef inline float turns(uint32_t phase) noexcept nogil:
    """A phase in 2^-32 turns as a float in -1/2 ... 1/2 turn."""
    return <float>(<int32_t>phase) * k(<float>2.3283064365386963e-10)


cdef inline float carriers_at(float t, float w, float c1, float s) noexcept nogil:
    """(1-w) sin φ + w sin (φ+θ), φ = t turns with |t| <= 1/2, c1 = cos θ - 1 and s = sin θ of the fundamental."""
    cdef float t2 = t * t
    cdef float a = sin_half(t, t2)
    cdef float q = w * s
    return q + (a + a) * (cos_half(t2) * (k(<float>1.0) + w * c1) - a * q)


cdef inline float carriers(uint32_t phase, float w, float c1, float s) noexcept nogil:
    """carriers_at for a phase in 2^-32 turns."""
    return carriers_at(turns(phase), w, c1, s)


cdef inline float cos_phase(uint32_t phase) noexcept nogil:
    cdef float t = turns(phase)
    cdef float a = sin_half(t, t * t)
    return <float>1.0 - <float>2.0 * a * a


cdef inline float sin_turns(float t) noexcept nogil:
    """sin 2πt for |t| < 2^22."""
    cdef float u = t - ((t + <float>12582912.0) - <float>12582912.0)
    cdef float u2 = u * u
    return <float>2.0 * sin_half(u, u2) * cos_half(u2)


cdef inline double sin_near(double t) noexcept nogil:
    """sin 2πt for |t| < 2^50, error below 1e-9: what is not summed over a note needs no more."""
    cdef double u = t - 0.25
    cdef double y, y2
    u = u - ((u + 6755399441055744.0) - 6755399441055744.0)
    y = 6.283185307179586 * (0.25 - fabs(u))
    y2 = y * y
    return y * (1.0 + y2 * (-0.16666666666666666 + y2 * (0.008333333333333333 + y2 * (-0.0001984126984126984 + y2 * (
        2.7557319223985893e-06 + y2 * (-2.505210838544172e-08 + y2 * 1.6059043836821613e-10))))))


cdef inline double sin_double(double t) noexcept nogil:
    """sin 2πt for |t| < 2^50, error below 1e-14 (Taylor series on a quarter turn), for sums over a whole note."""
    cdef double u = t - 0.25
    cdef double y, y2
    u = u - ((u + 6755399441055744.0) - 6755399441055744.0)
    y = 6.283185307179586 * (0.25 - fabs(u))
    y2 = y * y
    return y * (1.0 + y2 * (-0.16666666666666666 + y2 * (0.008333333333333333 + y2 * (-0.0001984126984126984 + y2 * (2.7557319223985893e-06 + y2 * (
        -2.505210838544172e-08 + y2 * (1.6059043836821613e-10 + y2 * (-7.647163731819816e-13 + y2 * (2.8114572543455206e-15 + y2 * -8.22063524662433e-18)))))))))
