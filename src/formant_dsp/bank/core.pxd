# The interface of a bank without Python. native/bank.h documents each function.

from libc.stdint cimport uint64_t

from formant_dsp.bank.queue.event cimport bank_setup_t, event_t
from formant_dsp.bank.memory.state cimport bank_t
from formant_dsp.kernels.table cimport kernel_table

cdef public size_t bank_bytes "formant_bank_bytes"(const bank_setup_t* setup) noexcept nogil

cdef public bank_t* bank_init "formant_bank_init"(void* memory, const bank_setup_t* setup, const kernel_table* kernels) noexcept nogil

cdef public bint bank_push "formant_bank_push"(bank_t* bank, const event_t* event) noexcept nogil

cdef public uint64_t bank_waiting "formant_bank_waiting"(bank_t* bank) noexcept nogil

cdef public void bank_read "formant_bank_read"(bank_t* bank, float* out, uint64_t frames) noexcept nogil

cdef public void bank_unshed "formant_bank_unshed"(bank_t* bank) noexcept nogil

cdef public void voice_event "formant_voice_event"(event_t* event, const double* values, double sample_rate) noexcept nogil
