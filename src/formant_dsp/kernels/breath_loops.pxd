# Breath, one hop: five bands of noise, their skirts and a noise floor, all loudest after the glottal pulse.
#
# A turbulent source is nearly flat: a band is as loud as its formant times its frequency. Between the bands a tract
# leaves 17 dB, not the 60 of bare bands. A second, wide noise W on the same carriers gives each band a skirt (values
# every 16 frames, joined by straight lines); two of them take turns. The noise floor, |16 sin(πf/f_s) cos³(πf/f_s)|,
# fills what is above. A band beside a wider gap d has a weaker skirt, 1.18 kHz / d of it: the valley of a tract is the
# deeper the wider it is. Both are functions of (seed, frame) and have no state.
#
# The noise comes in bursts, as the glottis closes: 1 + m(cos(θ - π/5) - 1)/(1 + m) with m = 1/2, at its loudest a tenth
# of a period after the pulse (Hermes 1991; Lu & Smith 1999).
#
# An unvoiced band is low-pass noise times a carrier at a formant's centre. It has no filter; its only state is time.
#
# The noise is the cubic B-spline of noise.pxd with 2.198 knots per second for each Hz of width B (spectrum sinc^4, half
# power at ±B/2). Within a hop it is the Hermite cubic with the same values and slopes at both ends. Widths are clamped
# to 50 … 300 Hz: narrower bands whistle, and the noise of wider ones changes faster than a cubic per hop can follow.

from libc.math cimport sqrtf
from libc.stdint cimport int32_t, uint32_t
from libc.string cimport memcpy, memset

from formant_dsp.kernels.exp2 cimport exp2_double, fmax_, fmin_
from formant_dsp.kernels.table cimport bands_hop_t, bands_t, control_t, in_t, out_t, row_t, voice_hop_t, wind_t, words_t
from formant_dsp.kernels.noise cimport mix32
from formant_dsp.kernels.rows cimport BLOCK, FORMANTS, HOP, LANES, P_A, P_B, P_BREATH, P_F
from formant_dsp.kernels.sine cimport cos_half, cos_phase, sin_half, turns

cdef extern from "native/vec.h" nogil:
    enum: JOINED "FORMANT_JOINED"

cdef extern from * nogil:
    """
    #define FORMANT_SKIRT 0.24f       /* amplitude of the skirts re the bands, both of rms 1 */
    #define FORMANT_SPACING_KHZ 1.18f  /* of the formants of a uniform tube */
    #define FORMANT_SKIRT_RMS 2.1213203f  /* makes straight lines between values of -1 … 1 of rms 1 */
    """
    const float SKIRT "FORMANT_SKIRT"
    const float SKIRT_RMS "FORMANT_SKIRT_RMS"
    const float SPACING_KHZ "FORMANT_SPACING_KHZ"


cdef inline float even(uint32_t seed, uint32_t frame) noexcept nogil:
    """A uniform value in -1 … 1 as a float."""
    return <float>(<int32_t>(mix32(seed, frame) ^ <uint32_t>0x80000000)) * <float>4.656612873077393e-10


cdef inline void draw(out_t n, out_t m, words_t knot, words_t part, in_t per_hop, uint32_t seed) noexcept nogil:
    """The noise of all bands and its slope: the cubic B-spline of noise.pxd at `knot` + `part`."""
    cdef float x0, x1, x2, x3, u, a, b, c
    cdef int j
    for j in range(LANES):
        u = <float>(<int32_t>(part[j] >> 1)) * <float>4.656612873077393e-10
        x0 = even(seed + <uint32_t>j, knot[j] - 1)
        x1 = even(seed + <uint32_t>j, knot[j])
        x2 = even(seed + <uint32_t>j, knot[j] + 1)
        x3 = even(seed + <uint32_t>j, knot[j] + 2)
        a = <float>1.25130435 * (x2 - x0)
        b = <float>1.25130435 * (x0 - <float>2.0 * x1 + x2)
        c = <float>0.41710145 * (x3 - x0 + <float>3.0 * (x1 - x2))
        n[j] = <float>0.41710145 * (x0 + <float>4.0 * x1 + x2) + u * (a + u * (b + u * c))
        m[j] = per_hop[j] * (a + u * (<float>2.0 * b + u * (<float>3.0 * c)))


