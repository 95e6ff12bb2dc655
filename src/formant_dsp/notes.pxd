# Notes and slots of the bank: what an event does, who makes room, and what it costs when everything happens at once.
#
# Nothing here looks through all slots for one note: keys are found by a hash table (open addressing, linear probing), free
# slots by a bit each, the lowest first, and the quietest voice by a heap that is made at the first steal of a hop and kept
# until its end. Whatever changes how loud a voice counts pushes it again; an entry that is no longer true is passed over.

from libc.math cimport exp, rint
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t
from libc.string cimport memset

from formant_dsp.bank cimport FREE, HELD, MAX_EDGES, RELEASING, STOLEN, bank_t, rank_t, voice_t
from formant_dsp.event cimport ALL_OFF, NOTE_OFF, NOTE_ON, NOTE_UPDATE, VOLUME, event_t
from formant_dsp.gate cimport gate_to
from formant_dsp.noise cimport mix32, white
from formant_dsp.onset cimport NEVER, led
from formant_dsp.params cimport HOP, HOP_BITS, P_KIND, P_LEVEL, P_PAN, P_VOICED, ROWS
from formant_dsp.ring cimport atomic_t, load_relaxed, ring_front, ring_pop, store_relaxed

cdef extern from * nogil:
    int lowest_bit "__builtin_ctzll"(unsigned long long) noexcept


cdef inline void count(atomic_t* p) noexcept nogil:
    store_relaxed(p, load_relaxed(p) + 1)


# --- slots by key ---

cdef inline int home(const bank_t* b, int64_t key) noexcept nogil:
    return <int>((<uint64_t>key * <uint64_t>0x9E3779B97F4A7C15) >> 32) & b.slot_of_mask


cdef inline int find_slot(const bank_t* b, int64_t key) noexcept nogil:
    """The slot of a key that is HELD or RELEASING, or -1."""
    cdef int at = home(b, key)
    while b.slot_of[at]:
        if b.key[b.slot_of[at] - 1] == key:
            return b.slot_of[at] - 1
        at = (at + 1) & b.slot_of_mask
    return -1


cdef inline voice_t* find(bank_t* b, int64_t key) noexcept nogil:
    """The voice of a key, or NULL. Looks behind the last one found first: events mostly come in the order of their voices."""
    cdef int i = b.found + 1
    if i >= b.top or b.key[i] != key:
        i = find_slot(b, key)
        if i < 0:
            return NULL
    b.found = i
    return &b.voice[i]


cdef inline void take_key(bank_t* b, int slot, int64_t key) noexcept nogil:
    cdef int at = home(b, key)
    while b.slot_of[at]:
        at = (at + 1) & b.slot_of_mask
    b.slot_of[at] = slot + 1
    b.key[slot] = key


cdef inline void drop_key(bank_t* b, int slot) noexcept nogil:
    """Forgets the key of a slot, if it has one; what was put further because of it moves up."""
    cdef int at, hole, mask = b.slot_of_mask
    if b.key[slot] == 0:
        return
    hole = home(b, b.key[slot])
    while b.slot_of[hole] != slot + 1:
        hole = (hole + 1) & mask
    at = hole
    while True:
        at = (at + 1) & mask
        if b.slot_of[at] == 0:
            break
        if ((at - home(b, b.key[b.slot_of[at] - 1])) & mask) >= ((at - hole) & mask):
            b.slot_of[hole] = b.slot_of[at]
            hole = at
    b.slot_of[hole] = 0
    b.key[slot] = 0


# --- free slots ---

