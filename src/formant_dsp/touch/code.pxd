# A preset, compiled: one array of doubles without names or pointers. model/presets.py writes it, mapping.pyx reads
# it, and the server sends it to the page as JSON. After the header follow the singers, then the way of the vowels.

from formant_dsp.touch.numbers cimport NUMBERS

cdef enum:
    C_LOW_HZ = 0          # pitch at x = 0
    C_OCTAVES             # to x = 1
    C_PHONATION_Z         # pressure up to which the effort is the least
    C_DYNAMIC_RANGE_DB    # between the least effort and the greatest
    C_TRIM_DB
    C_WIDTHS_FOLLOW_F0    # 1: the widths are those at 100 Hz and grow with the pitch
    C_ALGORITHM           # 0 … 4
    C_SINGERS             # 1 … 64
    C_EXPRESSION          # + k: the fields of Expression, in the order of expression.RANGES
    C_BASE = C_EXPRESSION + 11     # + k: numbers of the voice before a touch; below -100: the law of the onset
    C_LEAST = C_BASE + NUMBERS     # + k: least value of each number
    C_MOST = C_LEAST + NUMBERS     # + k: greatest value of each number
    HEADER = C_MOST + NUMBERS

cdef enum:
    E_EFFORT = 0
    E_FALSETTO
    E_BREATH
    E_WHISPER
    E_RING
    E_RING_HZ
    E_TUNING
    E_DAMPING
    E_LARYNX
    E_TRACT_SIZE
    E_ONSET
    EXPRESSIONS

# One singer of a choir: the fields of choir.Member.
cdef enum:
    M_CENTS = 0
    M_LEVEL_DB
    M_PAN
    M_TRACT_SIZE
    M_VIBRATO_RATE
    M_VIBRATO_DEPTH
    M_VIBRATO_DELAY_S
    M_ONSET_S
    M_DETUNE_CENTS
    M_IN_UNISON           # 1: its unison with others is meant
    MEMBER_NUMBERS

# The way of the vowels over y: kind, number of stops or corners, then what the kind needs.
cdef enum:
    W_PATH = 0            # rows of its vowels
    W_GRID = 1            # corners of the walk, cells per edge, rows of a square grid: [openness][backness]
    W_ANCHORS = 2         # corners of the walk, number of vowels, their places, their rows
    W_CORNERS = 3         # corners of the walk, 4, rows at (0, 0), (0, 1), (1, 0), (1, 1)
