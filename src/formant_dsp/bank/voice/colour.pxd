# Zing and symmetry of one voice ("colour"): the parameters of its coloured kernel, and the direct current to remove.
#
# Zing: each formant is a pair of harmonics h = (1-w) sin Nθ + w sin (N+1)θ without a pulse, modulated with the
# fundamental s = sin θ: s(1 + h/2)·2/3 (morph -1), s·h (morph 0), h(1 + s/2)·2/3 (morph 1), interpolated by sine and
# cosine. Summed over formants of amplitude A_j, with H = Σ A_j h_j, this is fundamental·s + (plain + ring·s)·H.
# For the amount z the voice is multiplied by (1-z)·n and this sum by z·n, n = ((1-z)² + z²)^(-1/2), because the two
# hardly correlate.
#
# Symmetry: the carriers have the phase θ' = θ + π·warp·(1 - cos θ), which is 0 at 0 and 2π·symmetry after half a period
# (warp = symmetry - 1/2). This is phase modulation of every harmonic by the fundamental. It raises the frequency of a
# carrier to at most 1 + π|warp| times, and the sidebands end as the Bessel functions do. Straight lines between the two
# points would have corners and sidebands without end. A lobe is faded out before its last 80 dB reach half the sample
# rate.
#
# Both leave direct current: a bent carrier of few harmonics spends more time on one side of 0. Three poles (2 Hz) track
# it, and it is subtracted.

from libc.math cimport M_PI, cbrt, cos, fabs, floor, sin, sqrt

from formant_dsp.kernels.exp2 cimport fmax_, fmin_
from formant_dsp.bank.voice.gate cimport gate_t
from formant_dsp.kernels.table cimport colour_t, control_t
from formant_dsp.kernels.rows cimport (FORMANTS, NATURAL, P_A, P_B, P_SYMMETRY, P_ZING, P_ZING_MORPH, POISSON, R_BELL, R_NU, R_SKIRT, R_TILT,
                                 R_VOICING, R_VOICING_R, VOICE)

# The state of a voice's colour from hop to hop.
ctypedef struct coloured_t:
    bint on               # the last hop was coloured
    colour_t colour       # colour at the end of the last hop
    gate_t direct         # direct current that is subtracted
    double mean           # measured direct current, smoothed by one pole: what `direct` follows
    float rising          # mean of the last hop under a rising window


cdef inline bint has_colour(const control_t* c, int i) noexcept nogil:
    """Whether slot i has zing or symmetry at the end of this hop. The threshold 1e-6 is -120 dB."""
    return c.x[P_ZING * c.stride + i] > <float>1e-6 or fabs(c.x[P_SYMMETRY * c.stride + i]) > <float>1e-6


cdef inline bint has_direct(const coloured_t* c) noexcept nogil:
    """Whether direct current is still subtracted after the colour has ended. The threshold 1e-6 is -120 dB."""
    return c.on and (fabs(c.direct.x) > 1e-6 or fabs(c.direct.v) > 1e-6 * c.direct.per_tau)


cdef inline float faded(float end) noexcept nogil:
    """Gain of a sound that ends at this share of sample_rate/2: `fade` of the formant model."""
    cdef float u = fmin_(fmax_(<float>16.0 * end - <float>15.0, <float>0.0), <float>1.0)
    return <float>1.0 - u * u * (<float>3.0 - <float>2.0 * u)


cdef inline float more_faded(float end, float further) noexcept nogil:
    """Further gain of a lobe that is already faded for `end` and now reaches to `further`."""
    return fmin_(faded(further) / fmax_(faded(end), <float>1e-9), <float>1.0)


cdef inline void colour_column(control_t* c, colour_t* out, int i, int algorithm) noexcept nogil:
    """Write the colour of slot i at the end of the hop. Multiply the voice's column of rows by its share and fade."""
    cdef int j, s = c.stride
    cdef float* end = c.end
    cdef float zing = fmin_(fmax_(c.x[P_ZING * s + i], <float>0.0), <float>1.0)
    cdef float warp = fmin_(fmax_(c.x[P_SYMMETRY * s + i], <float>-0.49), <float>0.49)
    cdef double morph = 0.5 * M_PI * fmin_(fmax_(c.x[P_ZING_MORPH * s + i], <float>-1.0), <float>1.0)
    cdef float scale = <float>1.0 / <float>sqrt((1.0 - zing) * (1.0 - zing) + zing * zing)
    cdef float share = (<float>1.0 - zing) * scale
    cdef float speed = <float>1.0 + <float>M_PI * <float>fabs(warp)
    cdef float f0 = c.f0_khz[i], per_top = f0 * c.per_half_rate
    cdef float of_fundamental = <float>(sin(-morph) if morph < 0.0 else 0.0), of_pair = <float>(sin(morph) if morph > 0.0 else 0.0)
    cdef float total = 0.0, power = 0.0, nu, w, tail, further, beta, k, reach, amp
    # The first formant does not fade near half the sample rate: there its carriers are bent less.
    nu = end[R_NU * s + i]
    if warp != 0.0 and algorithm != NATURAL:
        warp *= faded((speed * (nu + <float>4.7) + <float>3.5 * <float>cbrt(M_PI * fabs(warp) * nu)) * per_top)
        speed = <float>1.0 + <float>M_PI * <float>fabs(warp)
    for j in range(FORMANTS):
        nu = end[(R_NU + j) * s + i]
        tail = <float>3.5 * <float>cbrt(M_PI * fabs(warp) * nu)
        # the pair and its two neighbours, below 0.45 of the sample rate
        amp = c.linear[(P_A + j) * s + i] * faded((speed * (nu + <float>2.0) + tail) * per_top * <float>(1.0 / 0.9))
        w = nu - <float>floor(nu)
        total += amp
        # The residue voice may have a centre below f0; then N = 0, and sin 0θ has no power.
        power += <float>0.5 * amp * amp * (((<float>1.0 - w) * (<float>1.0 - w) if nu >= <float>1.0 else <float>0.0) + w * w)
        out.pair[j] = amp
        further = speed * nu + tail
        beta = <float>0.1 * c.linear[(P_B + j) * s + i] / f0
        k = fmin_(beta + <float>0.3607 * beta * beta, <float>1000.0)
        reach = <float>13.3 * beta if algorithm == POISSON else <float>sqrt(18.42 * k) + <float>3.0
        end[(R_BELL + j) * s + i] *= share
        if j and algorithm != NATURAL:  # the gains of its poles must keep their ratios
            end[(R_BELL + j) * s + i] *= more_faded((nu + reach) * per_top, (further + reach) * per_top)
        if algorithm == VOICE:
            reach = c.foot_khz[i] / f0
            end[(R_SKIRT + j) * s + i] *= share * more_faded((nu + reach) * per_top, (further + reach) * per_top)
    if algorithm == VOICE or algorithm == NATURAL:
        end[R_VOICING * s + i] *= share
    if algorithm == NATURAL:
        end[R_VOICING_R * s + i] *= share
        end[R_TILT * s + i] *= share
    out.share = share
    out.warp = warp
    out.plain = <float>(2.0 / 3.0) * of_pair
    out.ring = <float>cos(morph) + <float>(1.0 / 3.0) * (of_fundamental + of_pair)
    out.fundamental = <float>(2.0 / 3.0) * of_fundamental * total
    scale *= zing / <float>sqrt(0.5 * out.fundamental * out.fundamental
                                + power * (out.plain * out.plain + 0.5 * out.ring * out.ring) + 1e-12)
    out.fundamental *= scale
    for j in range(FORMANTS):
        out.pair[j] *= scale
