# One singer of a choir: how the numbers of a voice differ from those of the note. model/choir.py draws the differences.

from libc.math cimport exp2

from formant_dsp.touch.code cimport (
    M_CENTS, M_DETUNE_CENTS, M_IN_UNISON, M_LEVEL_DB, M_ONSET_S, M_PAN, M_TRACT_SIZE, M_VIBRATO_DELAY_S, M_VIBRATO_DEPTH, M_VIBRATO_RATE,
)
from formant_dsp.touch.curves cimport within
from formant_dsp.touch.numbers cimport (
    V_AIR_HZ, V_DELAY_S, V_DETUNE_CENTS, V_F0_HZ, V_FREQUENCY, V_LEVEL_DB, V_PAN, V_UNISON_CENTS, V_VIBRATO_CENTS, V_VIBRATO_DELAY_S,
    V_VIBRATO_HZ,
)


cdef inline void hold(double* v, int k, const double* least, const double* most) noexcept nogil:
    v[k] = within(v[k], least[k], most[k])


cdef inline void become(double* v, const double* member, const double* least, const double* most) noexcept nogil:
    """Changes the numbers of a note, in place, into those of one of its singers."""
    cdef int k
    v[V_F0_HZ] *= exp2(member[M_CENTS] / 1200.0)
    v[V_LEVEL_DB] += member[M_LEVEL_DB]
    for k in range(5):
        v[V_FREQUENCY + k] = within(v[V_FREQUENCY + k] / member[M_TRACT_SIZE], 50.0, 20000.0)
    v[V_AIR_HZ] /= member[M_TRACT_SIZE]
    v[V_VIBRATO_CENTS] *= member[M_VIBRATO_DEPTH]
    v[V_VIBRATO_HZ] *= member[M_VIBRATO_RATE]
    v[V_VIBRATO_DELAY_S] += member[M_VIBRATO_DELAY_S]
    v[V_DELAY_S] += member[M_ONSET_S]
    v[V_PAN] += member[M_PAN]
    v[V_DETUNE_CENTS] += member[M_DETUNE_CENTS]
    if member[M_IN_UNISON] != 0.0:
        v[V_UNISON_CENTS] = 0.0
    hold(v, V_F0_HZ, least, most)
    hold(v, V_AIR_HZ, least, most)
    hold(v, V_LEVEL_DB, least, most)
    hold(v, V_VIBRATO_CENTS, least, most)
    hold(v, V_VIBRATO_HZ, least, most)
    hold(v, V_VIBRATO_DELAY_S, least, most)
    hold(v, V_DELAY_S, least, most)
    hold(v, V_PAN, least, most)
    hold(v, V_DETUNE_CENTS, least, most)
