# The parts of a hop that are not in every voice: zing and symmetry without their direct current, and breath.

from libc.stdint cimport uint32_t

from formant_dsp.bank.memory.state cimport DIRECT_TAU_S, bank_t, voice_t
from formant_dsp.bank.voice.colour cimport coloured_t
from formant_dsp.bank.hop.crossing cimport sing_crossing_coloured
from formant_dsp.bank.voice.gate cimport gate_step, gate_to
from formant_dsp.bank.voice.onset cimport after_breath
from formant_dsp.kernels.exp2 cimport fmin_
from formant_dsp.kernels.noise cimport kept_noise
from formant_dsp.kernels.rows cimport HOP, P_BREATH, P_GROWL, P_VOICED, R_AIR, R_AIR_NOISE
from formant_dsp.kernels.table cimport bands_hop_t, colour_t, row_t, voice_hop_t, wind_t


cdef inline float direct_current(bank_t* b, voice_t* v, int i) noexcept nogil:
    """Mean of one period of slot i at the start of the hop. It renders the period as one hop of 64 frames, so harmonics
    64, 128 … alias into the mean."""
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
    hop.harmonics = &v.rest.harmonics if v.rest.harmonics.started else NULL
    b.kernels.colour[v.algorithm](y, &hop, &v.coloured.colour, &v.coloured.colour)
    falling = b.kernels.mean(y, &rising)
    return falling + rising


cdef inline void sing_coloured(bank_t* b, voice_t* v, int i, float* y, const voice_hop_t* hop, const colour_t* colour,
                               bint coloured, bint fresh, bint crossing) noexcept nogil:
    """Write a hop of a voice that has zing or symmetry, or had it in the last hop, without their direct current.

    crossing   a residue voice jumps in this hop (crossing.pxd)
    """
    cdef coloured_t* c = &v.coloured
    cdef float before, rising
    if fresh:
        c.colour = colour[0]
    if not c.on:
        gate_to(&c.direct, &b.kept, 0.0, DIRECT_TAU_S * b.sample_rate, HOP)
        c.direct.v = 0.0
        c.direct.x = direct_current(b, v, i) if fresh else 0.0
        c.rising = 0.5 * c.direct.x
        c.mean = c.direct.x
    if crossing:
        sing_crossing_coloured(b, v, y, hop, colour)
    else:
        b.kernels.colour[v.algorithm](y, hop, &c.colour, colour)
    before = c.direct.x
    if coloured:  # mean over two hops under a triangular window: otherwise harmonics near 1 / hop beat with the hops
        c.mean += (c.rising + b.kernels.mean(y, &rising) - c.mean) * (1.0 - c.direct.decay)
        c.rising = rising
    else:         # a plain voice has no direct current
        c.mean = c.rising = 0.0
    c.direct.target = c.mean   # with the pole before it, the follower lets nothing of f0 through: -130 dB
    gate_step(&c.direct, HOP, c.direct.decay)
    b.kernels.centre(y, before, c.direct.x)
    c.colour = colour[0]


cdef inline void breath(bank_t* b, voice_t* v, int i, float* y, const voice_hop_t* hop, bint shared) noexcept nogil:
    """Add the high band of one voice, apply the voiced share, and add its noise, in place. Returns at once for a voice
    without any of them.

    shared   the voice has filled `hop.shared`
    """
    cdef bands_hop_t bands
    cdef wind_t wind
    cdef float voiced = b.control.x[P_VOICED * b.stride + i] * after_breath(&v.onset, b.control.seconds[i])
    cdef bint silent = b.control.x[P_BREATH * b.stride + i] <= 0.0 and voiced >= 1.0 and v.voiced >= 1.0
    cdef float air0 = hop.start[R_AIR * b.stride], air1 = hop.end[R_AIR * b.stride]
    cdef float noise0 = hop.start[R_AIR_NOISE * b.stride], noise1 = hop.end[R_AIR_NOISE * b.stride]
    cdef bint airy = air0 > 0.0 or air1 > 0.0, hisses = noise0 > 0.0 or noise1 > 0.0
    if silent:
        v.breathes = False
        if not airy:
            return
    if not shared:
        b.kernels.share(hop)
    if airy:
        b.kernels.air(y, hop)
    if silent and not hisses:
        return
    wind.seed = v.seed
    wind.frame = v.hops * HOP
    wind.voiced = v.voiced
    wind.voiced_step = (voiced - v.voiced) / HOP
    wind.floor = noise0 * v.voiced
    wind.floor_step = (noise1 * voiced - noise0 * v.voiced) / HOP
    if silent:
        b.kernels.floor(y, hop, &wind)
        return
    b.kernels.bands(&v.rest.bands, &bands, &b.control, i, v.seed, not v.breathes)
    v.breathes = True
    wind.floor += v.rest.bands.floor0
    wind.floor_step += (v.rest.bands.floor - v.rest.bands.floor0) / HOP
    b.kernels.breathe(y, hop, &bands, &wind)
    v.voiced = voiced


cdef inline void growl_hop(bank_t* b, voice_t* v, int i, float* y, const voice_hop_t* hop) noexcept nogil:
    """Make every second period of one voice weaker, in place. The share wanders by 30 %, 5 knots a second."""
    cdef float wanted = b.control.x[P_GROWL * b.stride + i], begun = v.growl
    cdef uint32_t half
    if wanted <= 0.0 and begun <= 0.0:
        return
    wanted *= <float>(1.0 + 0.3 * kept_noise(&v.rest.slow.growl, v.seed + 5, 5.0 * b.control.seconds[i]))
    v.growl = fmin_(wanted, <float>0.95)
    half = <uint32_t>(v.phase >> 1)
    b.kernels.growl(y, half, hop.increment >> 1, <uint32_t>(hop.increment_step >> 1), begun, (v.growl - begun) / HOP)
