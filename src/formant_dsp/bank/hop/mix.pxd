# Mixing of one hop of a voice into the channels, with its gate, level and place.

from libc.string cimport memset

from formant_dsp.bank.voice.kept cimport exp_kept
from formant_dsp.bank.voice.placement cimport place_gains
from formant_dsp.bank.memory.state cimport RMS, bank_t, voice_t
from formant_dsp.bank.voice.gate cimport gate_step, gate_to
from formant_dsp.kernels.rows cimport CHANNELS, HOP, P_PAN
from formant_dsp.kernels.table cimport row_t


cdef inline void edge_gains(bank_t* b, voice_t* v, float level, float* gains) noexcept nogil:
    """Gain of every frame of a hop in which the gate changes: exact at each edge of the gate, linear between edges."""
    cdef int k, at = 0, upto, n
    cdef double x
    cdef double level0 = v.level, level_step = (level - v.level) / HOP
    for k in range(v.edges + 1):
        upto = v.rest.edge[k].offset if k < v.edges else HOP
        n = upto - at
        if n > 0:
            x = v.gate.x
            gate_step(&v.gate, n, exp_kept(&b.kept, -n * v.gate.per_tau))
            b.kernels.gains(gains + at, RMS * x, RMS * (v.gate.x - x) / n, level0 + level_step * at, level_step, n)
            at = upto
        if k < v.edges:
            gate_to(&v.gate, &b.kept, v.rest.edge[k].target, v.rest.edge[k].tau, HOP)


cdef inline void add_placed(bank_t* b, voice_t* v, int i, float* out, const float* y, float gain, float end_gain) noexcept nogil:
    """Add a hop of a voice to the channels of its old and its new place; its gain moves from `gain` to `end_gain`."""
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
    """Add a hop in which the gate changes."""
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
