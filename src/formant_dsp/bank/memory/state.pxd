# The state of a bank. All of it lies in one block of memory (layout.pxd) without any Python object.

from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t

from formant_dsp.bank.voice.colour cimport coloured_t
from formant_dsp.bank.queue.event cimport event_t
from formant_dsp.bank.voice.gate cimport gate_t
from formant_dsp.bank.voice.glide cimport glide_t
from formant_dsp.kernels.noise cimport knots_t
from formant_dsp.kernels.table cimport bands_t, control_t, harmonics_t, kernel_table
from formant_dsp.bank.voice.kept cimport kept_t
from formant_dsp.bank.bounds.limiter cimport limiter_t
from formant_dsp.bank.voice.onset cimport onset_t
from formant_dsp.bank.voice.residue cimport residue_t
from formant_dsp.kernels.rows cimport CHANNELS, FORMANTS, HOP
from formant_dsp.bank.queue.ring cimport ring_t
from formant_dsp.bank.queue.shared cimport bank_shared_t
from formant_dsp.bank.bounds.shed cimport shed_t
from formant_dsp.bank.voice.vibrato cimport vibrato_t

cdef extern from * nogil:
    """
    #define FORMANT_RMS 0.1f          /* of a voice at 0 dB: VOICE_RMS of model/params.py, which a test holds to this */
    #define FORMANT_CEILING 0.84f     /* of the limiter: -1.5 dBFS, between the samples as well */
    #define FORMANT_SILENT 1.5e-5     /* -96 dB: where a released voice ends */
    #define FORMANT_DIRECT_TAU_S 0.08 /* of what follows a coloured voice's direct current: 2 Hz */
    #define FORMANT_VOLUME_TAU_S 0.02
    #define FORMANT_FADE_TAU_S 0.01
    """
    const float RMS "FORMANT_RMS"
    const float CEILING "FORMANT_CEILING"
    const double SILENT "FORMANT_SILENT"
    const double DIRECT_TAU_S "FORMANT_DIRECT_TAU_S"
    const double VOLUME_TAU_S "FORMANT_VOLUME_TAU_S"
    const double FADE_TAU_S "FORMANT_FADE_TAU_S"

cdef enum:
    MAX_VOICES = 1024

cdef enum:
    FREE = 0
    HELD = 1
    RELEASING = 2
    STOLEN = 3            # fading out quickly to make room; not counted as sounding and not found by its key
    MAX_EDGES = 4         # most changes of one voice's gate inside one hop
    SLOT_WORDS = 32       # words of 64 bits, a bit for each slot; two slots for each of 1,024 voices

ctypedef struct edge_t:
    int32_t offset        # frame within the hop
    float target
    float tau

# The slow noises of a voice (hop/wander.pxd), from hop to hop.
ctypedef struct slow_t:
    knots_t drift
    knots_t pitch, level  # of the wander
    knots_t growl

# Parts of a voice that are in use only at times.
ctypedef struct rest_t:
    slow_t slow           # each is drawn when it is used first
    residue_t residue     # of a residue voice; written in its first hop
    harmonics_t harmonics # of a residue voice; in use while `started` or `count` is not 0
    bands_t bands         # in use while `breathes`
    edge_t edge[MAX_EDGES]  # the first `edges` are in use

ctypedef struct voice_t:
    # what every hop of a voice reads comes first
    int32_t state
    int32_t algorithm
    uint64_t phase        # 2^-32 turns; its bit 32 tells the first from the second of two periods
    uint32_t increment
    uint32_t seed         # of its randomness, from the bank's seed and the number of the note
    int32_t starts        # first frame of this hop that sounds; 0 unless the note starts in this hop
    bint fresh            # no hop rendered yet
    bint extra            # it had more than its formants in the last hop
    int32_t edges         # number of entries of `edge`
    uint32_t hops         # rendered so far: the time of its noise
    int32_t lease_hops
    float level           # level at the start of the hop, shimmer included
    float voiced          # gain of the voiced part at the start of the hop
    gate_t gate
    double cycles         # periods since the note began
    onset_t onset
    vibrato_t vibrato
    glide_t glide
    coloured_t coloured
    bint breathes         # `bands` have been started
    int64_t period        # whole periods since the note began, when the next two were drawn
    float jitter, shimmer  # of this period, standard deviations
    float growl           # share of the growl at the start of the hop
    int32_t lease_left
    float attack_tau, release_tau
    float pan             # pan of the gains in `place`
    float place[CHANNELS] # gains of the channels at the start of the hop
    rest_t* rest          # last: a new note keeps it, and clears only what says whether its parts are in use

ctypedef struct rank_t:
    double loudness
    int64_t slot

ctypedef struct bank_t:
    bank_shared_t shared  # first: proofs/audio finds its fields by their place
    const kernel_table* kernels
    ring_t* ring
    event_t* events       # the slots of the ring
    uint64_t reserve      # slots of the ring that NOTE_UPDATE leaves free
    double sample_rate
    int channels
    bint ring_layout      # the channels stand around the room
    shed_t shed
    int voices            # most voices that may sound
    int slots             # slots for voices and for those that fade out
    int stride            # slots, rounded up to an odd number of cache lines of 16 floats
    int top               # highest slot in use + 1
    uint32_t seed
    uint64_t clock        # first frame of the next hop to compute
    uint64_t notes
    voice_t* voice
    rest_t* rest          # of each slot; apart, so that what every hop reads lies close together
    int64_t* key          # of each slot; 0 where none is HELD or RELEASING
    int32_t* slot_of      # hash table of these keys: slot + 1, or 0; see slots.pxd
    int slot_of_mask      # its size - 1
    int found             # slot in which a key was found last
    uint64_t free[SLOT_WORDS]  # bit set: the slot is free
    int sounding          # voices that are HELD or RELEASING
    rank_t* rank          # heap of voices by loudness, the quietest first; see quietest.pxd
    int ranked            # number of its entries; -1 while it is not built
    control_t control
    float* start          # [HOP_ROWS][stride]: control.end of the previous hop; the two are swapped after each hop
    kept_t kept           # exp() of time constants
    gate_t volume
    gate_t fade           # fade of the stream: in at its start, out before its end
    limiter_t limiter
    bint primed           # the look-ahead of the limiter has been filled
    # the rest of a hop that no block has taken yet
    float out[CHANNELS * HOP]  # one channel after the other
    int out_left          # frames
