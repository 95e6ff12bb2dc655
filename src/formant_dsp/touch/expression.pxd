# How effort, breath, whisper, ring, tuning, larynx and tract size change a vowel. model/expression.py has the laws in
# words, and their sources. Every output is a continuous function of every input.

from libc.math cimport fabs, fmax, fmin, log10, pow, sqrt

from formant_dsp.kernels.rows cimport VOICE
from formant_dsp.touch.code cimport (
    E_BREATH, E_DAMPING, E_FALSETTO, E_LARYNX, E_RING, E_RING_HZ, E_TRACT_SIZE, E_TUNING, E_WHISPER,
)
from formant_dsp.touch.curves cimport smooth_maximum, smoothstep, within
from formant_dsp.touch.evenness cimport rms_error
from formant_dsp.touch.numbers cimport (
    V_AIR_HZ, V_ALGORITHM, V_BANDWIDTH, V_BREATH, V_F0_HZ, V_FORMANT_DB, V_FREQUENCY, V_JITTER_PERCENT, V_LEVEL_DB, V_RESONANCE, V_SHIMMER_DB,
    V_SWELL, V_TILT_DB, V_VOICED, V_VOICING,
)

cdef extern from * nogil:
    """
    #define FORMANT_NEUTRAL_EFFORT 0.8   /* NEUTRAL_EFFORT of model/expression.py, which a test holds to this */
    #define FORMANT_CORNER_HZ 17.0       /* of the tuning: over 1 Hz above the sharp maximum within three times this */
    #define FORMANT_APART_HZ 60.0        /* least distance of neighbours: two resonances of one tract come no closer */
    #define FORMANT_APART_CORNER_HZ 12.0
    """
    const double NEUTRAL_EFFORT "FORMANT_NEUTRAL_EFFORT"
    const double CORNER_HZ "FORMANT_CORNER_HZ"
    const double APART_HZ "FORMANT_APART_HZ"
    const double APART_CORNER_HZ "FORMANT_APART_CORNER_HZ"


cdef struct tilt_t:
    double n1, n2         # 1/f_c² of the low-passes at neutral effort, Hz^-2
    double c1, c2, c3     # of those as sung: two of the effort, one of the breath


cdef inline double per_corner(double attenuation_db) noexcept nogil:
    """1/f_c² (Hz^-2) of the one-pole low-pass with this attenuation at 3 kHz."""
    return (pow(10.0, attenuation_db / 10.0) - 1.0) / 9e6


cdef inline double tilt_at(const tilt_t* t, double f_hz) noexcept nogil:
    """Level, dB, that the low-passes give at a frequency, relative to neutral effort."""
    cdef double q = f_hz * f_hz
    return 10.0 * log10((1.0 + q * t.n1) * (1.0 + q * t.n2) / ((1.0 + q * t.c1) * (1.0 + q * t.c2) * (1.0 + q * t.c3)))


