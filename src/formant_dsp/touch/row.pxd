# The smoothed parameters of a voice in the order and units of kernels/rows.pxd, out of the numbers of a voice.

from libc.math cimport log2, pow

from formant_dsp.kernels.rows cimport (
    P_A, P_AIR, P_AIR_HZ, P_B, P_BREATH, P_DRIFT, P_F, P_FLUTTER, P_GROWL,
    P_JITTER, P_KIND, P_LEVEL, P_PAN, P_RESONANCE, P_SHIMMER, P_SKIRT,
    P_SKIRT_WIDTH, P_SPARE, P_SWELL, P_SYMMETRY, P_TILT, P_VIBRATO, P_VOICED, P_VOICING, P_VOICING_WIDTH, P_WANDER, P_ZING,
    P_ZING_MORPH,
    VOICE,
)
from formant_dsp.touch.numbers cimport (
    V_AIR, V_AIR_HZ, V_ALGORITHM, V_BANDWIDTH, V_BREATH, V_DRIFT_CENTS, V_FLUTTER, V_FORMANT_DB, V_FREQUENCY, V_GROWL,
    V_JITTER_PERCENT, V_LEVEL_DB,
    V_PAN, V_RESONANCE, V_SHIMMER_DB, V_SKIRT, V_SKIRT_WIDTH_HZ, V_SWELL, V_SYMMETRY, V_TILT_DB, V_VIBRATO_CENTS,
    V_VOICED, V_VOICING, V_VOICING_WIDTH_HZ, V_WANDER, V_ZING, V_ZING_MORPH,
)


cdef inline void row_of(const double* v, double* row) noexcept nogil:
    """v: the numbers of a voice; row: float64[ROWS]."""
    cdef bint complete = v[V_ALGORITHM] == VOICE
    cdef int k
    for k in range(5):
        row[P_F + k] = log2(v[V_FREQUENCY + k] / 1000.0)
        row[P_B + k] = log2(v[V_BANDWIDTH + k] / 100.0)
        row[P_A + k] = v[V_FORMANT_DB + k] / 6.020599913279624
    row[P_LEVEL] = pow(10.0, v[V_LEVEL_DB] / 20.0)
    row[P_SKIRT] = v[V_SKIRT] if complete else 0.0
    row[P_SKIRT_WIDTH] = log2(v[V_SKIRT_WIDTH_HZ] / 100.0)
    row[P_VOICING] = v[V_VOICING] if complete else 0.0
    row[P_VOICING_WIDTH] = log2(v[V_VOICING_WIDTH_HZ] / 100.0)
    row[P_RESONANCE] = v[V_RESONANCE]
    row[P_VIBRATO] = v[V_VIBRATO_CENTS]
    row[P_DRIFT] = v[V_DRIFT_CENTS]
    row[P_JITTER] = v[V_JITTER_PERCENT]
    row[P_SHIMMER] = v[V_SHIMMER_DB]
    row[P_FLUTTER] = v[V_FLUTTER]
    row[P_VOICED] = v[V_VOICED]
    row[P_BREATH] = v[V_BREATH]
    row[P_PAN] = v[V_PAN]
    row[P_ZING] = v[V_ZING]
    row[P_ZING_MORPH] = v[V_ZING_MORPH]
    row[P_SYMMETRY] = v[V_SYMMETRY] - 0.5
    row[P_TILT] = v[V_TILT_DB]
    row[P_SWELL] = v[V_SWELL]
    row[P_WANDER] = v[V_WANDER]
    row[P_AIR] = v[V_AIR]
    row[P_AIR_HZ] = log2(v[V_AIR_HZ] / 1000.0)
    row[P_GROWL] = v[V_GROWL]
    row[P_SPARE] = 0.0
    row[P_KIND] = v[V_ALGORITHM]
