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

from formant_dsp.kernels.noise cimport VIBRATO_KNOTS_HZ, bell, draw_knots, knots_t, white
from formant_dsp.kernels.table cimport control_t

cdef enum:
    CHARACTER = 7         # added to the seed: stream of the values that are drawn once a note

ctypedef struct vibrato_t:
    float drift           # standard deviation of the rate, as a share of it
    bint disturbed        # by a slide, a join or a new stroke, which may last
    float extent          # of this note, re the extent that was asked for
    float delay_s
    double due            # seconds at which its noises pass a knot
    double since          # seconds at which the note was struck: 0, or later when it was struck again
    double joined         # seconds of the last legato join
    double slide          # semitones a second of the finger; it falls within 0.15 s


cdef inline double cut(double x) noexcept nogil:
    return 2.0 if x > 2.0 else -2.0 if x < -2.0 else x


cdef inline double smoothstep(double u) noexcept nogil:
    u = 0.0 if u < 0.0 else 1.0 if u > 1.0 else u
    return u * u * (3.0 - 2.0 * u)


cdef inline void forget_wander(vibrato_t* o, control_t* c, int i) noexcept nogil:
    """No noise until the vibrato begins."""
    cdef int k
    o.due = c.vibrato_delay_s[i]
    c.vibrato_knot[i] = 0.0
    for k in range(8):
        c.vibrato_noise[k * c.stride + i] = 0.0


cdef inline void vibrato_begin(vibrato_t* o, control_t* c, int i, uint32_t seed, double hz, double delay_s, double fade_s,
                               float drift, double spread) noexcept nogil:
    """Draw the vibrato of a note."""
    o.drift = drift
    o.extent = <float>(1.0 + 0.25 * spread * cut(bell(seed + CHARACTER, 1)))
    o.delay_s = <float>(delay_s + 0.125 * spread * (1.0 + white(seed + CHARACTER, 7)))
    o.since = 0.0
    o.joined = -1e9
    o.slide = 0.0
    o.disturbed = False
    c.vibrato_hz[i] = hz * (1.0 + 0.06 * spread * cut(bell(seed + CHARACTER, 0)))
    c.vibrato_delay_s[i] = o.delay_s
    c.vibrato_per_s[i] = 1.0 / fade_s
    c.vibrato_turns[i] = <float>(0.125 * spread * (1.0 + white(seed + CHARACTER, 6)))
    c.vibrato_extent[i] = o.extent
    forget_wander(o, c, i)


cdef inline double disturbance(vibrato_t* o, control_t* c, int i, double seconds, double slide) noexcept nogil:
    """What slides, joins and a new stroke leave of the extent; after a stroke the vibrato begins anew."""
    cdef double left = 1.0, t
    o.disturbed = False
    o.slide *= 1.0 - c.hop_s / 0.15
    o.slide = slide if slide > o.slide else o.slide
    if o.slide > 1e-3:
        left = 1.0 - smoothstep(o.slide / 12.0)
        o.disturbed = True
    t = seconds - o.joined
    if t < 0.3:
        o.disturbed = True
        if t >= 0.0:
            t = sin(M_PI * t / 0.3)
            left *= 1.0 - 0.5 * t * t
    if o.since > 0.0:
        t = seconds - o.since
        if t < 0.06:
            left *= 1.0 - smoothstep(t / 0.06)
            o.disturbed = True
        elif c.vibrato_delay_s[i] < o.since:
            c.vibrato_delay_s[i] = o.since + (o.delay_s if o.delay_s > 0.06 else 0.06)
            forget_wander(o, c, i)
    return left


cdef inline void draw_wander(vibrato_t* o, control_t* c, int i, uint32_t seed, double t) noexcept nogil:
    """Write the noises of rate and extent from the knot before t on. The slope of the noise has rms 1.166 a knot."""
    cdef knots_t rate, extent
    cdef double turns = o.drift * c.vibrato_hz[i] / (VIBRATO_KNOTS_HZ * 1.166), share = 3.0 * o.drift
    cdef double* noise = c.vibrato_noise + i
    cdef int s = c.stride
    draw_knots(&rate, seed + 3, t)
    draw_knots(&extent, seed + 4, t)
    c.vibrato_knot[i] = rate.begin
    o.due = c.vibrato_delay_s[i] + (rate.begin + 1.0) / VIBRATO_KNOTS_HZ
    noise[0], noise[s], noise[2 * s], noise[3 * s] = turns * rate.c0, turns * rate.c1, turns * rate.c2, turns * rate.c3
    noise += 4 * s
    noise[0], noise[s], noise[2 * s], noise[3 * s] = share * extent.c0, share * extent.c1, share * extent.c2, share * extent.c3


cdef inline void vibrato_hop(vibrato_t* o, control_t* c, int i, uint32_t seed, double seconds, double slide) noexcept nogil:
    """Set what the end of this hop changes in the vibrato.

    slide   speed of a sliding finger, semitones a second
    """
    if seconds > o.due and o.drift > 0.0:
        draw_wander(o, c, i, seed, VIBRATO_KNOTS_HZ * (seconds - c.vibrato_delay_s[i]))
    if o.disturbed or slide > 0.0:
        c.vibrato_extent[i] = o.extent * disturbance(o, c, i, seconds, slide)
