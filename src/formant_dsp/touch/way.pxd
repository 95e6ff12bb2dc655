# Where a finger is between vowels: interpolated in log frequency, log width and decibels.
#
# `row` is a vowel in the variables of hearing (log2 Hz, log2 Hz, dB), `vowel` the same in Hz, Hz and dB. A plane has a
# vowel at (backness: 0 back … 1 front, openness: 0 close … 1 open); a finger walks over it along straight lines between
# corners.

from libc.math cimport exp2, pow
from libc.string cimport memcpy, memset

from formant_dsp.touch.code cimport W_ANCHORS, W_GRID, W_PATH
from formant_dsp.touch.curves cimport within
from formant_dsp.touch.numbers cimport VOWEL_NUMBERS


cdef inline void from_row(const double* row, double* vowel) noexcept nogil:
    """A vowel of its logarithms. Rounding can move a mean of vowels beyond a bound, so the values are clamped."""
    cdef int k
    for k in range(5):
        vowel[k] = within(exp2(row[k]), 50.0, 20000.0)
        vowel[5 + k] = within(exp2(row[5 + k]), 5.0, 2000.0)
        vowel[10 + k] = within(row[10 + k], -120.0, 24.0)


cdef inline void between_rows(const double* a, const double* b, double share, double* row) noexcept nogil:
    """From a (share 0) to b (share 1)."""
    cdef int k
    for k in range(VOWEL_NUMBERS):
        row[k] = a[k] + share * (b[k] - a[k])


cdef inline void along_path(const double* rows, int stops, double position, double* row) noexcept nogil:
    """Evenly spaced stops; position 0 … 1, clamped."""
    cdef double place = within(position, 0.0, 1.0) * (stops - 1)
    cdef int i = <int>place
    if i > stops - 2:
        i = stops - 2
    between_rows(rows + i * VOWEL_NUMBERS, rows + (i + 1) * VOWEL_NUMBERS, place - i, row)


cdef inline void on_grid(const double* rows, int cells, double backness, double openness, double* row) noexcept nogil:
    """A square grid of (cells + 1)² vowels, bilinear."""
    cdef double x = within(backness, 0.0, 1.0) * cells, y = within(openness, 0.0, 1.0) * cells
    cdef int i = <int>x, j = <int>y
    cdef double close[VOWEL_NUMBERS]
    cdef double open_[VOWEL_NUMBERS]
    i = i if i < cells - 1 else cells - 1
    j = j if j < cells - 1 else cells - 1
    rows += (j * (cells + 1) + i) * VOWEL_NUMBERS
    between_rows(rows, rows + VOWEL_NUMBERS, x - i, close)
    rows += (cells + 1) * VOWEL_NUMBERS
    between_rows(rows, rows + VOWEL_NUMBERS, x - i, open_)
    between_rows(close, open_, y - j, row)


cdef inline void weighted(const double* rows, const double* weights, int count, double* row) noexcept nogil:
    """The weighted mean of some vowels; weights ≥ 0, their sum > 0."""
    cdef double total = 0.0, share
    cdef int i, k
    for i in range(count):
        total += weights[i]
    memset(row, 0, VOWEL_NUMBERS * sizeof(double))
    for i in range(count):
        share = weights[i] / total
        for k in range(VOWEL_NUMBERS):
            row[k] += share * rows[i * VOWEL_NUMBERS + k]


cdef inline void among_anchors(const double* places, const double* rows, int count, double backness, double openness,
                               double* row) noexcept nogil:
    """Inverse-distance weights, w = 1 / (d² + 0.05²)^1.5: around every anchor lies a small plateau of its vowel."""
    cdef double x = within(backness, 0.0, 1.0), y = within(openness, 0.0, 1.0), total = 0.0, w, u, v
    cdef int i, k
    memset(row, 0, VOWEL_NUMBERS * sizeof(double))
    for i in range(count):
        u, v = x - places[2 * i], y - places[2 * i + 1]
        total += pow(u * u + v * v + 0.0025, -1.5)
    for i in range(count):
        u, v = x - places[2 * i], y - places[2 * i + 1]
        w = pow(u * u + v * v + 0.0025, -1.5) / total
        for k in range(VOWEL_NUMBERS):
            row[k] += w * rows[i * VOWEL_NUMBERS + k]


cdef inline void on_plane(int kind, const double* plane, double backness, double openness, double* row) noexcept nogil:
    """A plane as code.pxd lays it out, after the corners of the walk. Points outside are moved to the edge."""
    cdef double weights[4]
    cdef double x, y
    cdef int count = <int>plane[0]
    if kind == W_GRID:
        on_grid(plane + 1, count, backness, openness, row)
    elif kind == W_ANCHORS:
        among_anchors(plane + 1, plane + 1 + 2 * count, count, backness, openness, row)
    else:
        x, y = within(backness, 0.0, 1.0), within(openness, 0.0, 1.0)
        weights[0], weights[1] = (1.0 - x) * (1.0 - y), (1.0 - x) * y
        weights[2], weights[3] = x * (1.0 - y), x * y
        weighted(plane + 1, weights, 4, row)


cdef inline void walk_place(const double* corners, int count, double position, double* backness, double* openness) noexcept nogil:
    """The place on a plane of a finger at a position 0 … 1, clamped, of its walk."""
    cdef double along = within(position, 0.0, 1.0) * (count - 1), share
    cdef int i = <int>along
    if i > count - 2:
        i = count - 2
    share = along - i
    corners += 2 * i
    backness[0] = corners[0] + share * (corners[2] - corners[0])
    openness[0] = corners[1] + share * (corners[3] - corners[1])


cdef inline void vowel_at(const double* way, double position, double backness, double openness, double* vowel) noexcept nogil:
    """The vowel at a position of a way; on a plane at (backness, openness), unless `backness` is a NaN."""
    cdef double row[VOWEL_NUMBERS]
    cdef int kind = <int>way[0], count = <int>way[1]
    if kind == W_PATH:
        along_path(way + 2, count, position, row)
    else:
        if not backness == backness:
            walk_place(way + 2, count, position, &backness, &openness)
        on_plane(kind, way + 2 + 2 * count, backness, openness, row)
    from_row(row, vowel)
