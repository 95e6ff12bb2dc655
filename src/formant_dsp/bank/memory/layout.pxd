# The layout of a bank in its block of memory, and its initial values.

from libc.math cimport M_PI, cos, exp, sin, sqrt
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t

from formant_dsp.bank.memory.arena cimport arena_t, take, take_doubles, take_floats
from formant_dsp.bank.queue.event cimport bank_setup_t, event_t
from formant_dsp.bank.voice.kept cimport kept_init
from formant_dsp.bank.bounds.limiter cimport limiter_init
from formant_dsp.bank.queue.ring cimport ring_t
from formant_dsp.bank.queue.shared cimport store_relaxed
from formant_dsp.bank.memory.state cimport (CEILING, FADE_TAU_S, MAX_VOICES, VOLUME_TAU_S, bank_t, rank_t, rest_t, voice_t)
from formant_dsp.bank.voice.gate cimport gate_to
from formant_dsp.kernels.rows cimport CHANNELS, FORMANTS, HOP, HOP_ROWS, LINEAR_ROWS, ROWS
from formant_dsp.kernels.table cimport control_t, kernel_table


cdef inline bint can_be(const bank_setup_t* setup) noexcept nogil:
    """Whether all numbers of a setup are in range."""
    cdef uint64_t events = setup.ring_capacity
    return (1 <= setup.voices <= MAX_VOICES and 1 <= setup.channels <= CHANNELS and 8000.0 <= setup.sample_rate <= 192000.0
            and 2 <= events <= 65536 and events & (events - 1) == 0 and setup.ring_reserve < events)


cdef inline void place(bank_t* b, arena_t* arena, const bank_setup_t* setup) noexcept nogil:
    """Set sizes and pointers. The bank comes first. The memory itself is not touched, so this also counts the bytes."""
    cdef control_t* c = &b.control
    cdef size_t stride
    take(arena, 1, sizeof(bank_t))
    b.slots = 2 * setup.voices
    # An odd number of cache lines: rows a power of two apart would all map to the same few sets of the cache.
    b.stride = (((b.slots + 15) // 16) | 1) * 16
    stride = b.stride
    b.slot_of_mask = 1
    while b.slot_of_mask < 2 * b.slots:
        b.slot_of_mask *= 2
    b.ring = <ring_t*>take(arena, 1, sizeof(ring_t))
    b.events = <event_t*>take(arena, setup.ring_capacity, sizeof(event_t))
    b.voice = <voice_t*>take(arena, b.slots, sizeof(voice_t))
    b.rest = <rest_t*>take(arena, b.slots, sizeof(rest_t))
    c.log2_f0 = take_doubles(arena, stride)
    c.f0_slope = take_doubles(arena, stride)
    c.f0_target = take_doubles(arena, stride)
    c.seconds = take_doubles(arena, stride)
    c.vibrato_hz = take_doubles(arena, stride)
    c.walk_cents = take_doubles(arena, stride)
    c.flutter_s = take_doubles(arena, stride)
    c.vibrato_delay_s = take_doubles(arena, stride)
    c.vibrato_per_s = take_doubles(arena, stride)
    c.vibrato_turns = take_doubles(arena, stride)
    c.vibrato_extent = take_doubles(arena, stride)
    c.vibrato_knot = take_doubles(arena, stride)
    c.vibrato_noise = take_doubles(arena, 8 * stride)
    c.f0_xx = take_doubles(arena, stride)
    c.f0_xv = take_doubles(arena, stride)
    c.f0_vx = take_doubles(arena, stride)
    c.f0_vv = take_doubles(arena, stride)
    b.key = <int64_t*>take(arena, stride, sizeof(int64_t))
    c.x = take_floats(arena, ROWS * stride)
    c.v = take_floats(arena, ROWS * stride)
    c.target = take_floats(arena, ROWS * stride)
    b.start = take_floats(arena, HOP_ROWS * stride)
    c.end = take_floats(arena, HOP_ROWS * stride)
    c.linear = take_floats(arena, LINEAR_ROWS * stride)
    c.f0_khz = take_floats(arena, stride)
    c.mean_khz = take_floats(arena, stride)
    c.still = take_floats(arena, FORMANTS * stride)
    c.power = take_floats(arena, stride)
    c.foot_khz = take_floats(arena, stride)
    c.per_f0 = take_floats(arena, stride)
    c.skirt_power = take_floats(arena, stride)
    c.increment = <uint32_t*>take(arena, stride, sizeof(uint32_t))
    c.extras = <uint32_t*>take(arena, stride, sizeof(uint32_t))
    b.rank = <rank_t*>take(arena, 2 * b.slots, sizeof(rank_t))
    b.slot_of = <int32_t*>take(arena, b.slot_of_mask, sizeof(int32_t))
    b.slot_of_mask -= 1


cdef inline void fill(bank_t* b, const bank_setup_t* setup, const kernel_table* kernels) noexcept nogil:
    """Write the values of a silent bank into memory that is zero and has been placed."""
    cdef control_t* c = &b.control
    cdef double turn
    cdef int i
    b.kernels = kernels
    b.sample_rate = setup.sample_rate
    b.voices = setup.voices
    b.channels = setup.channels
    b.ring_layout = setup.ring_layout
    b.seed = setup.seed
    b.reserve = setup.ring_reserve
    b.ring.slots = <char*>b.events
    b.ring.slot_bytes = sizeof(event_t)
    b.ring.capacity = setup.ring_capacity
    for i in range(b.slots):
        b.voice[i].rest = &b.rest[i]
        b.free[i // 64] |= <uint64_t>1 << (i & 63)
    for i in range(b.stride):
        c.log2_f0[i] = c.f0_target[i] = 8.0   # a slot without a voice computes something finite
    for i in range(ROWS):
        c.rate[i] = HOP / (setup.row_tau_s[i] * b.sample_rate)
        c.decay[i] = exp(-c.rate[i])
        c.moving[i] = True
    c.stride = b.stride
    c.hop_s = HOP / b.sample_rate
    c.increment_of_hz = 4294967296.0 / b.sample_rate
    c.half_rate_khz = b.sample_rate / 2000.0
    c.per_half_rate = 2000.0 / b.sample_rate
    # the floor's power per Hz at 8 kHz is 512/3 · sin²(πf/f_s) cos⁶(πf/f_s) / f_s for a gain of 1
    turn = M_PI * (8000.0 / b.sample_rate if b.sample_rate > 24000.0 else 1.0 / 3.0)
    c.floor_of_density = sqrt(b.sample_rate * 3.0 / 512.0) / (sin(turn) * cos(turn) ** 3)
    kept_init(&b.kept)
    b.volume.x = 1.0
    gate_to(&b.volume, &b.kept, 1.0, VOLUME_TAU_S * b.sample_rate, HOP)
    b.fade.x = 1.0
    gate_to(&b.fade, &b.kept, 1.0, FADE_TAU_S * b.sample_rate, HOP)
    store_relaxed(&b.shared.fade_wanted, 1)
    limiter_init(&b.limiter, b.channels, CEILING, b.sample_rate)
