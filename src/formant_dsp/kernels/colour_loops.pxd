# Voices with zing or asymmetry ("coloured"), one hop: pulses on a bent phase, and the removal of their DC.

from libc.stdint cimport int32_t, uint32_t
from libc.string cimport memset

from formant_dsp.kernels.fm_loops cimport bell, fill_phase, fill_poisson, fill_shared, pair, ramps, ramps_t, set_voicing
from formant_dsp.kernels.table cimport colour_t, in_t, out_t, phase_row_t, phase_t, row_t, voice_hop_t
from formant_dsp.kernels.residue_loops cimport add_decay, add_residue, close_period, fill_period, set_decay, set_harmonics, subtract
from formant_dsp.kernels.rows cimport FORMANTS, HOP, R_SKIRT_R, R_VOICING, R_VOICING_R
from formant_dsp.kernels.sine cimport carriers_at, turns


#
# The pulse of a formant is that of the plain voice. Its carriers have the bent phase θ' = θ + π·warp·(1 - cos θ). The
# modulator of the pair (zing) is added to the pulse, so both use one pair of carriers.


cdef inline void bend_phase(uint32_t* bent, phase_t phase, in_t c1, float w0, float w1) noexcept nogil:
    """Phase of the carriers: ahead by warp/2·(1 - cos θ) turns, which is 0 at θ = 0 and warp after half a period."""
    cdef float step = (w1 - w0) * <float>(1.0 / HOP)
    cdef int i
    for i in range(HOP):
        bent[i] = phase[i] + <uint32_t><int32_t>(<float>-2147483648.0 * c1[i] * (w0 + <float>i * step))


cdef inline void fill_ring(out_t ring, in_t s, float a0, float a1, float b0, float b1) noexcept nogil:
    """Modulator of a pair: a + b·sin θ'."""
    cdef float a_step = (a1 - a0) * <float>(1.0 / HOP), b_step = (b1 - b0) * <float>(1.0 / HOP)
    cdef int i
    for i in range(HOP):
        ring[i] = a0 + <float>i * a_step + (b0 + <float>i * b_step) * s[i]


cdef inline void add_fundamental(out_t y, in_t s, float g0, float g1) noexcept nogil:
    cdef float step = (g1 - g0) * <float>(1.0 / HOP)
    cdef int i
    for i in range(HOP):
        y[i] += (g0 + <float>i * step) * s[i]


cdef inline void pulse_modfm(out_t pulse, in_t c1, ramps_t f) noexcept nogil:
    cdef int i
    for i in range(HOP):
        pulse[i] = bell(f, <float>i, c1[i])


cdef inline void pulse_skirted(out_t pulse, in_t c1, in_t p, ramps_t f) noexcept nogil:
    cdef int i
    for i in range(HOP):
        pulse[i] = bell(f, <float>i, c1[i]) + (f.skirt + <float>i * f.skirt_step) * p[i]


cdef inline void pulse_poisson(out_t pulse, in_t c1, ramps_t f) noexcept nogil:
    cdef float r, a
    cdef int i
    for i in range(HOP):
        r = f.index + <float>i * f.index_step
        a = <float>1.0 - r
        pulse[i] = (f.bell + <float>i * f.bell_step) * (a * (<float>1.0 + r)) / (a * a - <float>2.0 * r * c1[i])


cdef inline void add_coloured(out_t y, phase_t bent, in_t c1, in_t s, in_t pulse, in_t ring, float g0, float g1,
                              ramps_t f) noexcept nogil:
    """Add one formant: (pulse + gain·ring) times its pair of carriers."""
    cdef float step = (g1 - g0) * <float>(1.0 / HOP)
    cdef int i
    for i in range(HOP):
        y[i] += (pulse[i] + (g0 + <float>i * step) * ring[i]) * pair(f, <float>i, bent[i], c1[i], s[i])


cdef inline void add_ringing(out_t y, phase_t bent, in_t c1, in_t s, in_t ring, float g0, float g1, ramps_t f) noexcept nogil:
    """Add the modulated pair alone, for voices whose formants are not the product of a pulse and a pair."""
    cdef float step = (g1 - g0) * <float>(1.0 / HOP)
    cdef int i
    for i in range(HOP):
        y[i] += (g0 + <float>i * step) * ring[i] * pair(f, <float>i, bent[i], c1[i], s[i])


cdef inline void add_fm_bent(out_t y, phase_t bent, in_t c1, in_t s, in_t modulator, ramps_t f) noexcept nogil:
    """Add one formant of classic FM: the carriers are bent, the modulator is not."""
    cdef float x, nu, t
    cdef int32_t n
    cdef int i
    for i in range(HOP):
        x = <float>i
        nu = f.nu + x * f.nu_step
        n = <int32_t>nu
        t = turns(<uint32_t>n * bent[i]) + (f.index + x * f.index_step) * modulator[i]
        y[i] += (f.bell + x * f.bell_step) * carriers_at(
            t - ((t + <float>12582912.0) - <float>12582912.0), nu - <float>n, c1[i], s[i])


# Values that all formants of a coloured voice share: the phases and functions of them.
ctypedef struct bent_t:
    phase_row_t phase
    phase_row_t bent
    row_t c1              # cos θ - 1
    row_t s               # sin θ
    row_t c1_bent         # cos θ' - 1
    row_t s_bent          # sin θ'
    row_t ring


cdef inline void bend(bent_t* b, out_t y, const voice_hop_t* hop, const colour_t* start, const colour_t* end) noexcept nogil:
    fill_phase(b.phase, hop)
    fill_shared(b.c1, b.s, b.phase)
    bend_phase(b.bent, b.phase, b.c1, start.warp, end.warp)
    fill_shared(b.c1_bent, b.s_bent, b.bent)
    fill_ring(b.ring, b.s_bent, start.plain, end.plain, start.ring, end.ring)
    memset(y, 0, HOP * sizeof(float))
    add_fundamental(y, b.s_bent, start.fundamental, end.fundamental)


