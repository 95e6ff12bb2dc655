# The onset of a note: a scoop from below, breath before the voice, brightness that follows the gate. Each is a closed
# form of the time since the first frame. With its parameter 0 it has no effect.
#
# scoop         cents below the pitch; (1 + u) e^-u of them remain after u = t/τ: 10 to 90 % in scoop_s = 3.357 τ. A
#               note that is struck again goes down and up again: u e^(1-u), u = 5 t / scoop_s
# lead          the voiced part rises within twice the lead (smoothstep), so it reaches one half after the lead
# onset tilt    T (1 - gate) dB at 3 kHz: a one-pole low-pass that follows the gate. Below 0: T (1 + u) e^-u dB, where
#               u = 3.357 t / 30 ms: the source's own pole, 12.4 dB at 3 kHz, lies higher, and a glottal onset is bright

from libc.math cimport exp, sqrt
from libc.stdint cimport int32_t

from formant_dsp.kernels.exp2 cimport exp2_double
from formant_dsp.kernels.table cimport control_t
from formant_dsp.kernels.rows cimport FORMANTS, NATURAL, P_AIR_HZ, P_F, R_AIR, R_AIR_NOISE, R_AIR_SQUARE, R_BELL, R_SKIRT, VOICE

cdef enum:
    NEVER = -1

cdef extern from * nogil:
    """
    #define FORMANT_BRIGHT_S 0.03        /* 90 to 10 % of what is bright in a glottal onset */
    #define FORMANT_SOURCE 1.8197787     /* 1/f_c², kHz: (10^1.24 - 1)/9, of the source's pole */
    """
    const double BRIGHT_S "FORMANT_BRIGHT_S"
    const double SOURCE "FORMANT_SOURCE"

ctypedef struct onset_t:
    int32_t wait          # hops until the first frame
    int32_t delay         # delay_s in frames
    int32_t ends          # hops until the release, for a release that came before the first frame; else NEVER
    int32_t ends_at       # frame of that release in its hop
    float scoop_cents, scoop_s
    float lead_s
    float tilt_db


cdef inline double scoop(const onset_t* o, double seconds) noexcept nogil:
    """Cents below the pitch, `seconds` after the first frame."""
    cdef double u = (seconds if seconds > 0.0 else 0.0) * 3.357 / o.scoop_s
    return o.scoop_cents * (1.0 + u) * exp(-u) if u < 30.0 else 0.0


cdef inline double scoop_again(const onset_t* o, double seconds) noexcept nogil:
    """Cents below the pitch, `seconds` after the note was struck again."""
    cdef double u = 5.0 * seconds / o.scoop_s
    return o.scoop_cents * u * exp(1.0 - u) if 0.0 < u < 30.0 else 0.0


cdef inline float after_breath(const onset_t* o, double seconds) noexcept nogil:
    """Gain 0 … 1 of the voiced part, `seconds` after the first frame."""
    cdef double u
    if o.lead_s <= 0.0:
        return 1.0
    u = 0.5 * seconds / o.lead_s
    u = 0.0 if u < 0.0 else 1.0 if u > 1.0 else u
    return <float>(u * u * (3.0 - 2.0 * u))


cdef inline double onset_tilt(const onset_t* o, double gate, double seconds) noexcept nogil:
    """dB of attenuation at 3 kHz, `seconds` after the first frame; gate: 0 … 1."""
    cdef double u
    if o.tilt_db >= 0.0:
        return o.tilt_db * (1.0 - gate)
    u = (seconds if seconds > 0.0 else 0.0) * 3.357 / BRIGHT_S
    return o.tilt_db * (1.0 + u) * exp(-u) if u < 16.0 else 0.0


cdef inline double tilt_pole(double tilt_db) noexcept nogil:
    """1/f_c², kHz, of the pole that `dimming` needs."""
    return (exp2_double(0.33219280948873623 * (tilt_db if tilt_db >= 0.0 else 12.4 + tilt_db)) - 1.0) / 9.0


cdef inline double dimming(double square, double tilt_db, double pole) noexcept nogil:
    """Gain at the square of a frequency in kHz: one pole of `tilt_db` at 3 kHz, or below 0 the source's, moved up."""
    return sqrt((1.0 if tilt_db >= 0.0 else 1.0 + square * SOURCE) / (1.0 + square * pole))


cdef inline void dim_air(const control_t* c, int i, double tilt_db) noexcept nogil:
    """Attenuate the high band of slot i by `tilt_db` at 3 kHz; its upper half is an octave higher."""
    cdef double pole = tilt_pole(tilt_db), khz = exp2_double(c.x[P_AIR_HZ * c.stride + i])
    cdef float gain = <float>dimming(khz * khz, tilt_db, pole)
    c.end[R_AIR * c.stride + i] *= gain
    c.end[R_AIR_NOISE * c.stride + i] *= gain
    c.end[R_AIR_SQUARE * c.stride + i] *= <float>dimming(4.0 * khz * khz, tilt_db, pole)


cdef inline void dim_column(const control_t* c, int i, int algorithm, double tilt_db) noexcept nogil:
    """Attenuate the lobes of slot i by `tilt_db` at 3 kHz; the residue voice has a pole of its own."""
    cdef double pole = tilt_pole(tilt_db), khz
    cdef float gain
    cdef int j, s = c.stride
    if algorithm == NATURAL:
        return
    for j in range(FORMANTS):
        khz = c.linear[(P_F + j) * s + i]
        gain = <float>dimming(khz * khz, tilt_db, pole)
        c.end[(R_BELL + j) * s + i] *= gain
        if algorithm == VOICE:
            c.end[(R_SKIRT + j) * s + i] *= gain