cdef inline int free_slot(const bank_t* b) noexcept nogil:
    """The first one, or -1."""
    cdef int word
    for word in range((b.slots + 63) // 64):
        if b.free[word]:
            return 64 * word + lowest_bit(b.free[word])
    return -1


cdef inline void set_free(bank_t* b, int slot) noexcept nogil:
    """A voice is over."""
    if b.voice[slot].state != STOLEN:
        b.sounding -= 1
    drop_key(b, slot)
    b.voice[slot].state = FREE
    b.free[slot // 64] |= <uint64_t>1 << (slot & 63)


# --- the quietest ---

cdef inline double loudness(const bank_t* b, int i) noexcept nogil:
    """What a voice counts for. A held note counts with its full level, or one that has just begun would always be the
    quietest; of equals the oldest goes."""
    cdef const voice_t* v = &b.voice[i]
    return b.control.x[P_LEVEL * b.stride + i] * (v.gate.x if v.state == RELEASING else 1.0) - 1e-9 * b.control.seconds[i]


cdef inline void sink(rank_t* heap, int n, int at) noexcept nogil:
    cdef rank_t entry = heap[at]
    cdef int child = 2 * at + 1
    while child < n:
        if child + 1 < n and heap[child + 1].loudness < heap[child].loudness:
            child += 1
        if not heap[child].loudness < entry.loudness:
            break
        heap[at] = heap[child]
        at = child
        child = 2 * at + 1
    heap[at] = entry


cdef inline void rank_again(bank_t* b, int slot) noexcept nogil:
    """A voice counts for something else than before; nothing to do while nobody asked for the quietest."""
    cdef int at = b.ranked, above
    cdef double value
    if at < 0:
        return
    if at == 2 * b.slots:
        b.ranked = -1    # full: made anew when it is asked for
        return
    b.ranked += 1
    value = loudness(b, slot)
    while at > 0:
        above = (at - 1) // 2
        if not value < b.rank[above].loudness:
            break
        b.rank[at] = b.rank[above]
        at = above
    b.rank[at].loudness = value
    b.rank[at].slot = slot


cdef inline int quietest(bank_t* b) noexcept nogil:
    """Slot of the quietest voice, which is taken out of the ranking, or -1."""
    cdef int i, slot
    if b.ranked < 0:
        b.ranked = 0
        for i in range(b.top):
            if b.voice[i].state == HELD or b.voice[i].state == RELEASING:
                b.rank[b.ranked].loudness = loudness(b, i)
                b.rank[b.ranked].slot = i
                b.ranked += 1
        for i in range(b.ranked // 2 - 1, -1, -1):
            sink(b.rank, b.ranked, i)
    while b.ranked:
        slot = b.rank[0].slot
        i = b.voice[slot].state == HELD or b.voice[slot].state == RELEASING
        if i and b.rank[0].loudness != loudness(b, slot):
            i = False
        b.ranked -= 1
        b.rank[0] = b.rank[b.ranked]
        sink(b.rank, b.ranked, 0)
        if i:
            return slot
    return -1


# --- what happens to a voice ---

cdef inline void add_edge(voice_t* v, int32_t offset, float target, float tau) noexcept nogil:
    """Remember a gate change of this hop; a fifth one takes the place of the fourth: the last word counts."""
    cdef int i = v.edges if v.edges < MAX_EDGES else MAX_EDGES - 1
    v.edge[i].offset = offset
    v.edge[i].target = target
    v.edge[i].tau = tau
    v.edges = i + 1


cdef inline void release(bank_t* b, voice_t* v, int32_t offset) noexcept nogil:
    if v.state == HELD:
        v.state = RELEASING
        rank_again(b, <int>(v - b.voice))
        if v.onset.wait or (v.fresh and offset < v.starts):  # before its first frame: later by as much as that is late
            v.onset.ends = (offset + v.onset.delay) >> HOP_BITS
            v.onset.ends_at = (offset + v.onset.delay) & (HOP - 1)
        else:
            add_edge(v, offset, 0.0, v.release_tau)


cdef inline void end_early(bank_t* b, int slot, int32_t offset, float tau) noexcept nogil:
    """Make room: fade out, or vanish before the first frame."""
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
    """A free slot; steals the quietest voice when as many sound as may. NULL when even the fading ones fill all."""
    cdef int empty = free_slot(b)
    if empty < 0:
        return NULL
    if b.sounding >= b.shed.limit:
        end_early(b, quietest(b), offset, 0.0025 * b.sample_rate)
        count(&b.counters.stolen)
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
        end_early(b, victim, 0, HOP / 14.0)  # silent within one hop, for there is no time to fade
        count(&b.counters.shed)
        n -= 1


cdef inline void start(bank_t* b, voice_t* v, const event_t* e, int32_t offset) noexcept nogil:
    cdef int p, i = <int>(v - b.voice)
    cdef int32_t first = offset + e.delay_frames
    memset(v, 0, sizeof(voice_t) - sizeof(v.harmonics))
    v.harmonics.started = v.harmonics.count = 0
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
    v.onset.lead_s, v.onset.tilt_db, v.onset.drift = e.lead_s, e.onset_tilt_db, e.vibrato_drift
    v.fresh = True
    b.control.log2_f0[i] = e.log2_f0
    b.control.f0_slope[i] = 0.0
    b.control.f0_khz[i] = 0.0
    b.control.walk_cents[i] = 0.0
    b.control.seconds[i] = -first / b.sample_rate
    b.control.vibrato_hz[i] = e.vibrato_hz * (1.0 + 0.03 * white(v.seed, 1))
    b.control.vibrato_delay_s[i] = e.vibrato_delay_s
    b.control.vibrato_per_s[i] = 1.0 / e.vibrato_fade_s
    v.attack_tau = e.attack_tau
    v.release_tau = e.release_tau
    gate_to(&v.gate, 0.0, e.attack_tau, HOP)
    for p in range(ROWS):
        b.control.x[p * b.stride + i] = e.target[p]
        b.control.v[p * b.stride + i] = 0.0
        b.control.target[p * b.stride + i] = e.target[p]
    for p in range(P_LEVEL):  # at rest, but these are needed as numbers as well
        b.control.moving[p] = True
    v.level = e.target[P_LEVEL]
    v.voiced = e.target[P_VOICED] * led(&v.onset, 0.0)
    add_edge(v, v.starts, 1.0, e.attack_tau)
    rank_again(b, i)
    count(&b.counters.notes)


cdef inline void aim(bank_t* b, voice_t* v, const event_t* e) noexcept nogil:
    """New targets for a sounding voice; it glides there."""
    cdef int p, i = <int>(v - b.voice)
    b.control.f0_target[i] = e.log2_f0
    if v.f0_tau != e.f0_tau:
        if e.f0_tau > v.f0_tau:
            b.control.f0_slope[i] *= v.f0_tau / e.f0_tau   # else it would fly far beyond its target (gate.pxd)
        v.f0_tau = e.f0_tau
        b.control.f0_rate[i] = HOP / <double>e.f0_tau
        b.control.f0_decay[i] = exp(-b.control.f0_rate[i])
    v.lease_hops = e.lease_hops
    v.lease_left = e.lease_hops
    for p in range(P_KIND):
        if b.control.target[p * b.stride + i] != e.target[p]:
            b.control.target[p * b.stride + i] = e.target[p]
            b.control.moving[p] = True
    if b.ring_layout:  # the short way round
        p = P_PAN * b.stride + i
        b.control.target[p] += 2.0 * rint(0.5 * (b.control.x[p] - b.control.target[p]))


cdef inline bint apply(bank_t* b, const event_t* e, int32_t offset) noexcept nogil:
    """One event, at a frame of this hop. False when it must wait for a slot."""
    cdef voice_t* v
    cdef int i
    if e.kind == NOTE_ON:
        v = find(b, e.key)
        if v == NULL:
            v = take_slot(b, offset)
            if v == NULL:
                return False
            start(b, v, e, offset)
        elif v.state == RELEASING:
            v.state = HELD
            rank_again(b, <int>(v - b.voice))
            if v.onset.ends == NEVER:
                add_edge(v, offset, 1.0, v.attack_tau)
            v.onset.ends = NEVER
        aim(b, v, e)
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
    """All events up to the end of this hop, each at its frame; those of later hops stay in the ring."""
    cdef const event_t* e = ring_front(b.ring)
    cdef int32_t offset
    b.ranked = -1
    while e != NULL and e.frame < b.clock + HOP:
        offset = 0
        if e.frame >= b.clock:
            offset = <int32_t>(e.frame - b.clock)
        elif e.frame:
            count(&b.counters.late)
        if not apply(b, e, offset):
            return
        ring_pop(b.ring)
        e = ring_front(b.ring)
