# The vibrato of one note: how it differs from those of other notes, how it wanders, and what a glide does to it.
#
# spread   rate: standard deviation 6 %; extent: 25 %, both cut at two deviations; onset: up to 0.25 s later; start:
#          within a quarter of a cycle, so that it rises first. So the vibratos of a chord are independent from their
#          first second
# drift    rate and extent follow spline noise of 1.3 knots per second. The noise is added to the vibrato's phase, so
#          no integral of the rate is needed. The extent drifts three times as far as the rate
# slide    a finger that slides takes the vibrato away: none is left at 12 semitones a second
# join     a legato join halves it for a moment: 1 - sin²(πt / 0.3 s) / 2
# again    a note struck again starts a new vibrato, after the old one has ended within 60 ms
#
# Sources: Prame 1994, 1997 (rate, extent of singers); Timmers, Desain 2000 (a note begins rising).

from libc.math cimport M_PI, sin
from libc.stdint cimport uint32_t

from formant_dsp.kernels.noise cimport bell, spline_noise, white
from formant_dsp.kernels.table cimport control_t

cdef enum:
    CHARACTER = 7         # added to the seed: stream of the values that are drawn once a note

ctypedef struct vibrato_t:
    float drift           # standard deviation of the rate, as a share of it
    float extent          # of this note, re the extent that was asked for
    float start           # turns
    float delay_s
    double since          # seconds at which the note was struck: 0, or later when it was struck again
    double joined         # seconds of the last legato join
    double slide          # semitones a second of the finger; it falls within 0.15 s


cdef inline double cut(double x) noexcept nogil:
    return 2.0 if x > 2.0 else -2.0 if x < -2.0 else x


cdef inline double smoothstep(double u) noexcept nogil:
    u = 0.0 if u < 0.0 else 1.0 if u > 1.0 else u
    return u * u * (3.0 - 2.0 * u)


cdef inline void vibrato_begin(vibrato_t* o, control_t* c, int i, uint32_t seed, double hz, double delay_s, double fade_s,
                               float drift, double spread) noexcept nogil:
    """Draw the vibrato of a note."""
    o.drift = drift
    o.extent = <float>(1.0 + 0.25 * spread * cut(bell(seed + CHARACTER, 1)))
    o.start = <float>(0.125 * spread * (1.0 + white(seed + CHARACTER, 6)))
    o.delay_s = <float>(delay_s + 0.125 * spread * (1.0 + white(seed + CHARACTER, 7)))
    o.since = 0.0
    o.joined = -1e9
    o.slide = 0.0
    c.vibrato_hz[i] = hz * (1.0 + 0.06 * spread * cut(bell(seed + CHARACTER, 0)))
    c.vibrato_delay_s[i] = o.delay_s
    c.vibrato_per_s[i] = 1.0 / fade_s
    c.vibrato_turns[i] = o.start
    c.vibrato_extent[i] = o.extent


cdef inline void vibrato_hop(vibrato_t* o, control_t* c, int i, uint32_t seed, double seconds, double slide) noexcept nogil:
    """Set phase and extent at the end of this hop.

    slide   speed of a sliding finger, semitones a second
    """
    cdef double sung = seconds - c.vibrato_delay_s[i], extent = o.extent, turns = o.start, t
    if o.drift > 0.0 and sung > 0.0:
        # slope of the spline noise: rms 1.166 a knot, 1.3 knots a second
        turns += o.drift * c.vibrato_hz[i] / (1.3 * 1.166) * spline_noise(seed + 3, 1.3 * sung, NULL)
        t = 1.0 + 3.0 * o.drift * spline_noise(seed + 4, 1.3 * sung, NULL)
        extent *= t if t > 0.0 else 0.0
    o.slide *= 1.0 - c.hop_s / 0.15
    o.slide = slide if slide > o.slide else o.slide
    if o.slide > 1e-3:
        extent *= 1.0 - smoothstep(o.slide / 12.0)
    t = seconds - o.joined
    if 0.0 <= t < 0.3:
        t = sin(M_PI * t / 0.3)
        extent *= 1.0 - 0.5 * t * t
    if o.since > 0.0:
        t = seconds - o.since
        if t < 0.06:
            extent *= 1.0 - smoothstep(t / 0.06)
        elif c.vibrato_delay_s[i] < o.since:
            c.vibrato_delay_s[i] = o.since + (o.delay_s if o.delay_s > 0.06 else 0.06)
            turns = o.start
    c.vibrato_turns[i] = turns
    c.vibrato_extent[i] = extent
