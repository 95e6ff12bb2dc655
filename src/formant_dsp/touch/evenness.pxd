# Correction of loudness: how far a voice's rms differs from the bank's estimate at one pitch.
#
# The bank divides by the rms of its lobes as if each lobe were alone and centred on a harmonic (formant.py). But
# neighbouring formants interfere, and a formant between two harmonics is weaker by the resonance gain. So the level
# varies by ± 3 dB, at worst 10, from one pitch, vowel or effort to the next. Within a note this variation sounds alive.
# Between touches it is a fault, because a touch shall have the level that it asks for. This file adds up the harmonics
# themselves.

from libc.math cimport M_PI, cos, exp2, fmax, fmin, log10, pow, sin, sqrt
from libc.string cimport memset

from formant_dsp.kernels.rows cimport CHOWNING, NATURAL, POISSON, VOICE
from formant_dsp.touch.numbers cimport (
    V_ALGORITHM, V_BANDWIDTH, V_BREATH, V_F0_HZ, V_FORMANT_DB, V_FREQUENCY, V_RESONANCE, V_SKIRT, V_SKIRT_WIDTH_HZ,
    V_VOICED, V_VOICING, V_VOICING_WIDTH_HZ, V_ZING, V_ZING_MORPH,
)

cdef enum:
    MOST_HARMONICS = 100
    ROOM = MOST_HARMONICS + 2

cdef extern from * nogil:
    """
    #define FORMANT_FAINT 1e-3  /* lobes 60 dB below the first do not affect the loudness */
    """
    const double FAINT "FORMANT_FAINT"


cdef struct lobe_t:
    int count
    double power                        # the bank's estimate of the sum of the squares over both sides
    double amplitude[MOST_HARMONICS]    # a_0 = 1, a_1, a_2 … down to -50 dB


cdef inline void shape(lobe_t* lobe, double beta, int kind) noexcept nogil:
    """A lobe beta harmonics wide."""
    cdef double* a = lobe.amplitude
    cdef double r, square, k, linear, x, index, h, zero, bend
    a[0] = 1.0
    lobe.count = 1
    if kind == POISSON:
        r = exp2(-1.0 / beta)
        while a[lobe.count - 1] > 3e-3 and lobe.count < MOST_HARMONICS:
            a[lobe.count] = a[lobe.count - 1] * r
            lobe.count += 1
        lobe.power = (1.0 + r * r) / (1.0 - r * r)
        return
    square = beta * beta
    k = beta + 0.0019 * square * square * beta if beta < 2.0 else square * 0.36067376 + 0.4427 + 0.66 / square
    linear = 1.0 + 0.35238536 * k
    lobe.power = sqrt((linear + k * k * (1.01787503 + 1.12361106 * k)) / (linear + 0.35765651 * k * k))
    if kind == CHOWNING:
        x = 2.0 * k
        index = fmin(sqrt(0.5 * x * x / (0.5 + sqrt(x * x + 2.25))), 1.3)
        h = 0.25 * index * index
        zero = 1.0 - h * (1.0 - h * (0.25 - h / 36.0))
        a[1] = 0.5 * index * (1.0 - h * (0.5 - h / 12.0)) / zero
        a[2] = 0.5 * h * (1.0 - h * (1.0 / 3.0 - h / 24.0)) / zero
        a[3] = index * h / 12.0 * (1.0 - 0.25 * h) / zero
        lobe.count = 4
        return
    a[1] = 1.0 / sqrt(1.0 + 4.0 / square) if beta < 2.0 else 1.0 - (0.5 + (0.125 + 0.125 / k) / k) / k
    a[2] = 1.0 - 2.0 * a[1] / k if k > 0.05 else 0.5 * a[1] * a[1]
    lobe.count = 3
    bend = a[2] / (a[1] * a[1])   # from here on a Gaussian: equal second differences of the logarithm
    while a[lobe.count - 1] > 3e-3 and lobe.count < MOST_HARMONICS:
        a[lobe.count] = a[lobe.count - 1] * a[lobe.count - 1] / a[lobe.count - 2] * bend
        lobe.count += 1


