# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Many voices, mixed: notes in, sound out, one hop of 64 frames at a time.

A hop: drain the ring, count leases down, smooth all parameters, compute each pitch, run the formant model over all
voices, then per voice one kernel call between the two ends of the hop, mix, limit. Everything below `cdef … nogil`
runs on the audio thread: it allocates, locks, logs and raises nothing.
"""

from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.math cimport ceil, exp, floor, log2, rint, sin
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t, uintptr_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset

from formant_dsp.colour cimport colour_column, coloured_t, has_colour, has_direct
from formant_dsp.event cimport ALL_OFF, NOTE_OFF, NOTE_ON, NOTE_UPDATE, VOLUME, event_t
from formant_dsp.gate cimport gate_step, gate_t, gate_to
from formant_dsp.exp2 cimport exp2_poly
from formant_dsp.harmonics cimport harmonics_next, harmonics_scale
from formant_dsp.kernels cimport band_hop_t, colour_t, control_t, kernel_table, row_t, rows_t, voice_hop_t
from formant_dsp.onset cimport NEVER, dim_column, led, scoop, vibrato_wander
from formant_dsp.limiter cimport INVALID, LIMITED, limiter_hop, limiter_init
from formant_dsp.noise cimport bell, spline_noise
from formant_dsp.notes cimport add_edge, count, drain, release, set_free, shed_voices
from formant_dsp.params cimport (CHANNELS, FORMANTS, HOP, HOP_BITS, HOP_ROWS, LINEAR_ROWS, NATURAL, P_BREATH, P_DRIFT,
                                 P_FLUTTER, P_JITTER, P_KIND, P_LEVEL, P_PAN, P_SHIMMER, P_VOICED, ROWS)
from formant_dsp.placement cimport place_gains
from formant_dsp.residue cimport period_gap, residue_column
from formant_dsp.ring cimport atomic_t, load_relaxed, ring_front, ring_pop, ring_push, ring_t, store_relaxed
from formant_dsp.shed cimport shed_begin, shed_hop

from formant_dsp import dispatch
from formant_dsp.params import ALGORITHMS, ROW_TAU_S, VOICE_RMS, VoiceParams
from formant_dsp.placement import LAYOUTS

cdef extern from "native/rt.h" nogil:
    uint64_t ftz_on "formant_ftz_on"() noexcept
    void ftz_restore "formant_ftz_restore"(uint64_t) noexcept
    uint64_t now_ns "formant_now_ns"() noexcept

cdef float RMS = VOICE_RMS
cdef double SILENT = 1.5e-5             # -96 dB: where a released voice ends
cdef float CEILING = 0.84               # -1.5 dBFS, between the samples as well
cdef double DRIFT_HZ = 40.0
cdef double DIRECT_TAU_S = 0.08         # of what follows a coloured voice's direct current: 2 Hz
cdef double VOLUME_TAU_S = 0.02
cdef double FADE_TAU_S = 0.01

cdef enum:
    DOUBLE_ROWS = 11      # the keys among them
    FLOAT_ROWS = 3 * ROWS + LINEAR_ROWS + 2 * HOP_ROWS + 5


# --- one hop -------------------------------------------------------------------------------------------------------

cdef inline void walk(bank_t* b, voice_t* v, int i) noexcept nogil:
    """Random part of the pitch at the end of this hop: drift, flutter, jitter. Most voices have little of it."""
    cdef control_t* c = &b.control
    cdef int s = b.stride
    cdef float drift = c.x[P_DRIFT * s + i], jitter = c.x[P_JITTER * s + i], flutter = c.x[P_FLUTTER * s + i]
    cdef double cents = 0.0, t = c.seconds[i] + c.hop_s
    v.cycles += 1e3 * c.f0_khz[i] * c.hop_s
    if drift > 0.0:
        cents = drift * spline_noise(v.seed, t * DRIFT_HZ, NULL)
    if flutter > 0.0:  # ±0.06 % a unit of FL; every voice at a moment of its own
        t += (v.seed & 0xFFFF) * 1e-3
        cents += 0.346246809814 * flutter * (sin(79.79645340118074 * t) + sin(44.61061568097506 * t) + sin(
            29.530970943744055 * t))
    if jitter > 0.0:
        cents += 17.3123404907 * jitter * bell(v.seed + 1, <int64_t>floor(v.cycles))
    t = c.seconds[i] + c.hop_s
    if v.onset.drift > 0.0:
        cents += vibrato_wander(&v.onset, c, i, v.seed, t)
    if v.onset.scoop_cents > 0.0:
        cents -= scoop(&v.onset, t)
    c.walk_cents[i] = cents


cdef inline float level_of(bank_t* b, voice_t* v, int i) noexcept nogil:
    """Level at the end of the hop: what was asked for, and the shimmer of this period."""
    cdef float level = b.control.x[P_LEVEL * b.stride + i], shimmer = b.control.x[P_SHIMMER * b.stride + i]
    if shimmer > 0.0:
        level *= exp2_poly(<float>0.16609640474 * shimmer * <float>bell(v.seed + 2, <int64_t>floor(v.cycles)))
    return level


cdef inline float direct_current(bank_t* b, voice_t* v, int i) noexcept nogil:
    """Mean of one period of slot i as it is at the start of the hop: one period as one hop, exact but for harmonic 64."""
    cdef voice_hop_t hop
    cdef row_t y
    cdef float falling, rising
    hop.phase = 0
    hop.increment = <uint32_t>0x4000000  # 2^32 / 64
    hop.increment_step = 0
    hop.stride = b.stride
    hop.start = b.start + i
    hop.end = b.start + i
    hop.gap = 0.0
    hop.harmonics = &v.harmonics if v.harmonics.started else NULL
    b.kernels.colour[v.algorithm](y, &hop, &v.coloured.colour, &v.coloured.colour)
    falling = b.kernels.mean(y, &rising)
    return falling + rising


cdef inline void sing_coloured(bank_t* b, voice_t* v, int i, float* y, const voice_hop_t* hop, const colour_t* colour,
                               bint coloured, bint fresh) noexcept nogil:
    """A hop of a voice that has or just had zing or symmetry, without the direct current of both."""
    cdef coloured_t* c = &v.coloured
    cdef float before, rising
    if fresh:
        c.colour = colour[0]
    if not c.on:
        gate_to(&c.direct, 0.0, DIRECT_TAU_S * b.sample_rate, HOP)
        c.direct.v = 0.0
        c.direct.x = direct_current(b, v, i) if fresh else 0.0
        c.rising = 0.5 * c.direct.x
    b.kernels.colour[v.algorithm](y, hop, &c.colour, colour)
    before = c.direct.x
    if coloured:  # over two hops, under a triangle: harmonics near 1 / hop would otherwise beat with the hops
        c.direct.target = c.rising + b.kernels.mean(y, &rising)
        c.rising = rising
    else:         # a plain voice has none
        c.direct.target = c.rising = 0.0
    gate_step(&c.direct, HOP, c.direct.decay)
    b.kernels.centre(y, before, c.direct.x)
    c.colour = colour[0]


cdef inline void breath(bank_t* b, voice_t* v, int i, float* y, const voice_hop_t* hop) noexcept nogil:
    """Voiced share and unvoiced bands of one voice, in place; nothing where there is nothing to do."""
    cdef band_hop_t[FORMANTS] bands
    cdef float voiced = b.control.x[P_VOICED * b.stride + i] * led(&v.onset, b.control.seconds[i])
    cdef float wind = b.control.x[P_BREATH * b.stride + i]
    if wind <= 0.0 and voiced >= 1.0 and v.voiced >= 1.0:
        v.breathes = False
        return
    b.kernels.bands(v.band, bands, &b.control, i, v.seed, not v.breathes)
    v.breathes = True
    b.kernels.breathe(y, hop, bands, v.voiced, (voiced - v.voiced) / HOP)
    v.voiced = voiced


cdef inline void begin(bank_t* b, voice_t* v, int i) noexcept nogil:
    """The first hop of a note starts where it ends: there is nothing yet to come from."""
    cdef int row
    for row in range(HOP_ROWS):
        b.start[row * b.stride + i] = b.control.end[row * b.stride + i]
    harmonics_next(&v.harmonics)
    v.increment = b.control.increment[i]
    if b.channels > 1:
        v.pan = b.control.x[P_PAN * b.stride + i]
        place_gains(v.place, v.pan, b.channels, b.ring_layout)
    v.fresh = False


cdef inline void edge_gains(bank_t* b, voice_t* v, float level, float* gains) noexcept nogil:
    """Gain of every frame of a hop in which the gate changes: linear between the exact values at each edge."""
    cdef int k, at = 0, upto, n
    cdef double x
    cdef double level0 = v.level, level_step = (level - v.level) / HOP
    for k in range(v.edges + 1):
        upto = v.edge[k].offset if k < v.edges else HOP
        n = upto - at
        if n > 0:
            x = v.gate.x
            gate_step(&v.gate, n, exp(-n * v.gate.per_tau))
            b.kernels.gains(gains + at, RMS * x, RMS * (v.gate.x - x) / n, level0 + level_step * at, level_step, n)
            at = upto
        if k < v.edges:
            gate_to(&v.gate, v.edge[k].target, v.edge[k].tau, HOP)


cdef inline void add_placed(bank_t* b, voice_t* v, int i, float* out, const float* y, float gain, float end_gain) noexcept nogil:
    """A hop of a voice into the channels it stands at or moves to; gain of the voice at both ends of the hop."""
    cdef float[CHANNELS] before
    cdef float pan = b.control.x[P_PAN * b.stride + i]
    cdef int c
    if pan == v.pan:
        for c in range(b.channels):
            if v.place[c] > 0.0:
                b.kernels.mix(out + c * HOP, y, gain * v.place[c], (end_gain - gain) * v.place[c] / HOP)
        return
    for c in range(b.channels):
        before[c] = v.place[c]
    v.pan = pan
    place_gains(v.place, pan, b.channels, b.ring_layout)
    for c in range(b.channels):
        if before[c] > 0.0 or v.place[c] > 0.0:
            b.kernels.mix(out + c * HOP, y, gain * before[c], (end_gain * v.place[c] - gain * before[c]) / HOP)


cdef inline void add_edged(bank_t* b, voice_t* v, int i, float* out, const float* y, float level) noexcept nogil:
    """A hop in which the gate changes."""
    cdef row_t gains
    cdef row_t shaped
    cdef int n = HOP - v.starts, start = v.starts
    edge_gains(b, v, level, gains)
    if b.channels == 1:
        b.kernels.mix_gains(out + start, y, gains + start, n)
        return
    # A note that starts inside the hop has its first frame at y[0].
    memset(shaped, 0, HOP * sizeof(float))
    b.kernels.mix_gains(shaped + start, y, gains + start, n)
    add_placed(b, v, i, out, shaped, <float>1.0, <float>1.0)


cdef inline void add_voice(bank_t* b, voice_t* v, int i, float* out) noexcept nogil:
    """One voice over one hop, added to out; its phase and increment move on."""
    cdef voice_hop_t hop
    cdef row_t y
    cdef double x
    cdef float level = level_of(b, v, i)
    cdef uint32_t next_increment
    cdef uint32_t n = HOP - v.starts
    cdef colour_t colour
    cdef double dim = v.onset.tilt_db * (1.0 - v.gate.x)
    cdef bint fresh = v.fresh, coloured = has_colour(&b.control, i)
    if v.algorithm == NATURAL:
        residue_column(&b.control, b.kernels, b.start, &v.harmonics, i, v.fresh, dim)
    elif dim > 1e-4:
        dim_column(&b.control, i, v.algorithm, dim)
    if coloured:
        colour_column(&b.control, &colour, i, v.algorithm)
        if v.harmonics.count:
            harmonics_scale(&v.harmonics, colour.share)
    elif v.coloured.on:
        memset(&colour, 0, sizeof(colour_t))
    if fresh:
        begin(b, v, i)
    next_increment = b.control.increment[i]
    hop.phase = v.phase
    hop.increment = v.increment
    hop.increment_step = (<int32_t>(next_increment - v.increment) + HOP // 2) >> HOP_BITS    # rounded, halves up
    hop.stride = b.stride
    hop.start = b.start + i
    hop.end = b.control.end + i
    hop.harmonics = NULL
    if v.algorithm == NATURAL:
        if v.harmonics.started and v.harmonics.count:
            hop.harmonics = &v.harmonics
        else:
            hop.gap = period_gap(hop.start, hop.end, b.stride)
    if coloured or v.coloured.on:
        sing_coloured(b, v, i, y, &hop, &colour, coloured, fresh)
    else:
        b.kernels.voice[v.algorithm](y, &hop)
    v.coloured.on = coloured or has_direct(&v.coloured)
    breath(b, v, i, y, &hop)
    if v.edges:
        add_edged(b, v, i, out, y, level)
        if v.state == STOLEN and v.gate.x < SILENT:
            set_free(b, i)
    else:
        x = v.gate.x
        gate_step(&v.gate, HOP, v.gate.decay)
        if v.gate.target == 0.0 and v.gate.x < SILENT:
            v.gate.x = 0.0
            set_free(b, i)
        if b.channels == 1:
            b.kernels.mix(out, y, RMS * x * v.level, RMS * (v.gate.x * level - x * v.level) / HOP)
        else:
            add_placed(b, v, i, out, y, RMS * x * v.level, RMS * v.gate.x * level)
    harmonics_next(&v.harmonics)
    v.level = level
    v.edges = 0
    v.starts = 0
    v.phase = v.phase + n * v.increment + ((n * (n - 1)) >> 1) * <uint32_t>hop.increment_step
    # A difference too small for one unit a frame is taken at once.
    v.increment = next_increment if hop.increment_step == 0 else v.increment + n * <uint32_t>hop.increment_step


cdef inline bint keep_waiting(voice_t* v) noexcept nogil:
    """One hop of a late note: whether its first frame is still to come. A release that was put off falls due here."""
    if v.onset.ends == 0:
        add_edge(v, v.onset.ends_at, 0.0, v.release_tau)
    if v.onset.ends != NEVER:
        v.onset.ends -= 1
    if v.onset.wait == 0:
        return False
    v.onset.wait -= 1
    return True


cdef inline bint in_use(bank_t* b, int first) noexcept nogil:
    """Whether any of the 16 slots from `first` on sounds; notes which algorithms do."""
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
            continue
        if v.lease_hops and v.state == HELD:
            v.lease_left -= 1
            if v.lease_left < 0:
                release(b, v, 0)
                count(&b.counters.expired)
        walk(b, v, i)
    b.kernels.pitch(&b.control)
    b.kernels.control(&b.control)


cdef void voices_hop(bank_t* b, float* out) noexcept nogil:
    """The sum of all voices over one hop, before volume and limiter. out float32[channels][HOP] is overwritten."""
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
    memcpy(b.control.moving, b.control.still_moving, sizeof(b.control.moving))
    memset(b.control.still_moving, 0, sizeof(b.control.moving))
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
    b.clock += HOP
    store_relaxed(&b.counters.active, active)
    count(&b.counters.hops)


cdef void output_hop(bank_t* b, float* fresh) noexcept nogil:
    """Volume and fade on one hop, in place."""
    cdef int c
    cdef double x = b.volume.x * b.fade.x
    b.fade.target = <double>load_relaxed(&b.fade_wanted)
    gate_step(&b.volume, HOP, b.volume.decay)
    gate_step(&b.fade, HOP, b.fade.decay)
    if b.fade.target == 0.0 and b.fade.x < SILENT:
        b.fade.x = 0.0
    for c in range(b.channels):
        b.kernels.scale(fresh + c * HOP, x, (b.volume.x * b.fade.x - x) / HOP)


cdef void next_hop(bank_t* b) noexcept nogil:
    cdef rows_t fresh
    cdef int state
    cdef uint64_t began = now_ns() if b.shed.budget_ns else 0
    voices_hop(b, fresh)
    output_hop(b, fresh)
    state = limiter_hop(&b.limiter, b.kernels, fresh, b.out)
    if state == LIMITED:
        count(&b.counters.limited)
    elif state == INVALID:
        count(&b.counters.invalid)
    if began:
        keep_within_budget(b, now_ns() - began)


cdef void keep_within_budget(bank_t* b, uint64_t spent_ns) noexcept nogil:
    """After a hop that took so long: shed voices when it has been too long for too often."""
    shed_voices(b, shed_hop(&b.shed, spent_ns, b.sounding, b.voices))
    store_relaxed(&b.counters.limit, b.shed.limit)


cdef void bank_budget(bank_t* b, uint64_t hop_ns) noexcept nogil:
    shed_begin(&b.shed, hop_ns, b.voices)
    store_relaxed(&b.counters.limit, b.voices)


cdef void bank_read(bank_t* b, float* out, uint64_t frames) noexcept nogil:
    """The next frames of all channels, interleaved, any number; hops are cut to blocks here: no block size can be heard."""
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
    store_relaxed(&b.counters.frame, b.clock - HOP - <uint64_t>b.out_left)
    ftz_restore(old)


# --- the bank as Python sees it ------------------------------------------------------------------------------------

cdef object _numpy = None


cdef object numpy():
    """NumPy, imported by the first render: two thirds of this package's import, and a node that plays needs none of it."""
    global _numpy
    if _numpy is None:
        import numpy as _numpy
    return _numpy


