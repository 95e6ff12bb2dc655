# What travels through the ring: a whole state of one voice, or one discrete happening. Plain numbers, no pointer.

from libc.stdint cimport int32_t, int64_t, uint64_t
from formant_dsp.params cimport ROWS

cdef enum:
    NOTE_ON = 1
    NOTE_UPDATE = 2
    NOTE_OFF = 3
    ALL_OFF = 4
    VOLUME = 5

ctypedef struct event_t:
    uint64_t frame            # of the bank's clock at which it shall be heard; 0 = as soon as possible
    int64_t key               # which note; > 0
    double log2_f0            # log2 of Hz
    int32_t kind
    int32_t algorithm
    int32_t lease_hops        # 0 = none
    float vibrato_hz
    float vibrato_delay_s
    float vibrato_fade_s
    float f0_tau              # frames
    float attack_tau          # frames
    float release_tau         # frames
    int32_t delay_frames      # from the event to the first frame
    float scoop_cents
    float scoop_s
    float lead_s
    float onset_tilt_db
    float vibrato_drift       # share
    float value               # VOLUME: linear gain
    float target[ROWS]
