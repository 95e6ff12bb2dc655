# The events in the ring: a whole state of one voice, or one discrete event. native/event.h documents the fields.

from libc.math cimport ceil, log2, rint
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t

from formant_dsp.kernels.rows cimport HOP, ROWS
from formant_dsp.touch.numbers cimport (
    V_ALGORITHM, V_ATTACK_S, V_BREATH_LEAD_S, V_DELAY_S, V_DETUNE_CENTS, V_F0_HZ, V_LEASE_S, V_LEGATO, V_ONSET_TILT_DB,
    V_PORTAMENTO_S, V_RELEASE_S, V_SCOOP_CENTS, V_SCOOP_S, V_UNISON_CENTS, V_VIBRATO_DELAY_S, V_VIBRATO_DRIFT_PERCENT,
    V_VIBRATO_FADE_S, V_VIBRATO_HZ, V_VIBRATO_SPREAD,
)
from formant_dsp.touch.row cimport row_of

cdef extern from "native/event.h" nogil:
    enum:
        NOTE_ON "FORMANT_NOTE_ON"
        NOTE_UPDATE "FORMANT_NOTE_UPDATE"
        NOTE_OFF "FORMANT_NOTE_OFF"
        ALL_OFF "FORMANT_ALL_OFF"
        VOLUME "FORMANT_VOLUME"

    ctypedef struct event_t "formant_event_t":
        uint64_t frame
        int64_t key
        double log2_f0
        int32_t kind, algorithm, lease_hops
        float vibrato_hz, vibrato_delay_s, vibrato_fade_s
        float f0_tau, attack_tau, release_tau
        int32_t delay_frames
        float scoop_cents, scoop_s, lead_s, onset_tilt_db, vibrato_drift, value
        float vibrato_spread, legato, detune_cents, unison_cents
        float target[ROWS]

    ctypedef struct bank_setup_t "formant_bank_setup_t":
        double sample_rate
        uint64_t ring_capacity, ring_reserve
        int32_t voices, channels, ring_layout
        uint32_t seed
        double row_tau_s[ROWS]


cdef inline void event_times(event_t* e, double sample_rate, double portamento_s, double attack_s, double release_s,
                             double lease_s, double delay_s) noexcept nogil:
    """Convert the times of a voice from seconds to those of an event, for a bank of this sample rate (Hz)."""
    e.f0_tau = (portamento_s if portamento_s > 0.005 else 0.005) * sample_rate / 3.357 if portamento_s > 0.0 else 0.0
    e.attack_tau = attack_s * sample_rate / 3.357      # 10 to 90 % of a critically damped rise
    e.release_tau = release_s * sample_rate / 9.233    # to -60 dB
    e.lease_hops = <int32_t>ceil(lease_s * sample_rate / HOP)
    e.delay_frames = <int32_t>rint(delay_s * sample_rate)


cdef inline void event_of(event_t* e, const double* v, double sample_rate) noexcept nogil:
    """Fill an event, all but its frame, its key and its kind, from the numbers of a voice (touch/numbers.pxd)."""
    cdef double row[ROWS]
    cdef int p
    e.log2_f0 = log2(v[V_F0_HZ])
    e.algorithm = <int32_t>v[V_ALGORITHM]
    event_times(e, sample_rate, v[V_PORTAMENTO_S], v[V_ATTACK_S], v[V_RELEASE_S], v[V_LEASE_S], v[V_DELAY_S])
    e.vibrato_hz = v[V_VIBRATO_HZ]
    e.vibrato_delay_s = v[V_VIBRATO_DELAY_S]
    e.vibrato_fade_s = v[V_VIBRATO_FADE_S]
    e.scoop_cents = v[V_SCOOP_CENTS]
    e.scoop_s = v[V_SCOOP_S]
    e.lead_s = v[V_BREATH_LEAD_S]
    e.onset_tilt_db = v[V_ONSET_TILT_DB]
    e.vibrato_drift = 0.01 * v[V_VIBRATO_DRIFT_PERCENT]
    e.vibrato_spread = v[V_VIBRATO_SPREAD]
    e.legato = v[V_LEGATO]
    e.detune_cents = v[V_DETUNE_CENTS]
    e.unison_cents = v[V_UNISON_CENTS]
    e.value = 0.0
    row_of(v, row)
    for p in range(ROWS):
        e.target[p] = row[p]