cdef inline void add_carrier(
    double* bells, int last, int centre, double amplitude, const lobe_t* lobe, bint alternating
) noexcept nogil:
    """Add one carrier and its sidebands. Sidebands below 0 Hz are sines, so they are mirrored with the sign changed."""
    cdef int n, m
    cdef double value
    if amplitude == 0.0:
        return
    for n in range(lobe.count):
        value = amplitude * lobe.amplitude[n]
        if centre + n <= last:
            bells[centre + n] += value
        if n > 0:
            m = centre - n
            if alternating and n % 2:
                value = -value
            if m > 0:
                bells[m] += value
            elif m < 0 and -m <= last:
                bells[-m] -= value


cdef inline void spread_feet(double* feet, int count, double r) noexcept nogil:
    """Add to each carrier in feet[1:count] sidebands that fall as r^|n|, in place."""
    cdef int m
    cdef double above = 0.0, here
    cdef double upward[ROOM]
    upward[0] = 0.0
    for m in range(1, count):
        upward[m] = feet[m] + r * upward[m - 1]
    for m in range(count - 1, 0, -1):
        here = feet[m]
        feet[m] = upward[m] + above
        above = r * (above + here)
    for m in range(1, count):   # sidebands below 0 Hz are mirrored with the sign changed
        above *= r
        feet[m] -= above


cdef inline double power_of(const double* bells, const double* feet, int count, double voicing, double r_v) noexcept nogil:
    """Sum of the squares of all harmonics."""
    cdef double total = 0.0, a
    cdef int m
    for m in range(1, count):
        a = bells[m] + feet[m] + voicing
        voicing *= r_v
        total += a * a
    return total


cdef inline double zinging(const double* v, const double* bells, const double* amplitude, int count, double expected) noexcept nogil:
    """Power of a voice with zing, re that of a voice as the bank estimates it (bank/voice/colour.pxd).

    bells      harmonics of the voice alone, up to `count`; the sum of their squares is `expected` by the estimate
    amplitude  of the five formants
    """
    cdef double pairs[ROOM]
    cdef double zing = v[V_ZING], morph = 0.5 * M_PI * v[V_ZING_MORPH]
    cdef double scale = 1.0 / sqrt((1.0 - zing) * (1.0 - zing) + zing * zing), share = (1.0 - zing) * scale * sqrt(2.0 / expected)
    cdef double of_fundamental = fmax(sin(-morph), 0.0), plain = fmax(sin(morph), 0.0)
    cdef double ring = cos(morph) + (of_fundamental + plain) / 3.0, total = 0.0, estimate = 0.0, fundamental, gain, a, b, w
    cdef int j, n
    memset(pairs, 0, sizeof(pairs))
    plain *= 2.0 / 3.0
    for j in range(5):
        w = fmax(v[V_FREQUENCY + j] / v[V_F0_HZ], 1.0)
        n = <int>w
        w -= n
        total += amplitude[j]
        estimate += 0.5 * amplitude[j] * amplitude[j] * ((1.0 - w) * (1.0 - w) + w * w)
        if n < count - 1:
            pairs[n] += (1.0 - w) * amplitude[j]
            pairs[n + 1] += w * amplitude[j]
    fundamental = 2.0 / 3.0 * of_fundamental * total
    gain = zing * scale / sqrt(0.5 * fundamental * fundamental + estimate * (plain * plain + 0.5 * ring * ring) + 1e-12)
    total = 0.0
    for n in range(1, count):
        # the voice, the fundamental and plain pairs are sines; sin θ sin nθ is half of cos (n-1)θ - cos (n+1)θ
        a = share * bells[n] + gain * (plain * pairs[n] + (fundamental if n == 1 else 0.0))
        b = 0.5 * gain * ring * ((pairs[n + 1] if n + 1 < ROOM else 0.0) - pairs[n - 1])
        total += 0.5 * (a * a + b * b)
    return total


