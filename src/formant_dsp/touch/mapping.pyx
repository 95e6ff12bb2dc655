# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The mapping: one touch and a compiled preset in, the numbers of each singer's voice out.

The first half has no Python in it; bank.wasm contains the same functions (packaging/wasm/build.py), so a page maps as a
box does. The second half is what Python calls. `model/` gives these functions names, types and checks.
"""

from libc.math cimport NAN, exp2, sqrt
from libc.string cimport memcpy

from formant_dsp.kernels.rows cimport ROWS
from formant_dsp.touch.code cimport (
    C_ALGORITHM, C_BASE, C_DYNAMIC_RANGE_DB, C_EXPRESSION, C_LEAST, C_LOW_HZ, C_MOST, C_OCTAVES, C_PHONATION_Z, C_SINGERS,
    C_TRIM_DB, C_WIDTHS_FOLLOW_F0, E_EFFORT, E_ONSET, EXPRESSIONS, HEADER, MEMBER_NUMBERS,
)
from formant_dsp.touch.curves cimport smooth_maximum, within
from formant_dsp.touch.evenness cimport rms_error
from formant_dsp.touch.expression cimport sing
from formant_dsp.touch.numbers cimport (
    NUMBERS, V_ALGORITHM, V_BANDWIDTH, V_F0_HZ, V_FREQUENCY, V_LEASE_S, V_LEVEL_DB, V_PAN, VALUES, VOWEL_NUMBERS,
)
from formant_dsp.touch.onset cimport begin
from formant_dsp.touch.row cimport row_of
from formant_dsp.touch.singer cimport become
from formant_dsp.touch.way cimport vowel_at, walk_place


# --- for C

cdef public int touch_singers "formant_touch_singers"(const double* code) noexcept nogil:
    return <int>code[C_SINGERS]


cdef public double touch_pitch "formant_touch_pitch"(const double* code, double x, double note) noexcept nogil:
    cdef double f0_hz
    if note == note:
        return within(440.0 * exp2((note - 69.0) / 12.0), code[C_LEAST + V_F0_HZ], code[C_MOST + V_F0_HZ])
    f0_hz = code[C_LOW_HZ] * exp2(code[C_OCTAVES] * (within(x, 0.0, 1.0) if x == x else 0.5))
    return f0_hz if f0_hz < code[C_MOST + V_F0_HZ] else code[C_MOST + V_F0_HZ]


cdef public double touch_effort "formant_touch_effort"(const double* code, double z) noexcept nogil:
    cdef double above, share
    if not z == z:
        return code[C_EXPRESSION + E_EFFORT]
    above = (within(z, 0.0, 1.0) - code[C_PHONATION_Z]) / (1.0 - code[C_PHONATION_Z])
    share = above * sqrt(above) if above > 0.0 else 0.0
    return 1.0 - code[C_DYNAMIC_RANGE_DB] / 40.0 * (1.0 - share)


cdef public int touch_voices "formant_touch_voices"(
    const double* code, double x, double y, double z, double note, double backness, double openness, double vel,
    double lease_s, double width, double* values) noexcept nogil:
    cdef const double* least = code + C_LEAST
    cdef const double* most = code + C_MOST
    cdef int singers = touch_singers(code), k
    cdef double effort = touch_effort(code, z if z == z or not vel == vel else vel)
    cdef double* v = values
    memcpy(v, code + C_BASE, NUMBERS * sizeof(double))
    v[V_ALGORITHM] = code[C_ALGORITHM]
    v[V_F0_HZ] = touch_pitch(code, x, note)
    v[V_LEASE_S] = lease_s
    vowel_at(code + HEADER + singers * MEMBER_NUMBERS, y, backness, openness, v + V_FREQUENCY)
    if code[C_WIDTHS_FOLLOW_F0] != 0.0:
        for k in range(5):
            v[V_BANDWIDTH + k] = within(v[V_BANDWIDTH + k] * (v[V_F0_HZ] / 100.0), 5.0, 2000.0)
    begin(v, effort, vel, code[C_EXPRESSION + E_ONSET])
    sing(v, code + C_EXPRESSION, effort, least, most)
    for k in range(5):
        v[V_FREQUENCY + k] = within(v[V_FREQUENCY + k], 50.0, 20000.0)
    v[V_LEVEL_DB] = within(v[V_LEVEL_DB] + 40.0 - 40.0 * code[C_EXPRESSION + E_EFFORT] + code[C_TRIM_DB],
                           least[V_LEVEL_DB], most[V_LEVEL_DB])
    if singers > 1:
        for k in range(singers - 1, -1, -1):   # the first place holds the note until its own singer takes it
            if k:
                memcpy(values + k * VALUES, values, VALUES * sizeof(double))
            become(values + k * VALUES, code + HEADER + k * MEMBER_NUMBERS, least, most)
    if width != 0.0:
        for k in range(singers):
            v = values + k * VALUES
            v[V_PAN] = within(v[V_PAN] + width * (2.0 * (within(x, 0.0, 1.0) if x == x else 0.5) - 1.0), -1.0, 1.0)
    return singers


# --- for Python

HEADER_NUMBERS = HEADER
"""Doubles of a compiled preset before its singers and its way."""
COUNT = NUMBERS
"""Numbers of a voice before its vowel."""

cdef enum:
    MOST_SINGERS = 64


cdef inline double _known(object value) except? -1.0:
    """A number, or a NaN for None."""
    return NAN if value is None else <double>value


def voices(const double[::1] code, x, double y, z, note, place, double lease_s, double width=0.0, vel=None):
    """The voices of one touch, each a tuple of `COUNT` numbers and 15 of its vowel.

    code      a compiled preset
    x, z, note, vel   None: not known
    place     (backness, openness) or None
    """
    cdef double values[MOST_SINGERS * VALUES]
    cdef double backness = NAN, openness = NAN
    cdef int i, k, n
    if place is not None:
        backness, openness = place
    n = touch_voices(&code[0], _known(x), y, _known(z), _known(note), backness, openness, _known(vel), lease_s, width, values)
    return [tuple([values[i * VALUES + k] for k in range(NUMBERS + VOWEL_NUMBERS)]) for i in range(n)]


def pitch(const double[::1] code, x, note):
    """Pitch of a touch, Hz."""
    return touch_pitch(&code[0], _known(x), _known(note))


def effort(const double[::1] code, z):
    """Effort of a pressure, 0 … 1."""
    return touch_effort(&code[0], _known(z))


def vowel_on(const double[::1] way, double position, place):
    """The 15 numbers of the vowel at a position of a way (code.pxd), or at a place of its plane."""
    cdef double vowel[VOWEL_NUMBERS]
    cdef double backness = NAN, openness = NAN
    if place is not None:
        backness, openness = place
    vowel_at(&way[0], position, backness, openness, vowel)
    return tuple([vowel[k] for k in range(VOWEL_NUMBERS)])


def place_on(const double[::1] way, double position):
    """(backness, openness) at a position of a walk over a plane."""
    cdef double backness, openness
    walk_place(&way[2], <int>way[1], position, &backness, &openness)
    return backness, openness


cdef int _read(double* v, object numbers, object vowel, int algorithm) except -1:
    cdef int k
    for k in range(NUMBERS):
        v[k] = numbers[k]
    for k in range(5):
        v[V_FREQUENCY + k] = vowel.frequency_hz[k]
        v[V_FREQUENCY + 5 + k] = vowel.bandwidth_hz[k]
        v[V_FREQUENCY + 10 + k] = vowel.level_db[k]
    v[V_ALGORITHM] = algorithm
    return 0


def sung(numbers, vowel, int algorithm, expression, double effort, least, most):
    """The numbers of a voice, then those of its vowel, as an expression changes them.

    numbers      `COUNT` numbers in the order of params.RANGES; least and most are the bounds of each
    vowel        with frequency_hz, bandwidth_hz and level_db
    expression   the fields of Expression, in order
    """
    cdef double v[VALUES]
    cdef double low[NUMBERS]
    cdef double high[NUMBERS]
    cdef double x[EXPRESSIONS]
    cdef int k
    _read(v, numbers, vowel, algorithm)
    for k in range(NUMBERS):
        low[k], high[k] = least[k], most[k]
    for k in range(EXPRESSIONS):
        x[k] = expression[k]
    sing(v, x, effort, low, high)
    return tuple([v[k] for k in range(NUMBERS + VOWEL_NUMBERS)])


def as_singer(numbers, vowel, member, least, most):
    """The numbers of a voice, then those of its vowel, as one singer of a choir has them (code.pxd)."""
    cdef double v[VALUES]
    cdef double low[NUMBERS]
    cdef double high[NUMBERS]
    cdef double m[MEMBER_NUMBERS]
    cdef int k
    _read(v, numbers, vowel, 0)
    for k in range(NUMBERS):
        low[k], high[k] = least[k], most[k]
    for k in range(MEMBER_NUMBERS):
        m[k] = member[k]
    become(v, m, low, high)
    return tuple([v[k] for k in range(NUMBERS + VOWEL_NUMBERS)])


def error_db(numbers, vowel, int algorithm):
    """How far the rms of a voice differs from the bank's estimate, dB."""
    cdef double v[VALUES]
    _read(v, numbers, vowel, algorithm)
    return rms_error(v)


def row(numbers, vowel, int algorithm):
    """The smoothed parameters of a voice: a tuple of ROWS floats (kernels/rows.pxd)."""
    cdef double v[VALUES]
    cdef double out[ROWS]
    _read(v, numbers, vowel, algorithm)
    row_of(v, out)
    return tuple([out[k] for k in range(ROWS)])


def smooth_max(double a, double b, double softness):
    """The greater of two numbers, with a round corner: softness·ln 2 above both where they are equal, and exact where
    they are 10 softnesses apart."""
    return smooth_maximum(a, b, softness)
