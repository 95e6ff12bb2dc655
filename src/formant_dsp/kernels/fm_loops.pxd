# FM voices, one hop of 64 frames: ModFM with skirt and voicing lobe, plain ModFM, the Poisson pulse, classic FM.
#
# docs/understand/voice.md derives the formulas; table.pxd has the signatures; reference/voice.py has it in float64.

from libc.stdint cimport int32_t, uint32_t
from libc.string cimport memset

from formant_dsp.kernels.exp2 cimport exp2_poly
from formant_dsp.kernels.table cimport in_t, out_t, phase_t, row_t, voice_hop_t
from formant_dsp.kernels.rows cimport FORMANTS, HOP, R_BELL, R_INDEX, R_NU, R_SKIRT, R_SKIRT_R, R_VOICING, R_VOICING_R
from formant_dsp.kernels.sine cimport carriers, carriers_at, cos_half, sin_half, turns

cdef extern from "native/vec.h" nogil:
    enum: JOINED "FORMANT_JOINED"


cdef inline void fill_phase(uint32_t* phase, const voice_hop_t* hop) noexcept nogil:
    """phase_n = phase_0 + n·inc + n(n-1)/2·step, in exact modular arithmetic."""
    cdef uint32_t start = hop.phase, inc = hop.increment, step = <uint32_t>hop.increment_step, i
    for i in range(HOP):
        phase[i] = start + i * inc + ((i * (i - 1)) >> 1) * step


cdef inline void fill_shared(out_t c1, out_t s, phase_t phase) noexcept nogil:
    """c1 = cos θ - 1 (as -2 sin² θ/2, which is exact at the peak of the pulse) and s = sin θ of the fundamental."""
    cdef int i
    cdef float t, half
    for i in range(HOP):
        t = turns(phase[i])
        half = sin_half(t, t * t)
        c1[i] = <float>-2.0 * half * half
        s[i] = <float>2.0 * half * cos_half(t * t)


cdef inline void fill_poisson(out_t p, in_t c1, float r0, float r1) noexcept nogil:
    """Poisson kernel of the skirt: harmonics r^|n|, spectral peak 1; r moves from r0 to r1 over the hop."""
    cdef float step = (r1 - r0) * <float>(1.0 / HOP), r, a
    cdef int i
    for i in range(HOP):
        r = r0 + <float>i * step
        a = <float>1.0 - r
        p[i] = (a * (<float>1.0 + r)) / (a * a - <float>2.0 * r * c1[i])


cdef inline void set_voicing(out_t y, in_t c1, in_t s, float r0, float r1, float g0, float g1) noexcept nogil:
    """Voicing lobe: harmonic m = 1, 2, 3 … has gain · r^(m-1). It adds the energy below F1 that other lobes lack."""
    cdef float r_step = (r1 - r0) * <float>(1.0 / HOP), g_step = (g1 - g0) * <float>(1.0 / HOP), r, a
    cdef int i
    for i in range(HOP):
        r = r0 + <float>i * r_step
        a = <float>1.0 - r
        y[i] = (g0 + <float>i * g_step) * s[i] / (a * a - <float>2.0 * r * c1[i])


# One formant over one hop: its start values and the steps per frame. Passed by value, to stay in registers.
ctypedef struct ramps_t:
    float nu, nu_step, index, index_step, bell, bell_step, skirt, skirt_step


cdef inline ramps_t ramps(const voice_hop_t* hop, int j) noexcept nogil:
    cdef ramps_t f
    cdef int nu = (R_NU + j) * hop.stride, k = (R_INDEX + j) * hop.stride
    cdef int b = (R_BELL + j) * hop.stride, q = (R_SKIRT + j) * hop.stride
    f.nu, f.nu_step = hop.start[nu], (hop.end[nu] - hop.start[nu]) * <float>(1.0 / HOP)
    f.index, f.index_step = hop.start[k], (hop.end[k] - hop.start[k]) * <float>(1.0 / HOP)
    f.bell, f.bell_step = hop.start[b], (hop.end[b] - hop.start[b]) * <float>(1.0 / HOP)
    f.skirt, f.skirt_step = hop.start[q], (hop.end[q] - hop.start[q]) * <float>(1.0 / HOP)
    return f


cdef inline float pair(ramps_t f, float x, uint32_t phase, float c1, float s) noexcept nogil:
    """The two carriers of one formant at frame x: (1-w) sin Nθ + w sin (N+1)θ, N and w from the centre ν."""
    cdef float nu = f.nu + x * f.nu_step
    cdef int32_t n = <int32_t>nu
    return carriers(<uint32_t>n * phase, nu - <float>n, c1, s)


