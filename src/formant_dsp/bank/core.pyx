# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""A bank without Python: one block of memory, events in, frames out. core.pxd is its interface.

A hop has these steps: drain the ring, count leases down, smooth all parameters, compute each pitch, run the formant
model over all voices, then call one kernel for each voice between the two ends of the hop, mix, limit. Nothing here
needs the interpreter, allocates, locks, logs or raises. This file is a Python module only so that other modules can
call its functions. Linked with --gc-sections, the functions need no symbol of Python
(tests/formant_dsp/bank/test_core.py).
"""

from libc.stdint cimport int32_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

from formant_dsp.bank.memory.arena cimport arena_t
from formant_dsp.bank.queue.event cimport NOTE_UPDATE, bank_setup_t, event_of, event_t
from formant_dsp.bank.memory.layout cimport can_be, fill, place
from formant_dsp.bank.bounds.limiter cimport INVALID, LIMITED, limiter_hop
from formant_dsp.bank.notes cimport add_edge, drain, release, shed_voices
from formant_dsp.bank.queue.ring cimport ring_push
from formant_dsp.bank.queue.shared cimport add, load_acquire, load_relaxed, store_relaxed
from formant_dsp.bank.bounds.shed cimport shed_begin, shed_hop
from formant_dsp.bank.memory.state cimport FREE, HELD, SILENT, bank_t, voice_t
from formant_dsp.bank.voice.gate cimport gate_step
from formant_dsp.bank.hop.hop cimport add_voice
from formant_dsp.bank.voice.onset cimport NEVER
from formant_dsp.bank.hop.wander cimport walk
from formant_dsp.kernels.rows cimport HOP
from formant_dsp.kernels.table cimport kernel_table, rows_t

cdef extern from "native/rt.h" nogil:
    uint64_t ftz_on "formant_ftz_on"() noexcept
    void ftz_restore "formant_ftz_restore"(uint64_t) noexcept
    uint64_t now_ns "formant_now_ns"() noexcept


cdef inline bint keep_waiting(voice_t* v) noexcept nogil:
    """Count one hop of a delayed note. True while its first frame is still to come. Applies a delayed release."""
    if v.onset.ends == 0:
        add_edge(v, v.onset.ends_at, 0.0, v.release_tau)
    if v.onset.ends != NEVER:
        v.onset.ends -= 1
    if v.onset.wait == 0:
        return False
    v.onset.wait -= 1
    return True


cdef inline bint in_use(bank_t* b, int first) noexcept nogil:
    """Whether any of the 16 slots from `first` on sounds. Adds their algorithms to `control.kinds`."""
    cdef int i
    cdef bint found = False
    for i in range(first, first + 16 if first + 16 < b.top else b.top):
        if b.voice[i].state != FREE:
            found = True
            b.control.kinds |= <uint32_t>1 << b.voice[i].algorithm
    return found


cdef void control_hop(bank_t* b, int first, int n) noexcept nogil:
    """Leases, smoothing, pitch and formant model of n slots from `first` on."""
    cdef int i
    cdef voice_t* v
    b.control.first = first
    b.control.voices = n
    b.kernels.smooth(&b.control)
    for i in range(first, first + n if first + n < b.top else b.top):
        v = &b.voice[i]
        if v.state == FREE:
            b.control.walk_cents[i] = 0.0
            continue
        if v.lease_hops and v.state == HELD:
            v.lease_left -= 1
            if v.lease_left < 0:
                release(b, v, 0)
                add(&b.shared.expired, 1)
        walk(b, v, i)
    b.kernels.pitch(&b.control)
    b.kernels.control(&b.control)


cdef void voices_hop(bank_t* b, float* out) noexcept nogil:
    """Sum of all voices over one hop, before volume and limiter. Overwrites out, float32[channels][HOP]."""
    cdef int i, n, first = 0
    cdef voice_t* v
    cdef float* rows
    cdef uint64_t active = 0
    memset(out, 0, b.channels * HOP * sizeof(float))
    drain(b)
    while b.top > 0 and b.voice[b.top - 1].state == FREE:
        b.top -= 1
    while first < b.top:
        n = 0
        b.control.kinds = 0
        while first + n < b.top and in_use(b, first + n):
            n += 16
        if n:
            control_hop(b, first, n)
        first += n if n else 16
    if b.top:
        for i in range(b.top):
            v = &b.voice[i]
            if v.state != FREE:
                active += 1
                if keep_waiting(v):
                    continue
                add_voice(b, v, i, out)
        rows = b.start
        b.start = b.control.end
        b.control.end = rows
    memcpy(b.control.moving, b.control.still_moving, sizeof(b.control.moving))
    memset(b.control.still_moving, 0, sizeof(b.control.moving))
    b.clock += HOP
    store_relaxed(&b.shared.active, active)
    add(&b.shared.hops, 1)


cdef void output_hop(bank_t* b, float* fresh) noexcept nogil:
    """Apply volume and fade to one hop, in place."""
    cdef int c
    cdef double x = b.volume.x * b.fade.x
    b.fade.target = <double>load_relaxed(&b.shared.fade_wanted)
    gate_step(&b.volume, HOP, b.volume.decay)
    gate_step(&b.fade, HOP, b.fade.decay)
    if b.fade.target == 0.0 and b.fade.x < SILENT:
        b.fade.x = 0.0
    for c in range(b.channels):
        b.kernels.scale(fresh + c * HOP, x, (b.volume.x * b.fade.x - x) / HOP)


cdef void keep_within_budget(bank_t* b, uint64_t spent_ns, uint64_t budget_ns) noexcept nogil:
    """After a hop that took `spent_ns`: shed voices when hops exceed the budget too often (shed.pxd)."""
    shed_voices(b, shed_hop(&b.shed, spent_ns, budget_ns, b.sounding, b.voices))
    store_relaxed(&b.shared.limit, b.shed.limit)


cdef void next_hop(bank_t* b) noexcept nogil:
    cdef rows_t fresh
    cdef int state
    cdef uint64_t budget = load_relaxed(&b.shared.hop_budget_ns)
    cdef uint64_t began = now_ns() if budget else 0
    voices_hop(b, fresh)
    output_hop(b, fresh)
    state = limiter_hop(&b.limiter, b.kernels, fresh, b.out)
    if state == LIMITED:
        add(&b.shared.limited, 1)
    elif state == INVALID:
        add(&b.shared.invalid, 1)
    if budget:
        keep_within_budget(b, now_ns() - began, budget)
    elif b.shed.limit < b.voices:   # the budget was taken away while it kept voices down
        shed_begin(&b.shed, b.voices)
        store_relaxed(&b.shared.limit, b.voices)


# --- the interface ---

cdef public size_t bank_bytes "formant_bank_bytes"(const bank_setup_t* setup) noexcept nogil:
    cdef bank_t scratch
    cdef arena_t arena
    if not can_be(setup):
        return 0
    arena.base, arena.used = NULL, 0
    place(&scratch, &arena, setup)
    return arena.used


cdef public bank_t* bank_init "formant_bank_init"(void* memory, const bank_setup_t* setup, const kernel_table* kernels) noexcept nogil:
    cdef arena_t arena
    cdef bank_t* b = <bank_t*>memory
    memset(memory, 0, bank_bytes(setup))
    arena.base, arena.used = <char*>memory, 0
    place(b, &arena, setup)
    fill(b, setup, kernels)
    bank_unshed(b)
    return b


cdef public bint bank_push "formant_bank_push"(bank_t* b, const event_t* event) noexcept nogil:
    return ring_push(b.ring, event, b.reserve if event.kind == NOTE_UPDATE else 0)


cdef public uint64_t bank_waiting "formant_bank_waiting"(bank_t* b) noexcept nogil:
    return load_acquire(&b.ring.tail) - load_acquire(&b.ring.head)


cdef public void bank_unshed "formant_bank_unshed"(bank_t* b) noexcept nogil:
    shed_begin(&b.shed, b.voices)
    store_relaxed(&b.shared.limit, b.voices)
    store_relaxed(&b.shared.hop_budget_ns, 0)


cdef public void bank_read "formant_bank_read"(bank_t* b, float* out, uint64_t frames) noexcept nogil:
    cdef uint64_t old = ftz_on()
    cdef uint64_t n, i
    cdef int c, channels = b.channels
    cdef const float* hop
    if not b.primed:
        next_hop(b)
        b.primed = True
    while frames:
        if b.out_left == 0:
            next_hop(b)
            b.out_left = HOP
        n = <uint64_t>b.out_left if <uint64_t>b.out_left < frames else frames
        hop = b.out + HOP - b.out_left
        if channels == 1:
            memcpy(out, hop, n * sizeof(float))
        else:
            for i in range(n):
                for c in range(channels):
                    out[i * channels + c] = hop[c * HOP + i]
        b.out_left -= <int>n
        out += n * channels
        frames -= n
    store_relaxed(&b.shared.frame, b.clock - HOP - <uint64_t>b.out_left)
    ftz_restore(old)


cdef public void voice_event "formant_voice_event"(event_t* event, const double* values, double sample_rate) noexcept nogil:
    event_of(event, values, sample_rate)
