# How a note begins and ends, beside its gate: a scoop from below, breath before the voice, brightness that opens with it;
# and the wander of its vibrato. All of them closed forms of the time since its first frame, and nothing where they are 0.
#
# scoop         cents below, (1 + u) e^-u of them left after u = t/τ: 10 to 90 % in scoop_s = 3.357 τ
# lead          the voiced part rises over twice the lead (smoothstep), so breath is that much ahead of its half
# onset tilt    T (1 - gate) dB at 3 kHz: a one-pole low-pass that opens with the gate and closes with it
# vibrato drift rate and extent wander with spline noise, 1.3 knots a second: the rate by the phase it adds, so that no
#               integral has to be kept; the extent three times as far

from libc.math cimport M_PI, exp, sin, sqrt
from libc.stdint cimport int32_t, uint32_t

from formant_dsp.exp2 cimport exp2_double
from formant_dsp.kernels cimport control_t
from formant_dsp.noise cimport spline_noise
from formant_dsp.params cimport FORMANTS, NATURAL, P_F, P_VIBRATO, R_BELL, R_SKIRT, VOICE

cdef enum:
    NEVER = -1

ctypedef struct onset_t:
    int32_t wait          # hops until the first frame
    int32_t delay         # frames that it was asked to be late
    int32_t ends          # hops until a release that came before the first frame; NEVER
    int32_t ends_at       # its frame in that hop
    float scoop_cents, scoop_s
    float lead_s
    float tilt_db
    float drift           # share of the vibrato's rate, standard deviation


cdef inline double scoop(const onset_t* o, double seconds) noexcept nogil:
    """Cents below the pitch, so long after the first frame."""
    cdef double u = (seconds if seconds > 0.0 else 0.0) * 3.357 / o.scoop_s
    return o.scoop_cents * (1.0 + u) * exp(-u) if u < 30.0 else 0.0


cdef inline float led(const onset_t* o, double seconds) noexcept nogil:
    """Share of the voiced part, so long after the first frame."""
    cdef double u
    if o.lead_s <= 0.0:
        return 1.0
    u = 0.5 * seconds / o.lead_s
    u = 0.0 if u < 0.0 else 1.0 if u > 1.0 else u
    return <float>(u * u * (3.0 - 2.0 * u))


cdef inline double vibrato_wander(const onset_t* o, const control_t* c, int i, uint32_t seed, double seconds) noexcept nogil:
    """Cents to be added to a steady vibrato so that it is one that wanders."""
    cdef double sung = seconds - c.vibrato_delay_s[i], depth = c.x[P_VIBRATO * c.stride + i], u, turns, extent
    if sung <= 0.0 or depth <= 0.0:
        return 0.0
    u = sung * c.vibrato_per_s[i]
    u = u if u < 1.0 else 1.0
    # slope of the spline noise: rms 1.166 a knot, 1.3 knots a second
    turns = o.drift * c.vibrato_hz[i] / (1.3 * 1.166) * spline_noise(seed + 3, 1.3 * sung, NULL)
    extent = 1.0 + 3.0 * o.drift * spline_noise(seed + 4, 1.3 * sung, NULL)
    extent = extent if extent > 0.0 else 0.0
    return depth * u * u * (3.0 - 2.0 * u) * (
        extent * sin(2.0 * M_PI * (c.vibrato_hz[i] * sung + turns)) - sin(2.0 * M_PI * c.vibrato_hz[i] * sung))


cdef inline void dim_column(const control_t* c, int i, int algorithm, double tilt_db) noexcept nogil:
    """Takes so many dB at 3 kHz from the lobes of slot i, less below; the residue voice has them as poles."""
    cdef double less = (exp2_double(0.33219280948873623 * tilt_db) - 1.0) / 9.0, khz
    cdef float gain
    cdef int j, s = c.stride
    if algorithm == NATURAL:
        return
    for j in range(FORMANTS):
        khz = c.linear[(P_F + j) * s + i]
        gain = <float>(1.0 / sqrt(1.0 + khz * khz * less))
        c.end[(R_BELL + j) * s + i] *= gain
        if algorithm == VOICE:
            c.end[(R_SKIRT + j) * s + i] *= gain