cdef inline float bell(ramps_t f, float x, float c1) noexcept nogil:
    """The ModFM pulse of one formant at frame x: bell·e^{k(cos θ-1)}."""
    return (f.bell + x * f.bell_step) * exp2_poly((f.index + x * f.index_step) * c1)


cdef inline float plain(ramps_t f, float x, uint32_t phase, float c1, float s) noexcept nogil:
    return bell(f, x, c1) * pair(f, x, phase, c1, s)


cdef inline float skirted(ramps_t f, float x, uint32_t phase, float c1, float s, float p) noexcept nogil:
    return (bell(f, x, c1) + (f.skirt + x * f.skirt_step) * p) * pair(f, x, phase, c1, s)


cdef inline float straight(ramps_t f, float x, uint32_t phase, float c1, float s) noexcept nogil:
    """One formant with a Poisson pulse: bell·P_r(θ) times the pair, r is the index. Skirts fall 6 dB per bandwidth."""
    cdef float r = f.index + x * f.index_step
    cdef float a = <float>1.0 - r
    return (f.bell + x * f.bell_step) * (a * (<float>1.0 + r)) / (a * a - <float>2.0 * r * c1) * pair(f, x, phase, c1, s)


cdef inline float classic(ramps_t f, float x, uint32_t phase, float c1, float s) noexcept nogil:
    """Classic FM, I = 2π·index: (1-w) sin(Nθ + I sin θ) + w sin((N+1)θ + I sin θ) (Chowning 1980, even and odd)."""
    cdef float nu = f.nu + x * f.nu_step
    cdef int32_t n = <int32_t>nu
    cdef float t = turns(<uint32_t>n * phase) + (f.index + x * f.index_step) * s
    return (f.bell + x * f.bell_step) * carriers_at(
        t - ((t + <float>12582912.0) - <float>12582912.0), nu - <float>n, c1, s)


# Each kind of formant has two loops: one formant per pass (wide vectors), or all five in one (JOINED, native/vec.h).
# Writing y once instead of adding to it saves 8 % of plain ModFM with AVX2. With skirts it costs 5 %: it needs too many
# registers.

cdef inline void add_plain(out_t y, phase_t phase, in_t c1, in_t s, ramps_t f) noexcept nogil:
    cdef int i
    for i in range(HOP):
        y[i] += plain(f, <float>i, phase[i], c1[i], s[i])


cdef inline void set_plain_5(out_t y, phase_t phase, in_t c1, in_t s, ramps_t f, ramps_t g, ramps_t h, ramps_t k,
                             ramps_t l) noexcept nogil:
    cdef float x
    cdef int i
    for i in range(HOP):
        x = <float>i
        y[i] = plain(f, x, phase[i], c1[i], s[i]) + plain(g, x, phase[i], c1[i], s[i]) + plain(h, x, phase[i], c1[i], s[i]) + (
            plain(k, x, phase[i], c1[i], s[i]) + plain(l, x, phase[i], c1[i], s[i]))


cdef inline void add_skirted(out_t y, phase_t phase, in_t c1, in_t s, in_t p, ramps_t f) noexcept nogil:
    cdef int i
    for i in range(HOP):
        y[i] += skirted(f, <float>i, phase[i], c1[i], s[i], p[i])


cdef inline void add_skirted_5(out_t y, phase_t phase, in_t c1, in_t s, in_t p, ramps_t f, ramps_t g, ramps_t h, ramps_t k,
                               ramps_t l) noexcept nogil:
    cdef float x
    cdef int i
    for i in range(HOP):
        x = <float>i
        y[i] += skirted(f, x, phase[i], c1[i], s[i], p[i]) + skirted(g, x, phase[i], c1[i], s[i], p[i]) + skirted(
            h, x, phase[i], c1[i], s[i], p[i]) + (skirted(k, x, phase[i], c1[i], s[i], p[i]) + skirted(
                l, x, phase[i], c1[i], s[i], p[i]))


cdef inline void add_straight(out_t y, phase_t phase, in_t c1, in_t s, ramps_t f) noexcept nogil:
    cdef int i
    for i in range(HOP):
        y[i] += straight(f, <float>i, phase[i], c1[i], s[i])


cdef inline void set_straight_5(out_t y, phase_t phase, in_t c1, in_t s, ramps_t f, ramps_t g, ramps_t h, ramps_t k,
                                ramps_t l) noexcept nogil:
    cdef float x
    cdef int i
    for i in range(HOP):
        x = <float>i
        y[i] = straight(f, x, phase[i], c1[i], s[i]) + straight(g, x, phase[i], c1[i], s[i]) + straight(
            h, x, phase[i], c1[i], s[i]) + (straight(k, x, phase[i], c1[i], s[i]) + straight(l, x, phase[i], c1[i], s[i]))