cdef class Bank:
    """A bank of singing voices.

    voices         how many may sound at once, 1 … 1024; one more steals the quietest
    sample_rate    Hz, 8,000 … 192,000
    isa            instruction set of the kernels (`formant_dsp.isas()`), None = the best this processor has
    seed           of everything random: the same seed and the same notes give the same sound
    ring_capacity  events that may wait, a power of two
    channels       1 … 8 loudspeakers; a voice stands at its `pan`, with the same power wherever that is
    layout         "line": side by side, two of them are stereo; "ring": around the room (placement.py)
    error          ValueError naming the argument and its range

    Notes are named by a key > 0 of your choice. Every call goes through a lock-free ring to whoever renders (`render`
    here, or the audio thread of a sink), so it may be made from any thread while sound is being made; it returns False
    when the ring is full and nothing was done. A `frame` places an event on that frame of the bank's clock; without one
    it happens as soon as possible.

    >>> bank = Bank(voices=8, sample_rate=48000)
    >>> bank.note_on(1, VoiceParams(f0_hz=220.0))
    True
    >>> bank.render(48000).shape
    (48000,)
    """

    def __cinit__(self, voices=32, sample_rate=48000, isa=None, seed=0, ring_capacity=1024, channels=1, layout="line"):
        cdef bank_t* b = &self.bank
        cdef int slots, stride, p
        cdef size_t size
        cdef float* at
        cdef double* wide
        if not 1 <= int(voices) <= 1024:
            raise ValueError(f"voices={voices} must be within 1 … 1024")
        if not 8000 <= int(sample_rate) <= 192000:
            raise ValueError(f"sample_rate={sample_rate} must be within 8000 … 192000 Hz")
        if not 1 <= int(channels) <= CHANNELS:
            raise ValueError(f"channels={channels} must be within 1 … {CHANNELS}")
        if layout not in LAYOUTS:
            raise ValueError(f"layout={layout!r}: choose one of {', '.join(LAYOUTS)}")
        self.voices = int(voices)
        self.channels = int(channels)
        self.layout = layout
        self.sample_rate = int(sample_rate)
        self.seed = int(seed) & 0xFFFFFFFF
        self.ring = Ring(ring_capacity)
        self.streaming = None
        module = dispatch.load(isa)
        self._kernels = module
        self.isa = module.isa
        slots = 2 * self.voices
        # An odd number of cache lines: rows a power of two apart would all fall on the same few sets of the cache.
        stride = (((slots + 15) // 16) | 1) * 16
        b.kernels = <const kernel_table*>PyCapsule_GetPointer(module.capsule, "formant_dsp.kernels")
        b.ring = &self.ring.ring
        b.sample_rate = self.sample_rate
        b.voices = self.voices
        b.channels = self.channels
        b.ring_layout = layout == "ring"
        bank_budget(b, 0)
        b.slots = slots
        b.stride = stride
        b.seed = self.seed
        b.voice = <voice_t*>calloc(slots, sizeof(voice_t))
        # doubles first, so that every row begins on a cache line
        size = <size_t>stride * (DOUBLE_ROWS * sizeof(double) + FLOAT_ROWS * sizeof(float) + sizeof(uint32_t))
        b.slot_of_mask = 1
        while b.slot_of_mask < 2 * slots:
            b.slot_of_mask *= 2
        size += 2 * slots * sizeof(rank_t) + b.slot_of_mask * sizeof(int32_t)
        self.memory_bytes = size + 64
        self.memory = calloc(self.memory_bytes, 1)
        if b.voice == NULL or self.memory == NULL:
            raise MemoryError(f"no memory for {voices} voices")
        wide = <double*>((<uintptr_t>self.memory + 63) & ~<uintptr_t>63)
        b.control.stride = stride
        b.control.log2_f0, b.control.f0_slope, b.control.f0_target = wide, wide + stride, wide + 2 * stride
        b.control.seconds, b.control.vibrato_hz = wide + 3 * stride, wide + 4 * stride
        b.control.walk_cents, b.control.vibrato_delay_s = wide + 5 * stride, wide + 6 * stride
        b.control.vibrato_per_s, b.control.f0_decay = wide + 7 * stride, wide + 8 * stride
        b.control.f0_rate = wide + 9 * stride
        b.key = <int64_t*>(wide + 10 * stride)
        at = <float*>(wide + DOUBLE_ROWS * stride)
        b.control.x, b.control.v, b.control.target = at, at + ROWS * stride, at + 2 * ROWS * stride
        at += 3 * ROWS * stride
        b.start, b.control.end = at, at + HOP_ROWS * stride
        at += 2 * HOP_ROWS * stride
        b.control.linear = at
        at += LINEAR_ROWS * stride
        b.control.f0_khz, b.control.power = at, at + stride
        b.control.foot_khz, b.control.per_f0 = at + 2 * stride, at + 3 * stride
        b.control.skirt_power = at + 4 * stride
        b.control.increment = <uint32_t*>(at + 5 * stride)
        b.rank = <rank_t*>(at + 6 * stride)
        b.slot_of = <int32_t*>(b.rank + 2 * slots)
        b.slot_of_mask -= 1
        for p in range(slots):
            b.free[p // 64] |= <uint64_t>1 << (p & 63)
        for p in range(stride):
            b.control.log2_f0[p] = b.control.f0_target[p] = 8.0   # a slot without a voice computes something finite
        for p in range(ROWS):
            b.control.rate[p] = HOP / (ROW_TAU_S[p] * b.sample_rate)
            b.control.decay[p] = exp(-b.control.rate[p])
            b.control.moving[p] = True
        b.control.hop_s = HOP / b.sample_rate
        b.control.increment_of_hz = 4294967296.0 / b.sample_rate
        b.control.half_rate_khz = self.sample_rate / 2000.0
        b.control.per_half_rate = 2000.0 / self.sample_rate
        b.volume.x = 1.0
        gate_to(&b.volume, 1.0, VOLUME_TAU_S * b.sample_rate, HOP)
        b.fade.x = 1.0
        gate_to(&b.fade, 1.0, FADE_TAU_S * b.sample_rate, HOP)
        store_relaxed(&b.fade_wanted, 1)
        limiter_init(&b.limiter, self.channels, CEILING, b.sample_rate)

    def __dealloc__(self):
        free(self.bank.voice)
        free(self.memory)

    # -- producer side

    cdef bint _push_voice(self, int kind, object key, object params, object frame) except -1:
        cdef event_t e
        cdef int p
        cdef double rate = self.sample_rate
        if not isinstance(params, VoiceParams):
            raise TypeError(f"params must be VoiceParams, not {type(params).__name__}")
        memset(&e, 0, sizeof(event_t))
        e.kind = kind
        e.key = _check_key(key)
        e.frame = 0 if frame is None else frame
        e.log2_f0 = log2(<double>params.f0_hz)
        e.algorithm = ALGORITHMS.index(params.algorithm)
        e.lease_hops = <int32_t>ceil(<double>params.lease_s * rate / HOP)
        e.vibrato_hz = params.vibrato_hz
        e.vibrato_delay_s = params.vibrato_delay_s
        e.vibrato_fade_s = params.vibrato_fade_s
        e.f0_tau = <double>params.portamento_s * rate / 3.357
        e.attack_tau = <double>params.attack_s * rate / 3.357      # 10 to 90 % of a critically damped rise
        e.release_tau = <double>params.release_s * rate / 9.233    # to -60 dB
        e.delay_frames = <int32_t>rint(<double>params.delay_s * rate)
        e.scoop_cents = params.scoop_cents
        e.scoop_s = params.scoop_s
        e.lead_s = params.breath_lead_s
        e.onset_tilt_db = params.onset_tilt_db
        e.vibrato_drift = 0.01 * params.vibrato_drift_percent
        for p, value in enumerate(params.target_row()):
            e.target[p] = value
        return self._push(&e, self.ring.reserve if kind == NOTE_UPDATE else 0)

    cdef bint _push(self, const event_t* e, uint64_t reserve) noexcept:
        cdef bint done = ring_push(&self.ring.ring, e, reserve)
        if not done:
            self.ring.dropped += 1
        return done

    cdef bint _push_bare(self, int kind, int64_t key, object frame, float value) except -1:
        cdef event_t e
        memset(&e, 0, sizeof(event_t))
        e.kind = kind
        e.key = key
        e.frame = 0 if frame is None else frame
        e.value = value
        return self._push(&e, 0)

    def note_on(self, key, params, *, frame=None):
        """Start a note, or take a sounding one of that key to new parameters. False: ring full, nothing done."""
        return bool(self._push_voice(NOTE_ON, key, params, frame))

    def update(self, key, params, *, frame=None):
        """Glide a held note to new parameters and renew its lease; no effect on a key that does not sound."""
        return bool(self._push_voice(NOTE_UPDATE, key, params, frame))

    def note_off(self, key, *, frame=None):
        """Release a note. False: ring full, nothing done."""
        return bool(self._push_bare(NOTE_OFF, _check_key(key), frame, 0.0))

    def all_off(self, *, frame=None):
        """Release all notes. False: ring full, nothing done."""
        return bool(self._push_bare(ALL_OFF, 0, frame, 0.0))

    def set_volume(self, volume, *, frame=None):
        """Master volume, linear gain 0 … 1, smoothed over about 50 ms. False: ring full, nothing done."""
        if not 0.0 <= float(volume) <= 1.0:
            raise ValueError(f"volume={volume} must be within 0 … 1")
        return bool(self._push_bare(VOLUME, 0, frame, float(volume)))

    # -- consumer side, offline

    def render(self, frames, out=None):
        """The next frames of sound: float32[frames] of one channel, float32[frames, channels] of more; |y| < 0.85.

        out     written to when given
        error   ValueError for a negative number or an `out` of another shape or type,
                RuntimeError while a sink plays this bank
        """
        cdef float[::1] view
        cdef uint64_t n = 0
        np = numpy()
        if int(frames) < 0:
            raise ValueError(f"frames={frames} must not be negative")
        if self.streaming is not None:
            raise RuntimeError("this bank is being played by a sink: stop the sink first, or make another bank")
        shape = (int(frames),) if self.channels == 1 else (int(frames), self.channels)
        if out is None:
            out = np.empty(shape, np.float32)
        if not isinstance(out, np.ndarray) or out.dtype != np.float32 or out.shape != shape or not out.flags.c_contiguous:
            raise ValueError(f"out must be a contiguous float32 array of shape {shape}")
        if int(frames) == 0:
            return out
        view = out.reshape(-1)
        n = int(frames)
        with nogil:
            bank_read(&self.bank, &view[0], n)
        return out

    # -- what an operator wants to know

    @property
    def frame(self):
        """Frame of the bank's clock that comes out next: 0 before the first render."""
        return load_relaxed(&self.bank.counters.frame)

    @property
    def latency_frames(self):
        """Frames between an event without stamp and its sound, at least: the look-ahead of the limiter."""
        return HOP

    @property
    def active(self):
        """Voices that sound now, those that fade out included."""
        return load_relaxed(&self.bank.counters.active)

    @property
    def address(self):
        """Of the bank's C structure, for the audio callback."""
        return <uintptr_t>&self.bank

    @property
    def regions(self):
        """Memory that the audio thread works in: a list of (address, bytes)."""
        return [
            (<uintptr_t>&self.bank, sizeof(bank_t)),
            (<uintptr_t>self.bank.voice, self.bank.slots * sizeof(voice_t)),
            (<uintptr_t>self.memory, self.memory_bytes),
            (<uintptr_t>&self.ring.ring, sizeof(ring_t)),
            (<uintptr_t>self.ring.ring.slots, self.ring.ring.capacity * self.ring.ring.slot_bytes),
        ]

    @property
    def voice_bytes(self):
        """Memory a voice, the slot for its fading out included."""
        cdef size_t rows = DOUBLE_ROWS * sizeof(double) + FLOAT_ROWS * sizeof(float) + sizeof(uint32_t)
        return 2 * (sizeof(voice_t) + rows)

    def fade(self, bint audible):
        """Fade all sound in (True) or out (False) within about 0.1 s; a sink does this at its start and end."""
        store_relaxed(&self.bank.fade_wanted, 1 if audible else 0)

    def counters(self):
        """What has happened since the start, as a dict of integers."""
        cdef counters_t* c = &self.bank.counters
        return {
            "hops": load_relaxed(&c.hops), "active": load_relaxed(&c.active), "notes": load_relaxed(&c.notes),
            "stolen": load_relaxed(&c.stolen), "shed": load_relaxed(&c.shed), "voices_limit": load_relaxed(&c.limit),
            "expired": load_relaxed(&c.expired), "late": load_relaxed(&c.late),
            "limited": load_relaxed(&c.limited), "invalid": load_relaxed(&c.invalid),
            "ring_dropped": self.ring.dropped, "ring_waiting": len(self.ring),
        }


cdef int64_t _check_key(key) except 0:
    cdef object number = int(key)
    if not 0 < number < 2**63:
        raise ValueError(f"key={key} must be within 1 … 2**63 - 1")
    return number