cdef inline void sing(double* v, const double* x, double effort, const double* least, const double* most) noexcept nogil:
    """Changes the numbers of a voice, in place, from the vowel of a table to the vowel as it is sung.

    v             numbers.pxd: pitch, vowel, algorithm and the voice before the expression; its level becomes that of a
                  voice whose rms is -40 + 40 E dB re level 0
    x             the fields of Expression (code.pxd)
    effort        0 … 1
    least, most   bounds of each number
    """
    cdef double* f = v + V_FREQUENCY
    cdef double* a = v + V_FORMANT_DB
    cdef double f0_hz = v[V_F0_HZ], e = effort, b = x[E_BREATH], falsetto = x[E_FALSETTO], whisper = x[E_WHISPER]
    cdef double loudness = 40.0 * (e - NEUTRAL_EFFORT)
    cdef int k

    # Centres
    cdef double size = (1.0 + x[E_LARYNX] * (f0_hz / 8000.0 - 0.025)) / x[E_TRACT_SIZE]
    # 3.5 Hz per dB at 500 Hz, and in proportion at other centres: a constant step would leave a soft i no F1.
    f[0] *= size * (1.0 + 0.007 * loudness)
    f[1] *= size
    v[V_AIR_HZ] = within(v[V_AIR_HZ] * size, least[V_AIR_HZ], most[V_AIR_HZ])
    cdef double ring = x[E_RING] * (1.0 - smoothstep((f0_hz - 700.0) / 400.0))
    cdef double draw = 1.0 - 0.6 * ring, centre = 0.6 * ring * x[E_RING_HZ]
    for k in range(2, 5):
        f[k] = size * f[k] * draw + centre
    if x[E_TUNING] != 0.0:
        f[0] += x[E_TUNING] * (smooth_maximum(f[0], f0_hz + 50.0, CORNER_HZ) - f[0])
        f[1] += x[E_TUNING] * (smooth_maximum(f[1], 2.0 * f0_hz + 50.0, CORNER_HZ) - f[1])
    f[0] += 255.0 * whisper   # the glottis is open: Swerdlin, Smith, Wolfe 2010
    f[1] += 115.0 * whisper
    f[2] += 125.0 * whisper
    f[3] += 75.0 * whisper
    f[4] += 50.0 * whisper
    for k in range(1, 5):
        f[k] = smooth_maximum(f[k], f[k - 1] + APART_HZ, APART_CORNER_HZ)

    # Levels: the attenuation of the low-passes, relative to neutral effort
    cdef double t1 = 27.0 - 21.0 * e + falsetto * (24.0 - 22.5 * e)
    cdef double t2 = 11.0 - 11.0 * e + falsetto * (12.0 - 11.25 * e)
    cdef double neutral_1 = 27.0 - 21.0 * NEUTRAL_EFFORT, neutral_2 = 11.0 - 11.0 * NEUTRAL_EFFORT
    cdef tilt_t tilt
    tilt.n1, tilt.n2 = per_corner(neutral_1), per_corner(neutral_2)
    tilt.c1, tilt.c2, tilt.c3 = per_corner(t1), per_corner(t2), per_corner(12.0 * b)
    cdef double first = tilt_at(&tilt, f[0]), gain = 12.0 * ring
    # A high voice has few harmonics: those above a formant are its lobe, and the low-passes take more of them. So its
    # level is that half a harmonic higher, and its width takes what is lost on the way to the next but one.
    cdef double high = smoothstep((f0_hz - 200.0) / 200.0) if v[V_ALGORITHM] == VOICE else 0.0, above
    for k in range(1, 5):
        above = tilt_at(&tilt, f[k] + 0.5 * high * f0_hz)
        a[k] = within(a[k] + above - first + (gain if k > 1 else 0.0), -120.0, 24.0)
        above = high * (tilt_at(&tilt, f[k] + 2.0 * f0_hz) - tilt_at(&tilt, f[k]))
        v[V_BANDWIDTH + k] *= pow(10.0, above / (1.0 + fabs(above) / 12.0) / 20.0)
    v[V_BANDWIDTH] *= 1.0 + b
    v[V_BANDWIDTH] = fmin(v[V_BANDWIDTH] + whisper * fmax(280.0 - v[V_BANDWIDTH], 0.0), 2000.0)
    for k in range(1, 5):
        v[V_BANDWIDTH + k] = fmin(v[V_BANDWIDTH + k] * (1.0 + 0.3 * whisper), 2000.0)

    # The fundamental: tilt between f0 and F1, the shape of the pulse (R_d = 2.4 - 1.8 E), breath
    cdef double pulse_db = 9.0 * (NEUTRAL_EFFORT - e) + falsetto * (0.9 + 1.7 * e)
    cdef double h1_db = tilt_at(&tilt, fmin(f0_hz, f[0])) - first + pulse_db + 6.0 * b
    cdef double unsteady = (1.5 - e) / (1.5 - NEUTRAL_EFFORT), hoarse = smoothstep(whisper)
    v[V_VOICING] = fmin(v[V_VOICING] * pow(10.0, h1_db / 20.0), most[V_VOICING])
    v[V_VOICED] *= 1.0 - hoarse
    v[V_BREATH] = fmin(v[V_BREATH] + 0.4 * b * sqrt(b) + hoarse, most[V_BREATH])
    v[V_RESONANCE] *= 1.0 - x[E_DAMPING] * smoothstep((f0_hz - 350.0) / 650.0)
    # Measured first formants of high voices are wider than those of the tables.
    v[V_SWELL] *= 1.0 - smoothstep((f0_hz - 350.0) / 650.0) / 3.0
    v[V_JITTER_PERCENT] = fmin(v[V_JITTER_PERCENT] * unsteady, most[V_JITTER_PERCENT])
    v[V_SHIMMER_DB] = fmin(v[V_SHIMMER_DB] * unsteady, most[V_SHIMMER_DB])
    v[V_TILT_DB] = within(v[V_TILT_DB] + t1 + t2 - (neutral_1 + neutral_2) + 12.0 * b, least[V_TILT_DB], most[V_TILT_DB])
    v[V_LEVEL_DB] = 40.0 * e - 40.0 - rms_error(v)
