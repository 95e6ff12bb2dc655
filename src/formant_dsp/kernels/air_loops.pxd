# Air, one hop: the band above 5.5 kHz as one wide ModFM lobe and its square; and growl.
#
# A tube with all its resonances has a mean gain of 2, whatever the vowel. So the level follows from that of the first
# formant and the tilt of the source, and no table is needed (control_loops.pxd). With the lobe
#     z = e^{k(cos θ - 1)} [(1-w) e^{iNθ} + w e^{i(N+1)θ}]
# the voice gets a Im z + q Im z². The square has its centre at exactly twice that of z, 2k as index and the carriers
# 2N … 2N + 2, so it is as continuous in the centre as z. Real voices have their dip between the two, too.
#
# Growl: every second period is weaker. y (1 + m cos θ/2) has partials halfway between the harmonics, m times their
# mean.

from libc.stdint cimport int32_t, uint32_t

from formant_dsp.kernels.exp2 cimport exp2_poly
from formant_dsp.kernels.fm_loops cimport fill_phase, fill_shared
from formant_dsp.kernels.rows cimport HOP, R_AIR, R_AIR_INDEX, R_AIR_NU, R_AIR_SQUARE
from formant_dsp.kernels.sine cimport cos_half, cos_phase, sin_half, turns
from formant_dsp.kernels.table cimport in_t, out_t, phase_t, voice_hop_t


cdef inline void share(const voice_hop_t* hop) noexcept nogil:
    """Fill the rows that the loops of a voice share."""
    fill_phase(hop.shared.phase, hop)
    fill_shared(hop.shared.c1, hop.shared.s, hop.shared.phase)


ctypedef struct air_t:
    float nu, nu_step, index, index_step, lobe, lobe_step, square, square_step


cdef inline void add_air(out_t y, phase_t phase, in_t c1, in_t s, air_t f) noexcept nogil:
    cdef float x, nu, w, t, t2, a, sine, cosine, u, v, im, re, bell
    cdef int32_t n
    cdef int i
    for i in range(HOP):
        x = <float>i
        nu = f.nu + x * f.nu_step
        n = <int32_t>nu
        w = nu - <float>n
        t = turns(<uint32_t>n * phase[i])
        t2 = t * t
        a = sin_half(t, t2)
        sine = <float>2.0 * a * cos_half(t2)
        cosine = <float>1.0 - <float>2.0 * a * a
        u = <float>1.0 + w * c1[i]
        v = w * s[i]
        im = sine * u + cosine * v
        re = cosine * u - sine * v
        bell = exp2_poly((f.index + x * f.index_step) * c1[i])
        y[i] += bell * im * ((f.lobe + x * f.lobe_step) + (f.square + x * f.square_step) * bell * re)


cdef inline void air(out_t y, const voice_hop_t* hop) noexcept nogil:
    """Add the high band of one voice to y, float32[HOP]."""
    cdef air_t f
    cdef const float* a = hop.start
    cdef const float* b = hop.end
    cdef int nu = R_AIR_NU * hop.stride, k = R_AIR_INDEX * hop.stride
    cdef int g = R_AIR * hop.stride, q = R_AIR_SQUARE * hop.stride
    f.nu, f.nu_step = a[nu], (b[nu] - a[nu]) * <float>(1.0 / HOP)
    f.index, f.index_step = a[k], (b[k] - a[k]) * <float>(1.0 / HOP)
    f.lobe, f.lobe_step = a[g], (b[g] - a[g]) * <float>(1.0 / HOP)
    f.square, f.square_step = <float>2.0 * a[q], (b[q] - a[q]) * <float>(2.0 / HOP)
    add_air(y, hop.shared.phase, hop.shared.c1, hop.shared.s, f)


cdef inline void growl(out_t y, uint32_t half, uint32_t increment, uint32_t increment_step, float m, float m_step) noexcept nogil:
    """Multiply y, float32[HOP], by 1 + m cos θ/2. half: θ/2 at the first frame; increments are those of θ, halved."""
    cdef float x
    cdef uint32_t n
    cdef int i
    for i in range(HOP):
        n = <uint32_t>i
        x = <float>i
        y[i] *= <float>1.0 + (m + x * m_step) * cos_phase(half + n * increment + ((n * (n - 1)) >> 1) * increment_step)