cdef inline void add_classic(out_t y, phase_t phase, in_t c1, in_t s, ramps_t f) noexcept nogil:
    cdef int i
    for i in range(HOP):
        y[i] += classic(f, <float>i, phase[i], c1[i], s[i])


cdef inline void set_classic_5(out_t y, phase_t phase, in_t c1, in_t s, ramps_t f, ramps_t g, ramps_t h, ramps_t k,
                               ramps_t l) noexcept nogil:
    cdef float x
    cdef int i
    for i in range(HOP):
        x = <float>i
        y[i] = classic(f, x, phase[i], c1[i], s[i]) + classic(g, x, phase[i], c1[i], s[i]) + classic(
            h, x, phase[i], c1[i], s[i]) + (classic(k, x, phase[i], c1[i], s[i]) + classic(l, x, phase[i], c1[i], s[i]))


cdef inline void voice_full(out_t y, const voice_hop_t* hop) noexcept nogil:
    """The complete voice: voicing lobe and five formants with skirts. y float32[HOP] is overwritten."""
    cdef uint32_t* phase = &hop.shared.phase[0]
    cdef float* c1 = &hop.shared.c1[0]
    cdef float* s = &hop.shared.s[0]
    cdef row_t p
    cdef const float* a = hop.start
    cdef const float* b = hop.end
    cdef int j, skirt_r = R_SKIRT_R * hop.stride, r = R_VOICING_R * hop.stride, g = R_VOICING * hop.stride
    fill_phase(phase, hop)
    fill_shared(c1, s, phase)
    fill_poisson(p, c1, a[skirt_r], b[skirt_r])
    set_voicing(y, c1, s, a[r], b[r], a[g], b[g])
    if JOINED:
        add_skirted_5(y, phase, c1, s, p, ramps(hop, 0), ramps(hop, 1), ramps(hop, 2), ramps(hop, 3), ramps(hop, 4))
    else:
        for j in range(FORMANTS):
            add_skirted(y, phase, c1, s, p, ramps(hop, j))


cdef inline void voice_modfm(out_t y, const voice_hop_t* hop) noexcept nogil:
    """Five plain ModFM formants. y float32[HOP] is overwritten."""
    cdef uint32_t* phase = &hop.shared.phase[0]
    cdef float* c1 = &hop.shared.c1[0]
    cdef float* s = &hop.shared.s[0]
    cdef int j
    fill_phase(phase, hop)
    fill_shared(c1, s, phase)
    if JOINED:
        set_plain_5(y, phase, c1, s, ramps(hop, 0), ramps(hop, 1), ramps(hop, 2), ramps(hop, 3), ramps(hop, 4))
    else:
        memset(y, 0, HOP * sizeof(float))
        for j in range(FORMANTS):
            add_plain(y, phase, c1, s, ramps(hop, j))


cdef inline void voice_fm(out_t y, const voice_hop_t* hop) noexcept nogil:
    """Five classic FM formants. y float32[HOP] is overwritten."""
    cdef uint32_t* phase = &hop.shared.phase[0]
    cdef float* c1 = &hop.shared.c1[0]
    cdef float* s = &hop.shared.s[0]
    cdef int j
    fill_phase(phase, hop)
    fill_shared(c1, s, phase)
    if JOINED:
        set_classic_5(y, phase, c1, s, ramps(hop, 0), ramps(hop, 1), ramps(hop, 2), ramps(hop, 3), ramps(hop, 4))
    else:
        memset(y, 0, HOP * sizeof(float))
        for j in range(FORMANTS):
            add_classic(y, phase, c1, s, ramps(hop, j))


cdef inline void voice_poisson(out_t y, const voice_hop_t* hop) noexcept nogil:
    """Five formants with Poisson pulses. y float32[HOP] is overwritten."""
    cdef uint32_t* phase = &hop.shared.phase[0]
    cdef float* c1 = &hop.shared.c1[0]
    cdef float* s = &hop.shared.s[0]
    cdef int j
    fill_phase(phase, hop)
    fill_shared(c1, s, phase)
    if JOINED:
        set_straight_5(y, phase, c1, s, ramps(hop, 0), ramps(hop, 1), ramps(hop, 2), ramps(hop, 3), ramps(hop, 4))
    else:
        memset(y, 0, HOP * sizeof(float))
        for j in range(FORMANTS):
            add_straight(y, phase, c1, s, ramps(hop, j))
