# How the pitch of a note moves: a finger that slides is followed, one that jumps by a semitone or more is sung
# legato.
#
# The pitch is a damped oscillator in log f0, exact for any hop: x' = t + xx·e + xv·v, v' = vx·e + vv·v with e = x -
# t and v per hop. A slide, or a step of less than a semitone: critically damped, 10 to 90 % in 20 ms. A jump of I
# semitones:
#     middle 75 % in T = (90 + 9 I)/2 ms upwards, (100 + 6 I)/2 ms downwards, times `legato`
#     damping ζ = 0.6 up to 4 semitones, 0.685 at 12, 0.8 from 24: overshoot 9.5, 5.2, 1.5 %;   ω = c(ζ)/T
# The jump counts as over after 3 T; then the finger is followed again. A step of a semitone belongs to a slide if
# the last step, at most 40 ms earlier, was a quarter of a semitone or more in the same direction.
#
# A join dips the level by 1.5 dB within T and darkens the source by 2 dB. A note that is struck again while it is
# released dips by 12 dB within 70 ms and darkens by 5 dB.
#
# Sources: Xu, Sun 2002 (times); Saitou, Unoki, Akagi 2005 (oscillator, overshoot).

from libc.math cimport M_PI, cos, exp, fabs, sin, sqrt
from libc.stdint cimport int32_t, uint32_t

from formant_dsp.bank.voice.vibrato cimport CHARACTER
from formant_dsp.kernels.noise cimport white
from formant_dsp.kernels.rows cimport HOP
from formant_dsp.kernels.table cimport control_t

cdef extern from * nogil:
    """
    #define FORMANT_FOLLOW_S 0.02      /* 10 to 90 % of a step of a sliding finger */
    #define FORMANT_SLIDE_S 0.04       /* longest time between two steps of a slide */
    #define FORMANT_STRUCK_S 0.07      /* dip of a note that is struck again */
    """
    const double FOLLOW_S "FORMANT_FOLLOW_S"
    const double SLIDE_S "FORMANT_SLIDE_S"
    const double STRUCK_S "FORMANT_STRUCK_S"

ctypedef struct glide_t:
    float tau             # frames, of a portamento; 0: by the law
    int32_t left          # hops until a jump is over
    double dipped         # seconds at which the level began to dip
    float dip_s, dip_db, dip_tilt_db
    float legato          # times the time of the law
    double omega, zeta    # of the oscillator: per frame, and damping
    double asked          # log2 of Hz, without tuning
    double tuning         # octaves by which this note is off: its own mistuning, and that of a unison
    double own            # its own mistuning alone
    double step           # the last step of the target, semitones
    double stepped        # seconds at which it came
    int32_t joins         # jumps since the note began


cdef inline void oscillate(control_t* c, int i, double rho, double zeta) noexcept nogil:
    """Set the coefficients of slot i: rho = ω·hop, damping zeta <= 1."""
    cdef double a = zeta * rho, e = exp(-a), w, co, si
    if zeta >= 1.0:
        c.f0_xx[i], c.f0_xv[i] = (1.0 + rho) * e, e
        c.f0_vx[i], c.f0_vv[i] = -rho * rho * e, (1.0 - rho) * e
        return
    w = rho * sqrt(1.0 - zeta * zeta)
    co, si = cos(w), sin(w) / w
    c.f0_xx[i], c.f0_xv[i] = e * (co + a * si), e * si
    c.f0_vx[i], c.f0_vv[i] = -e * rho * rho * si, e * (co - a * si)


cdef inline void turn_to(glide_t* g, control_t* c, int i, double omega, double zeta) noexcept nogil:
    """Go on with another oscillator. A slower one takes over less speed: otherwise it would leave its target's side."""
    if omega == g.omega and zeta == g.zeta:
        return
    if omega < g.omega:
        c.f0_slope[i] *= omega / g.omega
    g.omega, g.zeta = omega, zeta
    oscillate(c, i, omega * HOP, zeta)


cdef inline void dip(glide_t* g, double seconds, double length_s, double level_db, double tilt_db) noexcept nogil:
    g.dipped, g.dip_s, g.dip_db, g.dip_tilt_db = seconds, <float>length_s, <float>level_db, <float>tilt_db


cdef inline double dipping(const glide_t* g, double seconds) noexcept nogil:
    """How far the dip is, 0 … 1."""
    cdef double u = seconds - g.dipped
    if u < 0.0 or u >= g.dip_s:
        return 0.0
    u = sin(M_PI * u / g.dip_s)
    return u * u


cdef inline double follow_rate(double sample_rate) noexcept nogil:
    return 3.357 / (FOLLOW_S * sample_rate)


cdef inline bint glide_to(glide_t* g, control_t* c, int i, double log2_f0, double sample_rate) noexcept nogil:
    """Aim at another pitch. True when this begins a legato join."""
    cdef double step = 12.0 * (log2_f0 - g.asked), seconds = c.seconds[i], size, way, t, zeta
    cdef bint sliding
    if step == 0.0:
        return False
    sliding = fabs(g.step) >= 0.25 and g.step * step > 0.0 and seconds - g.stepped <= SLIDE_S
    g.step, g.stepped, g.asked = step, seconds, log2_f0
    if g.tau > 0.0:
        return False
    if fabs(step) < 0.999 or sliding:
        return False
    way = 12.0 * (log2_f0 + g.own - c.log2_f0[i])
    size = fabs(way)
    t = (0.0005 * (90.0 + 9.0 * size) if way > 0.0 else 0.0005 * (100.0 + 6.0 * size)) * g.legato
    zeta = 0.6
    if size > 12.0:
        zeta = 0.8 if size > 24.0 else 0.685 + 0.115 * (size - 12.0) / 12.0
    elif size > 4.0:
        zeta = 0.6 + 0.085 * (size - 4.0) / 8.0
    g.joins += 1
    g.left = <int32_t>(3.0 * t * sample_rate / HOP) + 1
    turn_to(g, c, i, (1.7 + (zeta - 0.6) * (2.3 + 2.0 * (zeta - 0.6))) / (t * sample_rate), zeta)
    dip(g, seconds, t, 1.5, 2.0)
    return True


cdef inline void glide_aim(glide_t* g, control_t* c, int i, float tau, float legato) noexcept nogil:
    """Take over the times of an event."""
    g.legato = legato
    if tau == g.tau:
        return
    g.tau = tau
    if tau > 0.0:
        g.left = 0
        turn_to(g, c, i, 1.0 / tau, 1.0)
    else:
        g.left = 1   # the next hop follows the finger, unless a jump begins


cdef inline void glide_hop(glide_t* g, control_t* c, int i, double sample_rate) noexcept nogil:
    """Count one hop of a jump. After it, and for a slide, the finger is followed."""
    if g.left > 0 and g.tau == 0.0:
        g.left -= 1
        if g.left == 0:
            turn_to(g, c, i, follow_rate(sample_rate), 1.0)


cdef inline double unison_of(const glide_t* g, uint32_t seed, double cents) noexcept nogil:
    """Octaves by which this note leaves a unison: 0.6 … 1.4 of `cents`, up or down."""
    cdef double u = white(seed + CHARACTER, 12 + g.joins)
    return cents / 1200.0 * (0.8 * u + (0.6 if u > 0.0 else -0.6))
