# One voice over one hop: from its column of the formant model to sound.

from libc.math cimport fabs
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t
from libc.string cimport memset

from formant_dsp.bank.voice.placement cimport place_gains
from formant_dsp.bank.memory.slots cimport set_free
from formant_dsp.bank.memory.state cimport RMS, SILENT, STOLEN, bank_t, voice_t
from formant_dsp.bank.voice.colour cimport colour_column, has_colour, has_direct
from formant_dsp.bank.hop.crossing cimport jumps, sing_crossing
from formant_dsp.bank.voice.gate cimport gate_step
from formant_dsp.bank.voice.glide cimport dipping
from formant_dsp.bank.voice.harmonics cimport harmonics_next, harmonics_scale
from formant_dsp.bank.hop.mix cimport add_edged, add_placed
from formant_dsp.bank.voice.onset cimport dim_air, dim_column, onset_tilt
from formant_dsp.bank.voice.residue cimport period_gap, residue_column
from formant_dsp.bank.hop.tint cimport breath, growl_hop, sing_coloured
from formant_dsp.bank.hop.wander cimport level_of
from formant_dsp.kernels.rows cimport HOP, HOP_BITS, HOP_ROWS, NATURAL, P_PAN
from formant_dsp.kernels.table cimport colour_t, row_t, shared_t, voice_hop_t


cdef inline void begin(bank_t* b, voice_t* v, int i) noexcept nogil:
    """The first hop of a note: its values at the start are those at its end, because there is no previous hop."""
    cdef int row
    for row in range(HOP_ROWS):
        b.start[row * b.stride + i] = b.control.end[row * b.stride + i]
    harmonics_next(&v.rest.harmonics)
    v.increment = b.control.increment[i]
    if b.channels > 1:
        v.pan = b.control.x[P_PAN * b.stride + i]
        place_gains(v.place, v.pan, b.channels, b.ring_layout)
    v.fresh = False


cdef inline void add_voice(bank_t* b, voice_t* v, int i, float* out) noexcept nogil:
    """Add one voice over one hop to out, float32[channels][HOP], and advance its phase and increment."""
    cdef voice_hop_t hop
    cdef row_t y
    cdef shared_t shared
    cdef double x
    cdef double dip = dipping(&v.glide, b.control.seconds[i])
    cdef bint extra = v.extra or b.control.extras[i] != 0
    cdef float level = level_of(b, v, i, dip, extra)
    cdef uint32_t next_increment
    cdef uint32_t n = HOP - v.starts
    cdef colour_t colour
    cdef double dim = onset_tilt(&v.onset, v.gate.x, b.control.seconds[i]) + v.glide.dip_tilt_db * dip
    cdef bint fresh = v.fresh, coloured = extra and has_colour(&b.control, i), crossing, coloured_now
    if v.algorithm == NATURAL:
        residue_column(&b.control, b.kernels, b.start, &v.rest.residue, &v.rest.harmonics, i, v.fresh, dim)
    elif fabs(dim) > 1e-4:
        dim_column(&b.control, i, v.algorithm, dim)
    if fabs(dim) > 1e-4 and extra:
        dim_air(&b.control, i, dim)
    if coloured:
        colour_column(&b.control, &colour, i, v.algorithm)
        if v.rest.harmonics.count:
            harmonics_scale(&v.rest.harmonics, colour.share)
    elif v.coloured.on:
        memset(&colour, 0, sizeof(colour_t))
    if fresh:
        begin(b, v, i)
    next_increment = b.control.increment[i]
    hop.phase = <uint32_t>v.phase
    hop.increment = v.increment
    hop.increment_step = (<int32_t>(next_increment - v.increment) + HOP // 2) >> HOP_BITS    # rounded, halves upwards
    hop.stride = b.stride
    hop.start = b.start + i
    hop.end = b.control.end + i
    hop.harmonics = NULL
    if v.algorithm == NATURAL:
        if v.rest.harmonics.started and v.rest.harmonics.count:
            hop.harmonics = &v.rest.harmonics
        else:
            hop.gap = period_gap(hop.start, hop.end, b.stride)
    hop.shared = &shared
    crossing = v.algorithm == NATURAL and hop.harmonics == NULL and jumps(&hop)
    coloured_now = coloured or v.coloured.on
    if coloured_now:
        sing_coloured(b, v, i, y, &hop, &colour, coloured, fresh, crossing)
    elif crossing:
        sing_crossing(b, v, y, &hop)
    else:
        b.kernels.voice[v.algorithm](y, &hop)
    if extra:
        v.coloured.on = coloured or has_direct(&v.coloured)
        breath(b, v, i, y, &hop, v.algorithm != NATURAL and not coloured_now)
        growl_hop(b, v, i, y, &hop)
        v.extra = b.control.extras[i] != 0 or v.coloured.on or v.breathes or v.voiced < 1.0
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
    if v.algorithm == NATURAL:
        harmonics_next(&v.rest.harmonics)
    v.level = level
    v.edges = 0
    v.starts = 0
    v.hops += 1
    v.phase += <uint64_t>n * v.increment + <uint64_t>((n * (n - 1)) >> 1) * <uint64_t><int64_t>hop.increment_step
    # A difference smaller than one unit per frame is applied at once.
    v.increment = next_increment if hop.increment_step == 0 else v.increment + n * <uint32_t>hop.increment_step
