# cython: language_level=3
"""The ring as Python sees it: owner of its memory, and the producer's side.

Producer: any Python thread, one at a time (the interpreter lock is held for the whole push). Consumer: the audio
thread, or whoever renders. Full is said, never waited for.
"""

from libc.stdlib cimport calloc, free
from libc.stdint cimport uint64_t
from formant_dsp.event cimport NOTE_UPDATE, event_t

cdef extern from "native/rt.h" nogil:
    void pause "formant_pause"() noexcept


cdef class Ring:
    """Single-producer single-consumer ring of events.

    capacity   slots, a power of two, 2 … 65,536
    reserve    slots that continuous events (`update`) may not use, so that on and off always find room
    error      ValueError for another capacity or a reserve that leaves nothing
    """

    def __cinit__(self, uint64_t capacity=1024, reserve=None):
        if capacity < 2 or capacity > 65536 or capacity & (capacity - 1):
            raise ValueError(f"capacity={capacity} must be a power of two, 2 … 65536")
        kept = capacity // 4 if reserve is None else int(reserve)
        if not 0 <= kept < <object>capacity:
            raise ValueError(f"reserve={kept} must be within 0 … {capacity - 1}")
        self.reserve = kept
        self.ring.slots = <char*>calloc(capacity, sizeof(event_t))
        if self.ring.slots == NULL:
            raise MemoryError("no memory for the ring")
        self.ring.capacity = capacity
        self.ring.slot_bytes = sizeof(event_t)
        store_relaxed(&self.ring.head, 0)
        store_relaxed(&self.ring.tail, 0)

    def __dealloc__(self):
        free(self.ring.slots)

    @property
    def capacity(self):
        return self.ring.capacity

    def __len__(self):
        return load_acquire(&self.ring.tail) - load_acquire(&self.ring.head)

    def try_push(self, kind, key, value=0.0, frame=0):
        """Push one bare event (for tests and tools); False when it found no room."""
        cdef event_t event
        event.frame = frame
        event.key = key
        event.log2_f0 = value
        event.kind = kind
        cdef uint64_t reserve = self.reserve if event.kind == NOTE_UPDATE else 0
        cdef bint done
        done = ring_push(&self.ring, &event, reserve)
        if not done:
            self.dropped += 1
        return bool(done)

    def try_pop(self):
        """(kind, key, value, frame) of the oldest event, or None. Only where no bank consumes this ring."""
        cdef const event_t* event = ring_front(&self.ring)
        if event == NULL:
            return None
        found = (event.kind, event.key, event.log2_f0, event.frame)
        ring_pop(&self.ring)
        return found

    def pop_many(self, uint64_t limit):
        """How many events it took off, at most limit, without the interpreter lock; their values summed.

        A consumer on a real thread of its own, for tests: returns (count, sum of value, values were in order).
        """
        cdef uint64_t count = 0, misses = 0
        cdef double total = 0.0, last = -1.0
        cdef bint ordered = True
        cdef const event_t* event
        with nogil:
            while count < limit:
                event = ring_front(&self.ring)
                if event == NULL:
                    misses += 1
                    if misses % 256 == 0:
                        pause()   # on one core nothing can come before this thread gives way
                    continue
                if event.log2_f0 <= last or event.key != <long long>event.log2_f0:
                    ordered = False
                last = event.log2_f0
                total += event.log2_f0
                ring_pop(&self.ring)
                count += 1
        return count, total, bool(ordered)