cdef inline double rms_error(const double* v) noexcept nogil:
    """Level of a steady voice relative to its nominal level, dB; 0 for the residue voice, whose level is exact.

    v       the numbers of a voice (numbers.pxd)
    error   0.15 dB against a render; the fade of formants near half the sample rate is not included
    """
    cdef double f0_hz = v[V_F0_HZ], voiced = v[V_VOICED] * v[V_VOICED], breath = v[V_BREATH] * v[V_BREATH]
    cdef int kind = <int>v[V_ALGORITHM]
    if kind == NATURAL or voiced < 1e-6:
        return 0.0
    cdef double skirt = v[V_SKIRT] if kind == VOICE else 0.0
    cdef double resonance = v[V_RESONANCE]
    cdef double r = exp2(-f0_hz / v[V_SKIRT_WIDTH_HZ])
    cdef double skirt_power = (1.0 + r * r) / (1.0 - r * r)
    cdef const double* centre = v + V_FREQUENCY
    cdef const double* width = v + V_BANDWIDTH
    cdef double amplitude[5]
    cdef int j
    for j in range(5):
        amplitude[j] = pow(10.0, v[V_FORMANT_DB + j] / 20.0)
    cdef double top = 1.0
    for j in range(5):
        if amplitude[j] > FAINT * amplitude[0]:
            top = fmax(top, centre[j] / f0_hz)
    cdef int count = MOST_HARMONICS if top >= MOST_HARMONICS - 8 else <int>top + 8
    cdef double bells[ROOM]
    cdef double feet[ROOM]
    memset(bells, 0, sizeof(bells))
    memset(feet, 0, sizeof(feet))
    cdef lobe_t lobe
    cdef double expected = 0.0, nu, beta, w, d, gain, a, share = 1.0 - skirt
    cdef int n
    for j in range(5):
        nu = fmax(centre[j] / f0_hz, 1.0)
        if amplitude[j] <= FAINT * amplitude[0] or nu > count - 2:
            continue
        beta = width[j] / f0_hz
        n = <int>nu
        w = nu - n
        shape(&lobe, beta, kind)
        d = fmin(w, 1.0 - w)
        gain = 2.0 * d / beta
        gain = pow(1.0 / sqrt(1.0 + gain * gain) / (1.0 - d), resonance)
        a = amplitude[j]
        expected += a * a * (share * share * lobe.power + skirt * skirt * skirt_power
                             + 2.0 * skirt * share * sqrt(lobe.power * skirt_power))
        a *= fmax(gain, 0.0631)
        add_carrier(bells, count + 1, n, (1.0 - w) * a * share, &lobe, kind == CHOWNING)
        add_carrier(bells, count + 1, n + 1, w * a * share, &lobe, kind == CHOWNING)
        feet[n] += (1.0 - w) * a * skirt
        feet[n + 1] += w * a * skirt
    cdef double voicing = 0.0, r_v = 0.0
    if kind == VOICE:
        r_v = exp2(-f0_hz / v[V_VOICING_WIDTH_HZ])
        voicing = v[V_VOICING] * amplitude[0] * width[0] / f0_hz * fmax(0.0, 1.0 - (f0_hz / centre[0]) * (f0_hz / centre[0]))
        expected += voicing * voicing / (1.0 - r_v * r_v)
    if skirt > 0.0:
        spread_feet(feet, count + 2, r)
    cdef double ratio = fmax(power_of(bells, feet, count + 2, voicing, r_v), 1e-12) / fmax(expected, 1e-12)
    if v[V_ZING] > 1e-6:   # its skirts and what is below F1 left out
        ratio = fmax(zinging(v, bells, amplitude, count + 2, fmax(expected, 1e-12)), 1e-12)
    return 10.0 * log10((voiced * ratio + breath) / (voiced + breath))
