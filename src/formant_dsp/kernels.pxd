# Signatures of the sample and control loops. `_kernels.pyx` implements them and is compiled once per instruction set;
# a `kernel_table` is one such build. Nothing here knows about voices being on or off: that is voice.pyx and bank.pyx.

from libc.stdint cimport int32_t, uint32_t
from formant_dsp.params cimport ALGORITHMS, FORMANTS, HOP

cdef extern from "native/vec.h" nogil:
    ctypedef float* out_t "formant_out_t"
    ctypedef const float* in_t "formant_in_t"
    ctypedef const uint32_t* phase_t "formant_phase_t"
    const char* ISA_NAME "FORMANT_ISA_NAME"

# One formant over one hop: value at its start and step a frame.
ctypedef struct formant_hop_t:
    float nu              # centre in harmonics, F / f0
    float nu_step
    float index           # ModFM: k·log2 e;  classic FM: I / 2π (turns)
    float index_step
    float bell            # gain of the bell (or of the FM pair)
    float bell_step
    float skirt           # gain of the skirt
    float skirt_step

# One voice over one hop.
ctypedef struct voice_hop_t:
    uint32_t phase        # of f0 at the first frame, 2^-32 turns
    uint32_t increment    # turns · 2^32 a frame, at the first frame
    int32_t increment_step
    float skirt_r         # Poisson kernel ratio 2^(-f0/W)
    float skirt_r_step
    float voicing_r       # ratio of the voicing lobe
    float voicing_r_step
    float voicing         # gain of the voicing lobe
    float voicing_step
    formant_hop_t formants[FORMANTS]

# Rows of the control pass; every pointer is float[voices], see control() in _kernels.pyx.
ctypedef struct control_t:
    int voices            # a multiple of 16
    float* x              # [ROWS][stride] smoothed values
    float* v              # [ROWS][stride] their slopes, per hop
    const float* target   # [ROWS][stride]
    int stride
    const float* decay    # [ROWS] exp(-hop/τ)
    const float* rate     # [ROWS] hop/τ
    const float* f0_khz   # [stride] f0 at the end of the hop
    float half_rate_khz   # sample_rate / 2
    float* nu             # [FORMANTS][stride] out
    float* index          # [FORMANTS][stride] out, as formant_hop_t has it
    float* bell           # [FORMANTS][stride] out
    float* skirt          # [FORMANTS][stride] out
    float* skirt_r        # [stride] out
    float* voicing_r      # [stride] out
    float* voicing        # [stride] out
    float* power          # [stride] scratch

ctypedef void (*voice_kernel_t)(out_t y, const voice_hop_t* hop) noexcept nogil

ctypedef struct kernel_table:
    const char* isa
    void (*smooth)(control_t* c) noexcept nogil
    void (*control)(control_t* c) noexcept nogil
    voice_kernel_t voice[ALGORITHMS]
    void (*mix)(out_t out, in_t y, float gain, float step) noexcept nogil
    void (*mix_gains)(out_t out, in_t y, in_t gains, int n) noexcept nogil
    void (*scale)(out_t x, float gain, float step) noexcept nogil
    float (*peak)(in_t x) noexcept nogil
