# Signatures of the sample and control loops, and their data. The `…_loops.pxd` implement them. `_kernels.pyx` is
# compiled once per instruction set; a `kernel_table` holds the functions of one build. bank/ holds the state of notes.

from libc.stdint cimport int32_t, uint32_t
from formant_dsp.kernels.rows cimport ALGORITHMS, BLOCK, CHANNELS, FORMANTS, HARMONICS, HOP, LANES, ROWS

cdef extern from "native/vec.h" nogil:
    ctypedef float* out_t "formant_out_t"
    ctypedef const float* in_t "formant_in_t"
    ctypedef const uint32_t* phase_t "formant_phase_t"
    ctypedef double* dout_t "formant_dout_t"
    ctypedef const double* din_t "formant_din_t"
    ctypedef uint32_t* words_t "formant_words_t"
    ctypedef float row_t "formant_row_t" [HOP]
    ctypedef float rows_t "formant_rows_t" [CHANNELS * HOP]
    ctypedef uint32_t phase_row_t "formant_phase_row_t" [HOP]
    const char* ISA_NAME "FORMANT_ISA_NAME"

# Harmonics 1 … HARMONICS of a residue voice at high pitch, at the start (…0) and the end of a hop; see harmonics.pxd.
ctypedef struct harmonics_t:
    int started, count    # how many are audible at the start and at the end; 0: the pitch is too low
    float re0[HARMONICS]
    float im0[HARMONICS]
    float re[HARMONICS]
    float im[HARMONICS]

# A vocal tract at one pitch, for its harmonics: w = 2π f0, all in kHz.
ctypedef struct tract_t:
    double w
    double square[FORMANTS]   # 1/|p|²
    double damping[FORMANTS]  # 2πB/|p|²
    double slope, tilt, neutral  # 1/2πf of the real poles and the zero
    double per_half_rate  # f0 as a share of half the sample rate

# The pole pairs of a residue voice whatever its pitch, in lanes. The last lanes have a size of 0.
ctypedef struct poles_t:
    double f[LANES]       # kHz
    double decay[LANES]   # log2 of the decay in a ms
    double size[LANES]    # of the residue; turns of its phase
    double turn[LANES]

# What the loops of one voice share in a hop: phases of f0, cos θ - 1 and sin θ.
ctypedef struct shared_t:
    phase_row_t phase
    row_t c1
    row_t s

# One voice over one hop. `start` and `end` point at its column of two sets of HOP_ROWS rows.
ctypedef struct voice_hop_t:
    uint32_t phase        # of f0 at the first frame, 2^-32 turns
    uint32_t increment    # 2^-32 turns per frame, at the first frame
    int32_t increment_step
    int stride
    const float* start
    const float* end
    float gap             # residue voice: end of a period minus its beginning, in the middle of the hop
    shared_t* shared      # out of every plain FM voice; of others `share` fills it
    const harmonics_t* harmonics  # residue voice as a sum of harmonics; NULL: as a sum of poles

# Zing and symmetry of one voice at one end of a hop; see colour.pxd.
ctypedef struct colour_t:
    float warp            # turns by which the carriers are ahead after half a period
    float plain           # gain of a pair without modulation
    float ring            # gain of a pair times the fundamental
    float fundamental     # gain of the fundamental
    float share           # gain of the voice itself
    float pair[FORMANTS]  # gain of each formant's pair

# The unvoiced bands over one hop, in lanes: carriers at the formants' centres, and noise as a cubic over the hop.
ctypedef struct bands_hop_t:
    uint32_t phase[LANES]
    uint32_t increment[LANES]
    uint32_t increment_step[LANES]
    float c0[LANES]
    float c1[LANES]
    float c2[LANES]
    float c3[LANES]
    float gain[LANES]
    float gain_step[LANES]
    float skirt[LANES]    # gain of the skirt
    float skirt_step[LANES]
    bint steady           # neither frequencies nor gains move in this hop
    const float* turn_cos  # of a steady hop: those of bands_t
    const float* turn_sin

# The noise of one voice over one hop that is not in a band.
ctypedef struct wind_t:
    uint32_t seed
    uint32_t frame        # of the first frame, a multiple of HOP
    float voiced, voiced_step
    float floor, floor_step  # gain of the white floor

