# Notes of the bank: what an event does to a voice, and which voice makes room for a new one.

from libc.math cimport rint
from libc.stdint cimport int32_t, uint32_t, uint64_t
from libc.string cimport memset

from formant_dsp.bank.queue.event cimport ALL_OFF, NOTE_OFF, NOTE_ON, NOTE_UPDATE, VOLUME, event_t
from formant_dsp.bank.quietest cimport quietest, rank_again
from formant_dsp.bank.queue.ring cimport ring_front, ring_pop
from formant_dsp.bank.queue.shared cimport add
from formant_dsp.bank.memory.slots cimport drop_key, find, free_slot, set_free, take_key
from formant_dsp.bank.memory.state cimport HELD, MAX_EDGES, RELEASING, STOLEN, bank_t, voice_t
from formant_dsp.bank.voice.gate cimport gate_to
from formant_dsp.bank.hop.wander cimport forget
from formant_dsp.bank.voice.glide cimport STRUCK_S, dip, follow_rate, glide_aim, glide_to, turn_to, unison_of
from formant_dsp.bank.voice.onset cimport NEVER, after_breath
from formant_dsp.bank.voice.vibrato cimport CHARACTER, cut, vibrato_begin
from formant_dsp.kernels.noise cimport bell, mix32
from formant_dsp.kernels.rows cimport HOP, HOP_BITS, P_KIND, P_LEVEL, P_PAN, P_VOICED, ROWS


cdef extern from "native/rt.h" nogil:
    void prefetch "formant_prefetch"(const char*, int bytes) noexcept


cdef inline void add_edge(voice_t* v, int32_t offset, float target, float tau) noexcept nogil:
    """Store a change of the gate in this hop. A fifth change replaces the fourth, so that the last one applies."""
    cdef int i = v.edges if v.edges < MAX_EDGES else MAX_EDGES - 1
    v.rest.edge[i].offset = offset
    v.rest.edge[i].target = target
    v.rest.edge[i].tau = tau
    v.edges = i + 1


cdef inline void release(bank_t* b, voice_t* v, int32_t offset) noexcept nogil:
    if v.state == HELD:
        v.state = RELEASING
        rank_again(b, <int>(v - b.voice))
        if v.onset.wait or (v.fresh and offset < v.starts):  # before the first frame: the release has the same delay
            v.onset.ends = (offset + v.onset.delay) >> HOP_BITS
            v.onset.ends_at = (offset + v.onset.delay) & (HOP - 1)
        else:
            add_edge(v, offset, 0.0, v.release_tau)


cdef inline void end_early(bank_t* b, int slot, int32_t offset, float tau) noexcept nogil:
    """End a voice to make room: fade it out, or free its slot when its first frame is still to come."""
    cdef voice_t* v = &b.voice[slot]
    if v.onset.wait:
        set_free(b, slot)
        return
    drop_key(b, slot)
    b.sounding -= 1
    v.state = STOLEN
    v.onset.ends = NEVER
    add_edge(v, offset, 0.0, tau)


cdef inline voice_t* take_slot(bank_t* b, int32_t offset) noexcept nogil:
    """A free slot; steals the quietest voice when the limit of sounding voices is reached. NULL when no slot is free,
    because voices that fade out take the rest."""
    cdef int empty = free_slot(b)
    if empty < 0:
        return NULL
    if b.sounding >= b.shed.limit:
        end_early(b, quietest(b), offset, 0.0025 * b.sample_rate)
        add(&b.shared.stolen, 1)
    if empty >= b.top:
        b.top = empty + 1
    return &b.voice[empty]


cdef inline void shed_voices(bank_t* b, int n) noexcept nogil:
    """End the n quietest voices within the next hop."""
    cdef int victim
    b.ranked = -1
    while n > 0:
        victim = quietest(b)
        if victim < 0:
            return
        end_early(b, victim, 0, HOP / 14.0)  # silent within one hop: a longer fade would take too much time
        add(&b.shared.shed, 1)
        n -= 1


