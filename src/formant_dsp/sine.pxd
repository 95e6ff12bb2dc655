# sin 2πx of a turn: an odd polynomial of degree 9 on a quarter turn, error 3.3e-9 (1.7e-7 in float32).
#
# Source of the coefficients: least maximum error on |x| <= 1/4; test_kernels.py measures it.
# Folding costs no branch: cos 2πt = sin 2π(1/4 - |t|) for |t| <= 1/2, and a sine is a cosine a quarter turn earlier,
# which in uint32 turns is one integer subtraction.

from libc.math cimport fabs, fabsf
from libc.stdint cimport int32_t, uint32_t


cdef inline float sin_quarter(float x) noexcept nogil:
    """sin 2πx for |x| <= 1/4 turn."""
    cdef float x2 = x * x
    return x * (<float>6.28318516 + x2 * (<float>-41.341655 + x2 * (
        <float>81.6010041 + x2 * (<float>-76.5497823 + x2 * <float>39.536706))))


cdef inline float cos_half(float t) noexcept nogil:
    """cos 2πt for |t| <= 1/2 turn."""
    return sin_quarter(<float>0.25 - fabsf(t))


cdef inline float turns(uint32_t phase) noexcept nogil:
    """A phase in 2^-32 turns as a float in -1/2 ... 1/2 turn."""
    return <float>(<int32_t>phase) * <float>2.3283064365386963e-10


cdef inline float cos_phase(uint32_t phase) noexcept nogil:
    return cos_half(turns(phase))


cdef inline float sin_phase(uint32_t phase) noexcept nogil:
    return cos_half(turns(phase - <uint32_t>0x40000000))


cdef inline double sin_double(double t) noexcept nogil:
    """sin 2πt for |t| < 2^50, error below 1e-14 (Taylor series on a quarter turn): for what adds up over a note."""
    cdef double u = t - 0.25
    cdef double y, y2
    u = u - ((u + 6755399441055744.0) - 6755399441055744.0)
    y = 6.283185307179586 * (0.25 - fabs(u))
    y2 = y * y
    return y * (1.0 + y2 * (-0.16666666666666666 + y2 * (0.008333333333333333 + y2 * (-0.0001984126984126984 + y2 * (2.7557319223985893e-06 + y2 * (
        -2.505210838544172e-08 + y2 * (1.6059043836821613e-10 + y2 * (-7.647163731819816e-13 + y2 * (2.8114572543455206e-15 + y2 * -8.22063524662433e-18)))))))))
