# Lock-free ring of events. The algorithm is in native/ring.h, which the proofs compile as well.

from libc.stdint cimport uint64_t
from formant_dsp.bank.queue.event cimport event_t
from formant_dsp.bank.queue.shared cimport atomic_t

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
