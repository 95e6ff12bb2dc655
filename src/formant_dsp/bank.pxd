# Many voices, mixed: the bank as the audio thread sees it. All memory is made by Bank.__cinit__ and freed by it.

from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t

from formant_dsp.colour cimport coloured_t
from formant_dsp.event cimport event_t
from formant_dsp.gate cimport gate_t
from formant_dsp.kernels cimport band_t, control_t, harmonics_t, kernel_table
from formant_dsp.limiter cimport limiter_t
from formant_dsp.onset cimport onset_t
from formant_dsp.params cimport CHANNELS, FORMANTS, HOP
from formant_dsp.ring cimport Ring, atomic_t, ring_t
from formant_dsp.shed cimport shed_t

cdef enum:
    FREE = 0
    HELD = 1
    RELEASING = 2
    STOLEN = 3            # fading out quickly to make room; no longer counted, no longer found by its key
    MAX_EDGES = 4         # gate changes of one voice inside one hop
    SLOT_WORDS = 32       # of 64 slots, two for each of 1,024 voices

ctypedef struct edge_t:
    int32_t offset        # frame within the hop
    float target
    float tau

ctypedef struct voice_t:
    int32_t state
    int32_t algorithm
    uint32_t phase
    uint32_t increment
    uint32_t seed         # of its randomness: the bank's seed and the number of the note
    int32_t starts        # first frame of this hop that sounds; 0 unless the note starts in it
    bint fresh            # no hop rendered yet
    int32_t lease_hops, lease_left
    float f0_tau, attack_tau, release_tau
    gate_t gate
    float level           # level at the start of the hop, shimmer included
    float voiced          # gain of the voiced part at the start of the hop
    double cycles         # periods since the note began
    float pan             # of the gains below
    float place[CHANNELS] # gains of the channels at the start of the hop
    bint breathes         # its bands have been started
    band_t band[FORMANTS]
    coloured_t coloured
    onset_t onset
    int32_t edges
    edge_t edge[MAX_EDGES]
    harmonics_t harmonics # of a residue voice; last, as a new note clears no more of it than its counts

ctypedef struct rank_t:
    double loudness
    int64_t slot

ctypedef struct counters_t:
    atomic_t hops
    atomic_t frame        # of the clock that is read next
    atomic_t active
    atomic_t notes
    atomic_t stolen
    atomic_t shed         # ended because hops took longer than their budget
    atomic_t limit        # voices that may sound now
    atomic_t expired      # released by their lease
    atomic_t late         # stamped events that came after their frame
    atomic_t limited      # hops in which the limiter worked
    atomic_t invalid      # hops that were not finite and were muted

ctypedef struct bank_t:
    const kernel_table* kernels
    ring_t* ring
    double sample_rate
    int channels
    bint ring_layout      # the channels stand around the room
    shed_t shed
    int voices            # that may sound
    int slots             # voices and room for those fading out
    int stride            # slots, rounded up to 16
    int top               # highest slot in use + 1
    uint32_t seed
    uint64_t clock        # frame of the next hop to compute
    uint64_t notes
    voice_t* voice
    int64_t* key          # of each slot; 0 where none is HELD or RELEASING
    int32_t* slot_of      # hash table of these keys: slot + 1, or 0; see notes.pxd
    int slot_of_mask      # its size - 1
    int found             # slot in which a key was found last
    uint64_t free[SLOT_WORDS]  # a bit for each slot that is
    int sounding          # HELD or RELEASING
    rank_t* rank          # heap of who counts for how much, the quietest first
    int ranked            # its entries; -1 when it is not made
    control_t control
    float* start          # [HOP_ROWS][stride]: what control.end was a hop ago; the two change places after each hop
    gate_t volume
    gate_t fade           # of the stream: in at its start, out before its end
    atomic_t fade_wanted
    limiter_t limiter
    bint primed           # its look-ahead has been filled
    # hop to block
    float out[CHANNELS * HOP]  # one channel after the other
    int out_left
    counters_t counters


# The next frames of all channels, interleaved.
cdef void bank_read(bank_t* bank, float* out, uint64_t frames) noexcept nogil

# A hop may take so long from the next one on; 0: any time (offline).
cdef void bank_budget(bank_t* bank, uint64_t hop_ns) noexcept nogil

cdef class Bank:
    cdef bank_t bank
    cdef void* memory
    cdef size_t memory_bytes
    cdef object _kernels
    cdef readonly Ring ring
    cdef readonly str isa
    cdef readonly int sample_rate
    cdef readonly int voices
    cdef readonly int channels
    cdef readonly str layout
    cdef readonly unsigned int seed
    cdef public object streaming

    cdef bint _push_voice(self, int kind, object key, object params, object frame) except -1
    cdef bint _push_bare(self, int kind, int64_t key, object frame, float value) except -1
    cdef bint _push(self, const event_t* e, uint64_t reserve) noexcept
