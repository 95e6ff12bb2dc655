# Lock-free ring of events: one producer, one consumer, fixed power-of-two capacity.
#
# `tail` is written by the producer only, `head` by the consumer only; both count events for ever (uint64 does not
# wrap in practice) and live on cache lines of their own. A slot is written before the release store of tail and read
# after the acquire load of it, and the other way round for head: nothing else orders the two threads, nobody waits.

from libc.stdint cimport uint64_t
from formant_dsp.event cimport event_t

cdef extern from "native/rt.h" nogil:
    ctypedef struct atomic_t "formant_atomic_t":
        pass
    uint64_t load_relaxed "formant_load_relaxed"(atomic_t*) noexcept
    uint64_t load_acquire "formant_load_acquire"(atomic_t*) noexcept
    void store_relaxed "formant_store_relaxed"(atomic_t*, uint64_t) noexcept
    void store_release "formant_store_release"(atomic_t*, uint64_t) noexcept

ctypedef struct ring_t:
    event_t* slots
    uint64_t capacity
    uint64_t mask
    char[40] pad0
    atomic_t head
    char[56] pad1
    atomic_t tail
    char[56] pad2


cdef inline bint ring_push(ring_t* ring, const event_t* event, uint64_t reserve) noexcept nogil:
    """False, and nothing done, when fewer than `reserve` + 1 slots are free. Producer only."""
    cdef uint64_t tail = load_relaxed(&ring.tail)
    if tail - load_acquire(&ring.head) + reserve >= ring.capacity:
        return False
    ring.slots[tail & ring.mask] = event[0]
    store_release(&ring.tail, tail + 1)
    return True


cdef inline const event_t* ring_front(ring_t* ring) noexcept nogil:
    """The oldest event, or NULL when there is none. It stays valid until ring_pop. Consumer only."""
    cdef uint64_t head = load_relaxed(&ring.head)
    if head == load_acquire(&ring.tail):
        return NULL
    return &ring.slots[head & ring.mask]


cdef inline void ring_pop(ring_t* ring) noexcept nogil:
    """Gives the slot of ring_front back. Consumer only."""
    store_release(&ring.head, load_relaxed(&ring.head) + 1)


cdef class Ring:
    cdef ring_t ring
    cdef readonly uint64_t reserve
    cdef readonly uint64_t dropped
