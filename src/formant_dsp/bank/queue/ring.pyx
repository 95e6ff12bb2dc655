# cython: language_level=3
"""A ring for Python, for tests and measurements. The ring of a bank lies in the bank's memory.

The producer may be any Python thread: it holds the interpreter's lock for the whole push, so only one pushes at a time.
The consumer is one thread.
"""

from libc.stdlib cimport calloc, free
from libc.stdint cimport uint64_t
from formant_dsp.bank.queue.event cimport NOTE_UPDATE, event_t
from formant_dsp.bank.queue.shared cimport load_acquire, store_relaxed

cdef extern from "native/rt.h" nogil:
    void pause "formant_pause"() noexcept


cdef class Ring:
    """Single-producer single-consumer ring of events.

    capacity   slots, a power of two, 2 … 65,536
    reserve    slots that updates may not use, so that starts and releases find room; None: a quarter
    error      ValueError for another capacity, or for a reserve outside 0 … capacity - 1
    """

    cdef ring_t ring
    cdef readonly uint64_t reserve
    cdef readonly uint64_t dropped

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
        """Push one event with these fields only. False when there was no room."""
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
        """Pop the oldest event: (kind, key, value, frame), or None when the ring is empty. Consumer only."""
        cdef const event_t* event = ring_front(&self.ring)
        if event == NULL:
            return None
        found = (event.kind, event.key, event.log2_f0, event.frame)
        ring_pop(&self.ring)
        return found

    def pop_many(self, uint64_t limit):
        """Pop `limit` events without the interpreter's lock, waiting for each: a consumer on its own thread, for tests.

        returns   (number of events, sum of their values, True if the values rose and each was equal to its key)
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
                        pause()   # on one core the producer cannot run before this thread yields
                    continue
                if event.log2_f0 <= last or event.key != <long long>event.log2_f0:
                    ordered = False
                last = event.log2_f0
                total += event.log2_f0
                ring_pop(&self.ring)
                count += 1
        return count, total, bool(ordered)