cdef inline void colour_full(out_t y, const voice_hop_t* hop, const colour_t* start, const colour_t* end) noexcept nogil:
    """The complete voice, coloured. y float32[HOP] is overwritten."""
    cdef bent_t b
    cdef row_t p
    cdef row_t pulse
    cdef ramps_t f
    cdef int j, skirt_r = R_SKIRT_R * hop.stride, r = R_VOICING_R * hop.stride, g = R_VOICING * hop.stride
    bend(&b, y, hop, start, end)
    fill_poisson(p, b.c1, hop.start[skirt_r], hop.end[skirt_r])
    set_voicing(pulse, b.c1, b.s, hop.start[r], hop.end[r], hop.start[g], hop.end[g])
    add_row(y, pulse)
    for j in range(FORMANTS):
        f = ramps(hop, j)
        pulse_skirted(pulse, b.c1, p, f)
        add_coloured(y, b.bent, b.c1_bent, b.s_bent, pulse, b.ring, start.pair[j], end.pair[j], f)


cdef inline void add_row(out_t y, in_t x) noexcept nogil:
    cdef int i
    for i in range(HOP):
        y[i] += x[i]


cdef inline void colour_modfm(out_t y, const voice_hop_t* hop, const colour_t* start, const colour_t* end) noexcept nogil:
    """Plain ModFM, coloured. y float32[HOP] is overwritten."""
    cdef bent_t b
    cdef row_t pulse
    cdef ramps_t f
    cdef int j
    bend(&b, y, hop, start, end)
    for j in range(FORMANTS):
        f = ramps(hop, j)
        pulse_modfm(pulse, b.c1, f)
        add_coloured(y, b.bent, b.c1_bent, b.s_bent, pulse, b.ring, start.pair[j], end.pair[j], f)


cdef inline void colour_poisson(out_t y, const voice_hop_t* hop, const colour_t* start, const colour_t* end) noexcept nogil:
    """Poisson pulses, coloured. y float32[HOP] is overwritten."""
    cdef bent_t b
    cdef row_t pulse
    cdef ramps_t f
    cdef int j
    bend(&b, y, hop, start, end)
    for j in range(FORMANTS):
        f = ramps(hop, j)
        pulse_poisson(pulse, b.c1, f)
        add_coloured(y, b.bent, b.c1_bent, b.s_bent, pulse, b.ring, start.pair[j], end.pair[j], f)


cdef inline void colour_fm(out_t y, const voice_hop_t* hop, const colour_t* start, const colour_t* end) noexcept nogil:
    """Classic FM, coloured. y float32[HOP] is overwritten."""
    cdef bent_t b
    cdef ramps_t f
    cdef int j
    bend(&b, y, hop, start, end)
    for j in range(FORMANTS):
        f = ramps(hop, j)
        add_fm_bent(y, b.bent, b.c1_bent, b.s_bent, b.s, f)
        add_ringing(y, b.bent, b.c1_bent, b.s_bent, b.ring, start.pair[j], end.pair[j], f)


cdef inline void colour_natural(out_t y, const voice_hop_t* hop, const colour_t* start, const colour_t* end) noexcept nogil:
    """The residue voice, coloured: its whole period is bent. y float32[HOP] is overwritten."""
    cdef bent_t b
    cdef row_t period
    cdef row_t decay
    cdef const float* x = hop.start
    cdef const float* z = hop.end
    cdef int j, k = R_SKIRT_R * hop.stride, g = R_VOICING * hop.stride, dc = R_VOICING_R * hop.stride
    bend(&b, y, hop, start, end)
    if hop.harmonics != NULL:
        set_harmonics(decay, b.c1_bent, b.s_bent, hop.harmonics)
        add_row(y, decay)
    else:
        fill_period(period, b.bent)
        set_decay(decay, period, x[k], z[k], x[g], z[g])
        add_row(y, decay)
        add_decay(y, period, hop)
        subtract(y, x[dc], z[dc])
        close_period(y, period, hop.gap)
        for j in range(FORMANTS):
            add_residue(y, b.bent, period, hop, j)
    for j in range(FORMANTS):
        add_ringing(y, b.bent, b.c1_bent, b.s_bent, b.ring, start.pair[j], end.pair[j], ramps(hop, j))


cdef inline void fold(out_t sums, out_t late, in_t y) noexcept nogil:
    cdef int i
    for i in range(HOP // 4):
        sums[i] = (y[i] + y[i + HOP // 4]) + (y[i + HOP // 2] + y[i + 3 * HOP // 4])
        late[i] = (<float>i + <float>0.5) * sums[i] + <float>(HOP // 4) * (
            y[i + HOP // 4] + <float>2.0 * y[i + HOP // 2] + <float>3.0 * y[i + 3 * HOP // 4])


cdef inline float mean(in_t y, float* rising) noexcept nogil:
    """Mean of one hop under a window that falls from 1 to 0. rising (out): the mean under the window that rises."""
    cdef row_t sums
    cdef row_t late
    cdef float total = 0.0, end = 0.0
    cdef int i
    fold(sums, late, y)
    for i in range(HOP // 4):
        total += sums[i]
        end += late[i]
    rising[0] = end * <float>(1.0 / HOP / HOP)
    return total * <float>(1.0 / HOP) - rising[0]


cdef inline void centre(out_t y, float x0, float x1) noexcept nogil:
    """Subtract a line from x0 to x1 from y."""
    subtract(y, x0, x1)
