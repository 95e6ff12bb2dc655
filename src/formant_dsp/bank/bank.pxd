# The class Bank, for other Cython modules.

from libc.stdint cimport int64_t, uint64_t

from formant_dsp.bank.queue.event cimport event_t
from formant_dsp.bank.memory.state cimport bank_t

cdef class Bank:
    cdef bank_t* bank
    cdef void* memory
    cdef size_t bank_bytes
    cdef object _kernels
    cdef readonly str isa
    cdef readonly int sample_rate
    cdef readonly int voices
    cdef readonly int channels
    cdef readonly str layout
    cdef readonly unsigned int seed
    cdef uint64_t dropped     # events that found the ring full
    cdef public object streaming
    cdef bint rendering       # `render` runs, without the interpreter's lock

    cdef bint _push_voice(self, int kind, object key, object params, object frame) except -1
    cdef bint _push_bare(self, int kind, int64_t key, object frame, float value) except -1
    cdef bint _push(self, const event_t* e) noexcept
