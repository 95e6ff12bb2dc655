# The numbers of one voice, as doubles in one array: the fields of VoiceParams, in the order of params.RANGES, then its
# vowel and its algorithm. A new field of VoiceParams gets its place here; tests/formant_dsp/touch/test_mapping.py holds
# both lists together.

cdef enum:
    V_F0_HZ = 0
    V_LEVEL_DB
    V_SKIRT
    V_SKIRT_WIDTH_HZ
    V_VOICING
    V_VOICING_WIDTH_HZ
    V_RESONANCE
    V_SWELL
    V_VIBRATO_CENTS
    V_VIBRATO_HZ
    V_VIBRATO_DELAY_S
    V_VIBRATO_FADE_S
    V_VIBRATO_DRIFT_PERCENT
    V_VIBRATO_SPREAD
    V_PORTAMENTO_S
    V_LEGATO
    V_DETUNE_CENTS
    V_UNISON_CENTS
    V_DRIFT_CENTS
    V_WANDER
    V_JITTER_PERCENT
    V_SHIMMER_DB
    V_FLUTTER
    V_VOICED
    V_BREATH
    V_ZING
    V_ZING_MORPH
    V_SYMMETRY
    V_ATTACK_S
    V_RELEASE_S
    V_DELAY_S
    V_SCOOP_CENTS
    V_SCOOP_S
    V_BREATH_LEAD_S
    V_ONSET_TILT_DB
    V_LEASE_S
    V_TILT_DB
    V_AIR
    V_AIR_HZ
    V_GROWL
    V_PAN
    NUMBERS               # how many fields there are

cdef enum:
    VOWEL_NUMBERS = 15    # of a vowel: five centres (Hz), five widths (Hz), five levels (dB); or log2, log2, dB
    V_FREQUENCY = NUMBERS        # + k: centre of a formant, Hz
    V_BANDWIDTH = NUMBERS + 5    # + k: its width, Hz
    V_FORMANT_DB = NUMBERS + 10  # + k: its level, dB
    V_ALGORITHM = NUMBERS + 15   # 0 … 4: kernels/rows.pxd
    VALUES = NUMBERS + 16
