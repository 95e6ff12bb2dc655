# How a note begins: breathy, simultaneous or glottal, as its effort or the velocity of its key chooses.
# model/expression.py has the law in words.

from formant_dsp.touch.curves cimport within
from formant_dsp.touch.numbers cimport V_ATTACK_S, V_BREATH_LEAD_S, V_ONSET_TILT_DB, V_SCOOP_CENTS


cdef inline double between(double place, double breathy, double simultaneous, double glottal) noexcept nogil:
    """A value at a place 0 … 1 between three."""
    if place < 0.5:
        return breathy + (simultaneous - breathy) * 2.0 * place
    return simultaneous + (glottal - simultaneous) * (2.0 * place - 1.0)


cdef inline void begin(double* v, double effort, double vel, double shift) noexcept nogil:
    """Fills those numbers of the onset that a preset leaves to the law (they are below -100).

    vel     0 … 1; NaN: the effort chooses
    shift   -1 … 1, added: -1 is always breathy, 1 always glottal
    """
    cdef double place = within((vel if vel == vel else within(1.25 * (effort - 0.4), 0.0, 1.0)) + shift, 0.0, 1.0)
    if v[V_ATTACK_S] < -100.0:
        v[V_ATTACK_S] = between(place, 0.09, 0.025, 0.008)
    if v[V_BREATH_LEAD_S] < -100.0:
        v[V_BREATH_LEAD_S] = between(place, 0.07, 0.0, 0.0)
    if v[V_ONSET_TILT_DB] < -100.0:
        v[V_ONSET_TILT_DB] = between(place, 12.0, 5.0, -2.0)
    if v[V_SCOOP_CENTS] < -100.0:
        v[V_SCOOP_CENTS] = between(place, 60.0, 30.0, 0.0)
