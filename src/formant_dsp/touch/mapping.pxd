# The mapping for C and for other Cython modules. native/touch.h documents each function.

cdef public int touch_singers "formant_touch_singers"(const double* code) noexcept nogil

cdef public double touch_pitch "formant_touch_pitch"(const double* code, double x, double note) noexcept nogil

cdef public double touch_effort "formant_touch_effort"(const double* code, double z) noexcept nogil

cdef public int touch_voices "formant_touch_voices"(
    const double* code, double x, double y, double z, double note, double backness, double openness, double vel,
    double lease_s, double width, double* values) noexcept nogil
