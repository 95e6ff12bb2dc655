# A hop in which a residue voice jumps: its first sound fades into its last one.
#
# Within a hop the poles move on straight lines, and a line over the period closes the period (`period_gap`). That is
# exact enough for vibrato and vowels. When the pitch moves by an octave in some ms, it leaves a click of -40 dB in each
# period. Then two sounds are made, one with the poles of either end of the hop. Both are periodic in the same phase, so
# no period has a step, however far the poles move. The cost is one more voice for these hops.

from libc.math cimport fabsf

from formant_dsp.bank.memory.state cimport bank_t, voice_t
from formant_dsp.kernels.rows cimport FORMANTS, HOP, R_NU
from formant_dsp.kernels.table cimport colour_t, row_t, voice_hop_t

cdef extern from * nogil:
    """
    #define FORMANT_JUMP_GAP 1e-3f    /* step at the end of a period, re a voice of rms 1 */
    #define FORMANT_JUMP_NU 0.01f     /* change of a centre in harmonics, relative: a change of pitch by 17 cents */
    """
    const float JUMP_GAP "FORMANT_JUMP_GAP"
    const float JUMP_NU "FORMANT_JUMP_NU"


cdef inline bint jumps(const voice_hop_t* hop) noexcept nogil:
    """Whether the period of a residue voice changes so much within this hop that a line over it cannot close it."""
    cdef int k
    cdef float gap = hop.gap if hop.gap > 0.0 else -hop.gap
    if gap > JUMP_GAP:
        return True
    for k in range(FORMANTS):
        if fabsf(hop.end[(R_NU + k) * hop.stride] - hop.start[(R_NU + k) * hop.stride]) > JUMP_NU * hop.start[
                (R_NU + k) * hop.stride]:
            return True
    return False


cdef inline void cross(const bank_t* b, float* y, const float* last) noexcept nogil:
    b.kernels.scale(y, 1.0, <float>(-1.0 / HOP))
    b.kernels.mix(y, last, 0.0, <float>(1.0 / HOP))


cdef inline void sing_crossing(bank_t* b, voice_t* v, float* y, const voice_hop_t* hop) noexcept nogil:
    """Write a hop of a residue voice that jumps."""
    cdef row_t last
    cdef voice_hop_t still = hop[0]
    still.gap = 0.0
    still.end = hop.start
    b.kernels.voice[v.algorithm](y, &still)
    still.start = still.end = hop.end
    b.kernels.voice[v.algorithm](last, &still)
    cross(b, y, last)


cdef inline void sing_crossing_coloured(bank_t* b, voice_t* v, float* y, const voice_hop_t* hop,
                                        const colour_t* colour) noexcept nogil:
    """The same for a voice with zing or symmetry, whose colour is `colour` at the end of the hop."""
    cdef row_t last
    cdef voice_hop_t still = hop[0]
    still.gap = 0.0
    still.end = hop.start
    b.kernels.colour[v.algorithm](y, &still, &v.coloured.colour, &v.coloured.colour)
    still.start = still.end = hop.end
    b.kernels.colour[v.algorithm](last, &still, colour, colour)
    cross(b, y, last)