cdef inline void leave_unison(bank_t* b, voice_t* v, const event_t* e) noexcept nogil:
    """Tune a note that begins on a pitch: away from other notes that are held within 35 cents of it."""
    cdef int j
    cdef double off
    v.glide.tuning = v.glide.own
    if e.unison_cents <= 0.0:
        return
    for j in range(b.top):
        off = b.control.f0_target[j] - e.log2_f0
        # Pitches lie side by side and voices far apart: nearly all are ruled out without looking at the voice.
        if -0.0291667 < off < 0.0291667 and b.voice[j].state == HELD and &b.voice[j] != v:
            v.glide.tuning = v.glide.own + unison_of(&v.glide, v.seed, e.unison_cents)
            return


cdef inline void strike_again(bank_t* b, voice_t* v) noexcept nogil:
    """A released note is struck again: it dips, its vibrato begins anew, it scoops, and its pitch does not glide."""
    cdef int i = <int>(v - b.voice)
    cdef double now = b.control.seconds[i]
    if now <= 0.0:
        return
    v.vibrato.since = now
    v.vibrato.disturbed = True
    v.vibrato.joined = -1e9
    v.glide.left = 0
    if v.glide.tau == 0.0:
        turn_to(&v.glide, &b.control, i, follow_rate(b.sample_rate), 1.0)
    dip(&v.glide, now, STRUCK_S, 12.0 * v.gate.x, 5.0)


