# Lock-free ring of events: the algorithm is native/ring.h, which the proofs compile as well.

from libc.stdint cimport uint64_t
from formant_dsp.event cimport event_t

cdef extern from "native/rt.h" nogil:
    ctypedef struct atomic_t "formant_atomic_t":
        pass
    uint64_t load_relaxed "formant_load_relaxed"(atomic_t*) noexcept
    uint64_t load_acquire "formant_load_acquire"(atomic_t*) noexcept
    void store_relaxed "formant_store_relaxed"(atomic_t*, uint64_t) noexcept
    void store_release "formant_store_release"(atomic_t*, uint64_t) noexcept

cdef extern from "native/ring.h" nogil:
    ctypedef struct ring_t "formant_ring_t":
        char* slots
        uint64_t slot_bytes
        uint64_t capacity
        atomic_t head
        atomic_t tail
    bint ring_push "formant_ring_push"(ring_t*, const event_t*, uint64_t reserve) noexcept   # producer only
    const event_t* ring_front "formant_ring_front"(ring_t*) noexcept                         # consumer only
    void ring_pop "formant_ring_pop"(ring_t*) noexcept                                       # consumer only


cdef class Ring:
    cdef ring_t ring
    cdef readonly uint64_t reserve
    cdef readonly uint64_t dropped
