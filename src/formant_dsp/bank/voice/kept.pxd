# A cache of exp(): notes that begin or end in one hop mostly have the same time constants.

from libc.math cimport exp
from libc.stdint cimport uint64_t
from libc.string cimport memcpy

cdef enum:
    KEPT_BITS = 4
    KEPT = 16

ctypedef struct kept_t:
    double x[KEPT]
    double y[KEPT]        # exp(x)


cdef inline void kept_init(kept_t* kept) noexcept nogil:
    cdef int i
    for i in range(KEPT):
        kept.x[i] = 0.0
        kept.y[i] = 1.0


cdef inline double exp_kept(kept_t* kept, double x) noexcept nogil:
    """exp(x), with the same bits as exp()."""
    cdef uint64_t word
    cdef int i
    memcpy(&word, &x, sizeof(double))
    i = <int>((word * <uint64_t>0x9E3779B97F4A7C15) >> (64 - KEPT_BITS))
    if kept.x[i] != x:
        kept.x[i] = x
        kept.y[i] = exp(x)
    return kept.y[i]
