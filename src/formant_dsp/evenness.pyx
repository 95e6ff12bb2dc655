# cython: language_level=3
"""How far a voice's rms is from what the bank takes it for, at one pitch: so that a touch is as loud as it says.

The bank divides by the rms of its lobes as if each were alone and hit by a harmonic (formant.py). Neighbouring formants
interfere, though, and a formant between two harmonics is weaker by the resonance gain: ± 3 dB, at worst 10, from one
pitch, vowel or effort to the next. While a note moves that is what makes it alive; from touch to touch it is a fault.
Here the harmonics themselves are added up. Compiled, because every touch asks: 5 µs, where Python took 60.
"""

from libc.math cimport exp2, fabs, fmax, fmin, log10, pow, sqrt
from libc.string cimport memset

from formant_dsp.params import RANGES

cdef enum:
    MOST_HARMONICS = 100
    ROOM = MOST_HARMONICS + 2

cdef enum algorithm_t:
    FULL
    MODFM
    CHOWNING
    POISSON

cdef double FAINT = 1e-3   # lobes 60 dB below the first do not matter for loudness

ALGORITHMS = {"voice": FULL, "modfm": MODFM, "chowning": CHOWNING, "poisson": POISSON}


def rms_error_db(vowel, double f0_hz, algorithm, fields):
    """Level of a steady voice re the level asked for, dB.

    vowel      five formants as the voice gets them
    f0_hz      > 0 Hz
    algorithm  of params.ALGORITHMS; the residue voice is exactly as loud as it should be
    fields     "skirt", "skirt_width_hz", "voicing", "voicing_width_hz", "resonance", "voiced", "breath"; defaults for
               those not given. Unvoiced bands are as loud as they should be
    error      0.15 dB of a render; the fade of formants near half the sample rate is left out
    """
    cdef double voiced = of(fields, "voiced") ** 2, breath = of(fields, "breath") ** 2
    if algorithm == "natural" or voiced < 1e-6:
        return 0.0
    cdef algorithm_t kind = ALGORITHMS[algorithm]
    cdef double skirt = of(fields, "skirt") if kind == FULL else 0.0
    cdef double resonance = of(fields, "resonance")
    cdef double r = exp2(-f0_hz / of(fields, "skirt_width_hz"))
    cdef double skirt_power = (1.0 + r * r) / (1.0 - r * r)
    cdef double centre[5]
    cdef double width[5]
    cdef double amplitude[5]
    cdef int j
    for j in range(5):
        centre[j], width[j] = vowel.frequency_hz[j], vowel.bandwidth_hz[j]
        amplitude[j] = pow(10.0, <double>vowel.level_db[j] / 20.0)
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
        gain = pow(1.0 / sqrt(1.0 + (2.0 * d / beta) ** 2) / (1.0 - d), resonance)
        a = amplitude[j]
        expected += a * a * (share * share * lobe.power + skirt * skirt * skirt_power
                             + 2.0 * skirt * share * sqrt(lobe.power * skirt_power))
        a *= fmax(gain, 0.0631)
        add(bells, count + 1, n, (1.0 - w) * a * share, &lobe, kind == CHOWNING)
        add(bells, count + 1, n + 1, w * a * share, &lobe, kind == CHOWNING)
        feet[n] += (1.0 - w) * a * skirt
        feet[n + 1] += w * a * skirt
    cdef double voicing = 0.0, r_v = 0.0
    if kind == FULL:
        r_v = exp2(-f0_hz / of(fields, "voicing_width_hz"))
        voicing = of(fields, "voicing") * amplitude[0] * width[0] / f0_hz * fmax(0.0, 1.0 - (f0_hz / centre[0]) ** 2)
        expected += voicing * voicing / (1.0 - r_v * r_v)
    if skirt > 0.0:
        spread(feet, count + 2, r)
    cdef double ratio = fmax(power_of(bells, feet, count + 2, voicing, r_v), 1e-12) / fmax(expected, 1e-12)
    return 10.0 * log10((voiced * ratio + breath) / (voiced + breath))


cdef double of(fields, name) except? -1.0:
    value = fields.get(name)
    return RANGES[name].default if value is None else value


cdef struct lobe_t:
    int count
    double power                        # sum of the squares over both sides, as the bank takes it
    double amplitude[MOST_HARMONICS]    # a_0 = 1, a_1, a_2 … down to -50 dB


cdef void shape(lobe_t* lobe, double beta, algorithm_t kind) noexcept nogil:
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
    bend = a[2] / (a[1] * a[1])   # a Gaussian from there on: equal second differences of the logarithm
    while a[lobe.count - 1] > 3e-3 and lobe.count < MOST_HARMONICS:
        a[lobe.count] = a[lobe.count - 1] * a[lobe.count - 1] / a[lobe.count - 2] * bend
        lobe.count += 1


cdef void add(
    double* bells, int last, int centre, double amplitude, const lobe_t* lobe, bint alternating
) noexcept nogil:
    """One carrier and its sidebands; what falls below 0 Hz comes back with the other sign, as sines do."""
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


cdef void spread(double* feet, int count, double r) noexcept nogil:
    """Carriers in feet[1:count] become carriers whose sidebands fall as r^|n|, in place."""
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
    for m in range(1, count):   # what passed 0 Hz comes back with the other sign
        above *= r
        feet[m] -= above


cdef double power_of(const double* bells, const double* feet, int count, double voicing, double r_v) noexcept nogil:
    """Sum of the squares of all harmonics."""
    cdef double total = 0.0, a
    cdef int m
    for m in range(1, count):
        a = bells[m] + feet[m] + voicing
        voicing *= r_v
        total += a * a
    return total
