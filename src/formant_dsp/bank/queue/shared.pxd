# The fields that two threads touch, for Cython. native/shared.h says which thread writes and which reads each of them.

from libc.stdint cimport uint64_t

cdef extern from "native/rt.h" nogil:
    ctypedef struct atomic_t "formant_atomic_t":
        pass
    uint64_t load_relaxed "formant_load_relaxed"(atomic_t*) noexcept
    uint64_t load_acquire "formant_load_acquire"(atomic_t*) noexcept
    void store_relaxed "formant_store_relaxed"(atomic_t*, uint64_t) noexcept
    void store_release "formant_store_release"(atomic_t*, uint64_t) noexcept

cdef extern from "native/shared.h" nogil:
    ctypedef struct bank_shared_t "formant_bank_shared_t":
        atomic_t fade_wanted, hop_budget_ns
        atomic_t frame, hops, active, notes, stolen, shed, limit, expired, late, limited, invalid
    ctypedef struct stream_shared_t "formant_stream_shared_t":
        atomic_t allowed_ns, peak_wanted
        atomic_t blocks, frames, underflows, overruns, late, late_ns_max, thread, zero_ns
        atomic_t render_ns_total, render_ns_max, block_frames, peak
        atomic_t histogram[64]


cdef inline void add(atomic_t* p, uint64_t n) noexcept nogil:
    """Add n to a field that only this thread writes."""
    store_relaxed(p, load_relaxed(p) + n)