cdef inline void start(bank_t* b, voice_t* v, const event_t* e, int32_t offset) noexcept nogil:
    cdef int p, i = <int>(v - b.voice), stride = b.stride
    cdef int32_t first = offset + e.delay_frames
    cdef float* x = b.control.x + i
    cdef float* slope = b.control.v + i
    cdef float* target = b.control.target + i
    memset(v, 0, sizeof(voice_t) - sizeof(v.rest))
    prefetch(<const char*>(v + 2), sizeof(voice_t) - sizeof(v.rest))  # notes that begin together mostly lie in a row
    v.rest.harmonics.started = v.rest.harmonics.count = 0
    forget(&v.rest.slow)
    b.notes += 1
    take_key(b, i, e.key)
    b.free[i // 64] &= ~(<uint64_t>1 << (i & 63))
    b.sounding += 1
    v.state = HELD
    v.algorithm = e.algorithm
    v.seed = mix32(b.seed, <uint32_t>b.notes)
    v.starts = first & (HOP - 1)
    v.onset.wait = first >> HOP_BITS
    v.onset.delay = e.delay_frames
    v.onset.ends = NEVER
    v.onset.scoop_cents, v.onset.scoop_s = e.scoop_cents, e.scoop_s
    v.onset.lead_s, v.onset.tilt_db = e.lead_s, e.onset_tilt_db
    v.fresh = v.extra = True
    v.period = -1
    if e.vibrato_spread > 0.0 or e.unison_cents > 0.0:
        v.phase = mix32(v.seed, 300)   # two notes of one pitch may not begin in step
    v.glide.own = v.glide.tuning = e.detune_cents / 1200.0 * cut(bell(v.seed + CHARACTER, 3))
    v.glide.asked, v.glide.stepped, v.glide.dipped = e.log2_f0, -1e9, -1e9
    leave_unison(b, v, e)
    b.control.log2_f0[i] = b.control.f0_target[i] = e.log2_f0 + v.glide.tuning
    turn_to(&v.glide, &b.control, i, follow_rate(b.sample_rate), 1.0)
    b.control.f0_slope[i] = 0.0
    b.control.f0_khz[i] = 0.0
    b.control.walk_cents[i] = 0.0
    b.control.flutter_s[i] = (v.seed & 0xFFFF) * 1e-3
    b.control.seconds[i] = -first / b.sample_rate
    vibrato_begin(&v.vibrato, &b.control, i, v.seed, e.vibrato_hz, e.vibrato_delay_s, e.vibrato_fade_s, e.vibrato_drift,
                  e.vibrato_spread)
    v.attack_tau = e.attack_tau
    v.release_tau = e.release_tau
    gate_to(&v.gate, &b.kept, 0.0, e.attack_tau, HOP)
    for p in range(ROWS):
        x[p * stride] = target[p * stride] = e.target[p]
        slope[p * stride] = 0.0
    for p in range(P_LEVEL):  # these are at rest, but `smooth` has to compute their linear values
        b.control.moving[p] = True
    v.level = e.target[P_LEVEL]
    v.voiced = e.target[P_VOICED] * after_breath(&v.onset, 0.0)
    add_edge(v, v.starts, 1.0, e.attack_tau)
    rank_again(b, i)
    add(&b.shared.notes, 1)


cdef inline void aim_pitch(bank_t* b, voice_t* v, const event_t* e) noexcept nogil:
    """Set a new pitch for a sounding voice and restart its lease."""
    cdef int i = <int>(v - b.voice)
    glide_aim(&v.glide, &b.control, i, e.f0_tau, e.legato)
    if glide_to(&v.glide, &b.control, i, e.log2_f0, b.sample_rate):
        v.vibrato.joined = b.control.seconds[i]
        v.vibrato.disturbed = True
        leave_unison(b, v, e)
    b.control.f0_target[i] = e.log2_f0 + v.glide.tuning
    v.lease_hops = e.lease_hops
    v.lease_left = e.lease_hops


cdef inline void aim(bank_t* b, voice_t* v, const event_t* e) noexcept nogil:
    """Set new targets for a sounding voice; it glides there."""
    cdef int p, i = <int>(v - b.voice), stride = b.stride
    cdef float* target = b.control.target + i
    aim_pitch(b, v, e)
    for p in range(P_KIND):
        if target[p * stride] != e.target[p]:
            target[p * stride] = e.target[p]
            b.control.moving[p] = True
    if b.ring_layout:  # move by the shorter way around the ring
        p = P_PAN * stride
        target[p] += 2.0 * rint(0.5 * (b.control.x[p + i] - target[p]))


cdef inline bint apply(bank_t* b, const event_t* e, int32_t offset) noexcept nogil:
    """Apply one event at a frame of this hop. False when it must wait for a slot."""
    cdef voice_t* v
    cdef int i
    cdef bint again = False
    if e.kind == NOTE_ON:
        v = find(b, e.key)
        if v == NULL:
            v = take_slot(b, offset)
            if v == NULL:
                return False
            start(b, v, e, offset)
            aim_pitch(b, v, e)  # `start` has set all other targets
            return True
        if v.state == RELEASING:
            v.state = HELD
            rank_again(b, <int>(v - b.voice))
            if v.onset.ends == NEVER:
                add_edge(v, offset, 1.0, v.attack_tau)
                again = True
            v.onset.ends = NEVER
        aim(b, v, e)
        if again:
            strike_again(b, v)
    elif e.kind == NOTE_UPDATE:
        v = find(b, e.key)
        if v != NULL and v.state == HELD:
            aim(b, v, e)
    elif e.kind == NOTE_OFF:
        v = find(b, e.key)
        if v != NULL:
            release(b, v, offset)
    elif e.kind == ALL_OFF:
        for i in range(b.top):
            release(b, &b.voice[i], offset)
    elif e.kind == VOLUME:
        b.volume.target = e.value
    return True


cdef inline void drain(bank_t* b) noexcept nogil:
    """Apply all events up to the end of this hop, each at its frame. Events of later hops stay in the ring."""
    cdef const event_t* e = ring_front(b.ring)
    cdef int32_t offset
    b.ranked = -1
    while e != NULL and e.frame < b.clock + HOP:
        offset = 0
        if e.frame >= b.clock:
            offset = <int32_t>(e.frame - b.clock)
        elif e.frame:
            add(&b.shared.late, 1)
        if not apply(b, e, offset):
            return
        ring_pop(b.ring)
        e = ring_front(b.ring)
