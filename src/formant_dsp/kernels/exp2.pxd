# 2^t and log2 without branches and tables, so that loops around them vectorise.

from libc.stdint cimport int32_t, int64_t

cdef extern from "native/vec.h" nogil:
    float k "formant_const"(float) noexcept
    int32_t bits "formant_bits"(float) noexcept
    float from_bits "formant_float"(int32_t) noexcept
    int64_t bits64 "formant_bits64"(double) noexcept
    double from_bits64 "formant_double"(int64_t) noexcept
    float fmax_ "formant_max"(float, float) noexcept
    float fmin_ "formant_min"(float, float) noexcept


cdef inline float exp2_poly(float t) noexcept nogil:
    """2^t for t <= 126 (a t below -125 is clamped); relative error 7.5e-8 + rounding.

    Adding 1.5·2^23 rounds to the nearest integer, which is then in the low bits of the sum. Shifted into place, they
    are added to the exponent of the polynomial.
    """
    cdef float x = fmax_(t, k(<float>-125.0))
    cdef float m = x + k(<float>12582912.0)
    cdef float f = x - (m - k(<float>12582912.0))
    return from_bits((bits(m) << 23) + bits(k(<float>1.00000007) + f * (k(<float>0.693146967) + f * (k(<float>0.240221197) + f * (
        k(<float>0.0555071327) + f * (k(<float>0.00967554133) + f * k(<float>0.00132764715)))))))


# log2 x = exponent + log2 m with m = x / 2^exponent in sqrt(1/2) ... sqrt(2), for normal x > 0. log2 m is the series
# 2/ln 2 · atanh z with z = (m - 1)/(m + 1). Absolute error 1e-6; for a gain that is 1e-5 dB. The function is in three
# parts, so that the caller can combine its division with others.

cdef inline int32_t log2_exponent(float x) noexcept nogil:
    return (bits(x) - <int32_t>0x3F3504F3) >> 23


cdef inline float log2_mantissa(float x, int32_t exponent) noexcept nogil:
    return from_bits(bits(x) - (exponent << 23))


cdef inline float log2_series(float z) noexcept nogil:
    cdef float z2 = z * z
    return z * (<float>2.88539008 + z2 * (<float>0.96179669 + z2 * (<float>0.57707802 + z2 * <float>0.4121985)))


cdef inline double exp2_double(double t) noexcept nogil:
    """2^t for |t| < 1000; relative error below 4e-16 + rounding (Taylor series of e^{f ln 2}, |f| <= 1/2)."""
    cdef double m = t + 6755399441055744.0
    cdef double g = (t - (m - 6755399441055744.0)) * 0.6931471805599453
    cdef double scale = from_bits64((bits64(m) << 52) + <int64_t>0x3FF0000000000000)
    return scale * (1.0 + g * (1.0 + g * (0.5 + g * (1.6666666666666666e-1 + g * (4.1666666666666664e-2 + g * (
        8.333333333333333e-3 + g * (1.388888888888889e-3 + g * (1.984126984126984e-4 + g * (2.48015873015873e-5 + g * (
            2.7557319223985893e-6 + g * (2.755731922398589e-7 + g * (2.505210838544172e-8 + g * 2.08767569878681e-9))))))))))))


cdef inline int64_t round_positive(double x) noexcept nogil:
    """The integer nearest to x, 0 <= x < 2^51, ties to even."""
    return bits64(x + 6755399441055744.0) & <int64_t>0x7FFFFFFFFFFFF