# Rows of the control pass, each float or double [stride]; see control_loops.pxd.
ctypedef struct control_t:
    int first, voices     # slots to compute: the first one, and how many; multiples of 16
    int stride
    uint32_t kinds        # bit a: a voice of algorithm a sounds
    bint moving[ROWS]     # the row is not at rest; set when a target changes
    bint still_moving[ROWS]  # out: the row will move in the next hop
    # smoothed parameters
    float* x              # [ROWS][stride] values
    float* v              # [ROWS][stride] their slopes, per hop
    float* target         # [ROWS][stride]
    float* linear         # [LINEAR_ROWS][stride] 2^x of the formants' rows
    float decay[ROWS]     # exp(-hop/τ)
    float rate[ROWS]      # hop/τ
    # pitch
    double* log2_f0       # log2 of f0 in Hz
    double* f0_slope      # per hop
    double* f0_target
    double* seconds       # since the note began
    double* vibrato_hz
    double* vibrato_delay_s
    double* vibrato_per_s # 1 / vibrato_fade_s
    double* vibrato_turns # added to its phase
    double* vibrato_extent  # times the extent that is asked for
    double* vibrato_knot  # where the noises of rate and extent passed a knot, knots (bank/voice/vibrato.pxd)
    double* vibrato_noise # [2 · 4][stride] both as cubics from there on: turns, and share of the extent
    double* flutter_s     # by which the time of its flutter is ahead: voices differ
    double* walk_cents    # random part of the pitch at the end of this hop
    double* f0_xx         # coefficients of the oscillator that moves it (bank/voice/glide.pxd)
    double* f0_xv
    double* f0_vx
    double* f0_vv
    double hop_s
    double increment_of_hz  # 2^32 / sample rate
    float* f0_khz         # out, at the end of the hop
    float* mean_khz       # out: the same without vibrato and noise
    bint vowels_move      # a formant or the breath of a voice moves in this hop, or a note has begun
    bint gliding          # out: a mean pitch has moved in this hop, or a note has begun
    uint32_t* increment   # out, at the end of the hop
    # formant model
    float half_rate_khz   # sample_rate / 2
    float per_half_rate   # 1 / half_rate_khz
    float floor_of_density  # gain of the white floor, re the square root of its power per Hz at 8 kHz
    float* end            # [HOP_ROWS][stride] out
    uint32_t* extras      # bits of what a voice has besides its formants: 0 where nothing
    float* still          # [FORMANTS][stride] log2 of the resonance's part that moves with the mean pitch alone
    float* power          # scratch, as are the next three
    float* foot_khz       # distance at which a skirt is at -80 dB
    float* per_f0
    float* skirt_power

# The state of the unvoiced bands of a voice from hop to hop, in lanes.
ctypedef struct bands_t:
    uint32_t knot[LANES]  # time of the noise: whole knots, and 2^-32 knots
    uint32_t part[LANES]
    uint32_t knots[LANES]  # by which it moves in a hop
    uint32_t parts[LANES]
    uint32_t phase[LANES]
    uint32_t increment[LANES]
    float per_hop[LANES]  # knots
    float n[LANES]        # noise and its slope (per hop) at the start of the hop
    float m[LANES]
    float gain[LANES]
    float skirt[LANES]    # gain of the skirt
    float floor0, floor   # of the white floor, at the start and at the end of the hop
    bint turned           # the next two are those of `increment`
    float turn_cos[FORMANTS * BLOCK]  # of each carrier's turn since the first of 16 frames
    float turn_sin[FORMANTS * BLOCK]

ctypedef void (*voice_kernel_t)(out_t y, const voice_hop_t* hop) noexcept nogil
ctypedef void (*colour_kernel_t)(out_t y, const voice_hop_t* hop, const colour_t* start, const colour_t* end) noexcept nogil

ctypedef struct kernel_table:
    const char* isa
    void (*smooth)(control_t* c) noexcept nogil
    void (*pitch)(control_t* c) noexcept nogil
    void (*control)(control_t* c) noexcept nogil
    voice_kernel_t voice[ALGORITHMS]
    colour_kernel_t colour[ALGORITHMS]
    void (*powers)(dout_t power, const tract_t* tract, int n) noexcept nogil
    void (*poles)(dout_t gains, dout_t turns, const poles_t* poles, double period_ms) noexcept nogil
    void (*tones)(out_t re, out_t im, const tract_t* tract) noexcept nogil
    float (*mean)(in_t y, float* rising) noexcept nogil
    void (*centre)(out_t y, float x0, float x1) noexcept nogil
    void (*share)(const voice_hop_t* hop) noexcept nogil
    void (*air)(out_t y, const voice_hop_t* hop) noexcept nogil
    void (*bands)(bands_t* state, bands_hop_t* bands, const control_t* c, int i, uint32_t seed, bint fresh) noexcept nogil
    void (*breathe)(out_t y, const voice_hop_t* hop, bands_hop_t* bands, const wind_t* wind) noexcept nogil
    void (*floor)(out_t y, const voice_hop_t* hop, const wind_t* wind) noexcept nogil
    void (*growl)(out_t y, uint32_t half, uint32_t increment, uint32_t increment_step, float m, float m_step) noexcept nogil
    void (*mix)(out_t out, in_t y, float gain, float step) noexcept nogil
    void (*mix_gains)(out_t out, in_t y, in_t gains, int n) noexcept nogil
    void (*gains)(out_t out, float x, float step, float level, float level_step, int n) noexcept nogil
    void (*scale)(out_t x, float gain, float step) noexcept nogil
    float (*peak)(in_t x) noexcept nogil