cdef inline void pass_time(words_t knot, words_t part, words_t knots, words_t parts) noexcept nogil:
    """Move the time of the noise on by one hop."""
    cdef uint32_t sum
    cdef int j
    for j in range(LANES):
        sum = part[j] + parts[j]
        knot[j] = knot[j] + knots[j] + <uint32_t>(sum < parts[j])
        part[j] = sum


cdef inline void fit(out_t c0, out_t c1, out_t c2, out_t c3, in_t n0, in_t m0, in_t n1, in_t m1) noexcept nogil:
    """The cubics over the hop with these values and slopes at its ends."""
    cdef int j
    for j in range(LANES):
        c0[j] = n0[j]
        c1[j] = m0[j]
        c2[j] = <float>3.0 * (n1[j] - n0[j]) - <float>2.0 * m0[j] - m1[j]
        c3[j] = <float>2.0 * (n0[j] - n1[j]) + m0[j] + m1[j]


cdef inline void turn_on(words_t phase, words_t increment, words_t step) noexcept nogil:
    """Move the carriers on by one hop."""
    cdef int j
    for j in range(LANES):
        phase[j] = phase[j] + <uint32_t>HOP * increment[j] + <uint32_t>(HOP * (HOP - 1) // 2) * step[j]
        increment[j] = increment[j] + <uint32_t>HOP * step[j]


cdef inline void aim_bands(bands_t* s, bands_hop_t* bands, const control_t* c, int i, uint32_t seed, bint fresh) noexcept nogil:
    """Write gains and frequencies of a hop in which they may move. A fresh voice has its end values at the start."""
    cdef float[FORMANTS] amplitude
    cdef float[FORMANTS] share
    cdef float power = <float>1e-12, khz, width, gain, density = 0.0, floor, wide
    cdef double knots, f_hz
    cdef uint32_t increment
    cdef bint moves = fresh
    cdef int j
    for j in range(FORMANTS):
        khz = c.linear[(P_F + j) * c.stride + i]
        gain = c.linear[(P_A + j) * c.stride + i] * khz if khz < <float>0.9 * c.half_rate_khz else <float>0.0
        amplitude[j] = gain
        # a valley wider than that of a uniform tube is deeper
        wide = c.linear[(P_F + j + 1) * c.stride + i] - khz if j + 1 < FORMANTS else <float>0.0
        if j > 0:
            wide = fmax_(wide, khz - c.linear[(P_F + j - 1) * c.stride + i])
        wide = SPACING_KHZ / fmax_(wide, SPACING_KHZ)
        share[j] = wide
        power += (<float>0.5 + <float>(0.5 * SKIRT * SKIRT) * share[j] * share[j]) * gain * gain
        width = fmin_(fmax_(<float>100.0 * c.linear[(P_B + j) * c.stride + i], <float>50.0), <float>300.0)
        density = fmax_(density, <float>0.5 * gain * gain / width)
    # the floor is 28 dB below the strongest band at 8 kHz; its rms is sqrt(10/3)
    floor = <float>0.0398 * sqrtf(density) * c.floor_of_density
    gain = c.x[P_BREATH * c.stride + i] / sqrtf(power + <float>3.3333333 * floor * floor)
    s.floor = floor * gain
    if fresh:
        s.floor0 = s.floor
    for j in range(FORMANTS):
        f_hz = 1e3 * exp2_double(c.x[(P_F + j) * c.stride + i])
        width = fmin_(fmax_(<float>100.0 * c.linear[(P_B + j) * c.stride + i], <float>50.0), <float>300.0)
        knots = 2.198 * width * c.hop_s
        if f_hz > 1e3 * c.half_rate_khz:
            f_hz = 1e3 * c.half_rate_khz
        increment = <uint32_t>(f_hz * c.increment_of_hz)
        if fresh:
            f_hz = mix32(seed, 100 + j) * 1e-6
            s.knot[j] = <uint32_t>f_hz
            s.part[j] = <uint32_t>((f_hz - <double>s.knot[j]) * 4294967296.0)
            s.phase[j] = mix32(seed, 200 + j)
            s.increment[j] = increment
            s.gain[j] = amplitude[j] * gain
            s.skirt[j] = share[j] * s.gain[j]
        s.knots[j] = <uint32_t>knots
        s.parts[j] = <uint32_t>((knots - <double>s.knots[j]) * 4294967296.0)
        s.per_hop[j] = <float>knots
        bands.increment_step[j] = <uint32_t>(<int32_t>(increment - s.increment[j]) / HOP)
        bands.gain[j] = s.gain[j]
        bands.gain_step[j] = (amplitude[j] * gain - s.gain[j]) / HOP
        s.gain[j] = amplitude[j] * gain
        bands.skirt[j] = s.skirt[j]
        bands.skirt_step[j] = (share[j] * s.gain[j] - s.skirt[j]) / HOP
        s.skirt[j] = share[j] * s.gain[j]
        moves = moves or bands.increment_step[j] != 0 or bands.gain_step[j] != <float>0.0 or bands.skirt_step[j] != <float>0.0
    for j in range(FORMANTS, LANES):
        bands.gain[j] = bands.skirt[j] = <float>0.0
    bands.steady = not moves
    if fresh:
        draw(s.n, s.m, s.knot, s.part, s.per_hop, seed)


cdef inline void turns_of(out_t cosine, out_t sine, uint32_t increment) noexcept nogil:
    """How far a carrier turns in 0 … 15 frames."""
    cdef float t, half
    cdef int i
    for i in range(BLOCK):
        t = turns(<uint32_t>i * increment)
        half = sin_half(t, t * t)
        cosine[i] = <float>1.0 - <float>2.0 * half * half
        sine[i] = <float>2.0 * half * cos_half(t * t)


cdef inline void fill_turns(bands_t* s) noexcept nogil:
    """Of carriers that have come to rest."""
    turns_of(s.turn_cos, s.turn_sin, s.increment[0])
    turns_of(s.turn_cos + BLOCK, s.turn_sin + BLOCK, s.increment[1])
    turns_of(s.turn_cos + 2 * BLOCK, s.turn_sin + 2 * BLOCK, s.increment[2])
    turns_of(s.turn_cos + 3 * BLOCK, s.turn_sin + 3 * BLOCK, s.increment[3])
    turns_of(s.turn_cos + 4 * BLOCK, s.turn_sin + 4 * BLOCK, s.increment[4])
    s.turned = True


cdef inline void bands_hop(bands_t* s, bands_hop_t* bands, const control_t* c, int i, uint32_t seed, bint fresh) noexcept nogil:
    """Write the bands of slot i over one hop and advance their state. A fresh voice has its end values at the start."""
    cdef float[LANES] n
    cdef float[LANES] m
    s.floor0 = s.floor
    bands.steady = not (fresh or c.vowels_move)
    memset(bands.increment_step, 0, sizeof(bands.increment_step))
    if not bands.steady:
        aim_bands(s, bands, c, i, seed, fresh)
    else:
        memcpy(bands.gain, s.gain, sizeof(s.gain))
        memset(bands.gain_step, 0, sizeof(bands.gain_step))
        memcpy(bands.skirt, s.skirt, sizeof(s.skirt))
        memset(bands.skirt_step, 0, sizeof(bands.skirt_step))
    if not bands.steady:
        s.turned = False
    elif not s.turned:
        fill_turns(s)
    bands.turn_cos, bands.turn_sin = s.turn_cos, s.turn_sin
    memcpy(bands.phase, s.phase, sizeof(s.phase))
    memcpy(bands.increment, s.increment, sizeof(s.increment))
    pass_time(s.knot, s.part, s.knots, s.parts)
    draw(n, m, s.knot, s.part, s.per_hop, seed)
    fit(bands.c0, bands.c1, bands.c2, bands.c3, s.n, s.m, n, m)
    memcpy(s.n, n, sizeof(n))
    memcpy(s.m, m, sizeof(m))
    turn_on(s.phase, s.increment, bands.increment_step)


# One band over one hop: the noise is a cubic of the elapsed share of the hop. Passed by value, to stay in registers.
ctypedef struct cubic_t:
    uint32_t phase, inc, step
    float c0, c1, c2, c3, gain, gain_step, skirt, skirt_step


cdef inline cubic_t cubic(const bands_hop_t* b, int j) noexcept nogil:
    cdef cubic_t f
    f.phase, f.inc, f.step = b.phase[j], b.increment[j], b.increment_step[j]
    f.c0, f.c1, f.c2, f.c3 = b.c0[j], b.c1[j], b.c2[j], b.c3[j]
    f.gain, f.gain_step = b.gain[j], b.gain_step[j]
    f.skirt, f.skirt_step = b.skirt[j], b.skirt_step[j]
    return f


cdef inline float band(cubic_t f, uint32_t i, float x, float w) noexcept nogil:
    """(gain · noise + skirt · w) · cos(carrier) at frame i; x is i as a float."""
    cdef float u = x * <float>(1.0 / HOP)
    return ((f.gain + x * f.gain_step) * (f.c0 + u * (f.c1 + u * (f.c2 + u * f.c3))) + (f.skirt + x * f.skirt_step) * w) * cos_phase(
        f.phase + i * f.inc + ((i * (i - 1)) >> 1) * f.step)


cdef inline void add_band(out_t y, in_t w, cubic_t f) noexcept nogil:
    cdef int i
    for i in range(HOP):
        y[i] += band(f, <uint32_t>i, <float>i, w[i])


cdef inline void set_bands_5(out_t y, in_t w, in_t z, cubic_t f, cubic_t g, cubic_t h, cubic_t k, cubic_t l) noexcept nogil:
    cdef uint32_t n
    cdef float x
    cdef int i
    for i in range(HOP):
        n = <uint32_t>i
        x = <float>i
        y[i] = band(f, n, x, w[i]) + band(g, n, x, z[i]) + band(h, n, x, w[i]) + (
            band(k, n, x, z[i]) + band(l, n, x, w[i]))


# A block of 16 frames of bands that are steady: in each the noise, skirt included, is a cubic of the frame, and the
# carrier has turned since the first frame by an angle that is the same in every block (`turns_of`). So a frame takes
# two products instead of a cosine.
ctypedef struct block_t:
    float c0[LANES]
    float c1[LANES]
    float c2[LANES]
    float c3[LANES]
    float cosine[LANES]   # of the carrier at the first frame
    float sine[LANES]


cdef inline void fill_cubics(out_t d0, out_t d1, out_t d2, out_t d3, in_t c0, in_t c1, in_t c2, in_t c3, in_t gain, in_t skirt,
                             float begun, float w, float w_step, float z, float z_step) noexcept nogil:
    """The cubics of the frame since the share `begun` of the hop; even bands have the skirt w, odd ones z."""
    cdef float here, a, b, c
    cdef int j
    for j in range(LANES):
        here = <float>(1 - (j & 1))
        a = c0[j] + begun * (c1[j] + begun * (c2[j] + begun * c3[j]))
        b = c1[j] + begun * (<float>2.0 * c2[j] + <float>3.0 * begun * c3[j])
        c = c2[j] + <float>3.0 * begun * c3[j]
        d0[j] = gain[j] * a + skirt[j] * (z + here * (w - z))
        d1[j] = gain[j] * b * <float>(1.0 / HOP) + skirt[j] * (z_step + here * (w_step - z_step))
        d2[j] = gain[j] * c * <float>(1.0 / HOP / HOP)
        d3[j] = gain[j] * c3[j] * <float>(1.0 / HOP / HOP / HOP)


cdef inline void fill_carriers(out_t cosine, out_t sine, words_t phase, words_t increment, uint32_t frames) noexcept nogil:
    """Of all bands, so many frames after the start of the hop."""
    cdef float t, half
    cdef int j
    for j in range(LANES):
        t = turns(phase[j] + frames * increment[j])
        half = sin_half(t, t * t)
        cosine[j] = <float>1.0 - <float>2.0 * half * half
        sine[j] = <float>2.0 * half * cos_half(t * t)


cdef inline void set_block(out_t y, in_t cosine, in_t sine, in_t a, in_t b, in_t c, in_t d, in_t g, in_t h) noexcept nogil:
    """Five bands over 16 frames: cubics, carriers at the first frame; cosine and sine, float32[5][16]: their turns."""
    cdef float x, p, q, r, s, t
    cdef int i
    for i in range(BLOCK):
        x = <float>i
        p = (a[0] + x * (b[0] + x * (c[0] + x * d[0]))) * (g[0] * cosine[i] - h[0] * sine[i])
        q = (a[1] + x * (b[1] + x * (c[1] + x * d[1]))) * (g[1] * cosine[i + 16] - h[1] * sine[i + 16])
        r = (a[2] + x * (b[2] + x * (c[2] + x * d[2]))) * (g[2] * cosine[i + 32] - h[2] * sine[i + 32])
        s = (a[3] + x * (b[3] + x * (c[3] + x * d[3]))) * (g[3] * cosine[i + 48] - h[3] * sine[i + 48])
        t = (a[4] + x * (b[4] + x * (c[4] + x * d[4]))) * (g[4] * cosine[i + 64] - h[4] * sine[i + 64])
        y[i] = p + q + r + (s + t)


cdef inline void steady_block(float* y, bands_hop_t* b, const float* k, int number) noexcept nogil:
    """Bands that are steady over a block of the hop. k: values of both skirt noises, eight each."""
    cdef block_t f
    k += number
    fill_cubics(f.c0, f.c1, f.c2, f.c3, b.c0, b.c1, b.c2, b.c3, b.gain, b.skirt, <float>number * <float>(1.0 * BLOCK / HOP),
                k[0], (k[1] - k[0]) * <float>(1.0 / BLOCK), k[LANES], (k[LANES + 1] - k[LANES]) * <float>(1.0 / BLOCK))
    fill_carriers(f.cosine, f.sine, b.phase, b.increment, <uint32_t>(number * BLOCK))
    set_block(y + number * BLOCK, b.turn_cos, b.turn_sin, f.c0, f.c1, f.c2, f.c3, f.cosine, f.sine)


cdef inline float pulse(float c1, float s, float voiced) noexcept nogil:
    """Gain of the noise: 1 a tenth of a period after the pulse, 1 - 2/3 voiced half a period later."""
    return <float>1.0 + voiced * (<float>0.26967233 * c1 + <float>0.19592842 * s - <float>0.06366100)


cdef inline void fill_knots(out_t k, uint32_t seed, uint32_t i) noexcept nogil:
    """Values of both skirt noises from number i on, eight each."""
    cdef int j
    for j in range(2 * LANES):
        k[j] = SKIRT * SKIRT_RMS * even(seed + <uint32_t>(j >> 3), i + <uint32_t>(j & 7))


ctypedef struct bends_t:
    float start, slope, at_16, at_32, at_48


cdef inline bends_t bends(const float* k) noexcept nogil:
    """Straight lines through five values, 16 frames apart: their first slope, and its changes."""
    cdef bends_t b
    b.start, b.slope = k[0], (k[1] - k[0]) * <float>(1.0 / 16.0)
    b.at_16 = (k[2] - <float>2.0 * k[1] + k[0]) * <float>(1.0 / 16.0)
    b.at_32 = (k[3] - <float>2.0 * k[2] + k[1]) * <float>(1.0 / 16.0)
    b.at_48 = (k[4] - <float>2.0 * k[3] + k[2]) * <float>(1.0 / 16.0)
    return b


cdef inline void fill_lines(out_t w, out_t z, bends_t a, bends_t b) noexcept nogil:
    cdef float x, p, q, r
    cdef int i
    for i in range(HOP):
        x = <float>i
        p = fmax_(x - <float>16.0, <float>0.0)
        q = fmax_(x - <float>32.0, <float>0.0)
        r = fmax_(x - <float>48.0, <float>0.0)
        w[i] = (a.start + x * a.slope) + (p * a.at_16 + (q * a.at_32 + r * a.at_48))
        z[i] = (b.start + x * b.slope) + (p * b.at_16 + (q * b.at_32 + r * b.at_48))


cdef inline void fill_white(out_t u, uint32_t seed, uint32_t frame) noexcept nogil:
    cdef int i
    for i in range(HOP):
        u[i] = even(seed, frame + <uint32_t>i)


cdef inline void fill_taps(float* u, uint32_t seed, uint32_t frame) noexcept nogil:
    """White noise of this hop from u[4] on, and before it that of the four frames before."""
    fill_white(u + 4, seed, frame)
    u[0] = even(seed, frame - 4)
    u[1] = even(seed, frame - 3)
    u[2] = even(seed, frame - 2)
    u[3] = even(seed, frame - 1)


cdef inline float floor_at(in_t u, in_t before, in_t fourth, in_t last, int i) noexcept nogil:
    return (u[i] - last[i]) + <float>2.0 * (before[i] - fourth[i])


cdef inline void add_floor(out_t y, in_t c1, in_t s, in_t u, in_t before, in_t fourth, in_t last, float voiced, float voiced_step,
                           float gain, float step) noexcept nogil:
    cdef float x
    cdef int i
    for i in range(HOP):
        x = <float>i
        y[i] += pulse(c1[i], s[i], voiced + x * voiced_step) * (gain + x * step) * floor_at(u, before, fourth, last, i)


cdef inline void add_breath(out_t y, in_t c1, in_t s, in_t bands, in_t u, in_t before, in_t fourth, in_t last, float voiced,
                            float voiced_step, float gain, float step) noexcept nogil:
    """Scale the voiced part; add bands and floor in bursts."""
    cdef float x, share
    cdef int i
    for i in range(HOP):
        x = <float>i
        share = voiced + x * voiced_step
        y[i] = y[i] * share + pulse(c1[i], s[i], share) * (
            bands[i] + (gain + x * step) * floor_at(u, before, fourth, last, i))


cdef inline void floor_hop(out_t y, const voice_hop_t* hop, const wind_t* wind) noexcept nogil:
    """Add the white floor alone to a voice, y float32[HOP]. Its taps are 1, 2, 0, -2, -1."""
    cdef float[HOP + 4] u
    fill_taps(u, wind.seed + 13, wind.frame)
    add_floor(y, hop.shared.c1, hop.shared.s, u + 4, u + 3, u + 1, u, wind.voiced, wind.voiced_step, wind.floor,
              wind.floor_step)


cdef inline void breathe(out_t y, const voice_hop_t* hop, bands_hop_t* bands, const wind_t* wind) noexcept nogil:
    """Scale the voiced sound in y, float32[HOP]; add five unvoiced bands with their skirts, and the floor."""
    cdef float[HOP + 4] u
    cdef row_t sum
    cdef row_t w
    cdef row_t z
    cdef float[2 * LANES] k
    fill_taps(u, wind.seed + 13, wind.frame)
    fill_knots(k, wind.seed + 11, wind.frame // BLOCK)
    if bands.steady:
        steady_block(sum, bands, k, 0)
        steady_block(sum, bands, k, 1)
        steady_block(sum, bands, k, 2)
        steady_block(sum, bands, k, 3)
    else:
        fill_lines(w, z, bends(k), bends(k + LANES))
        if JOINED:
            set_bands_5(sum, w, z, cubic(bands, 0), cubic(bands, 1), cubic(bands, 2), cubic(bands, 3), cubic(bands, 4))
        else:
            memset(sum, 0, HOP * sizeof(float))
            add_band(sum, w, cubic(bands, 0))
            add_band(sum, z, cubic(bands, 1))
            add_band(sum, w, cubic(bands, 2))
            add_band(sum, z, cubic(bands, 3))
            add_band(sum, w, cubic(bands, 4))
    add_breath(y, hop.shared.c1, hop.shared.s, sum, u + 4, u + 3, u + 1, u, wind.voiced, wind.voiced_step, wind.floor,
               wind.floor_step)
