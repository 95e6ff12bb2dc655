# The parameters of a voice on the audio side: indices of rows of smoothed values.
#
# params.py declares units, ranges, defaults and smoothing times. This is the same list for C; test_params.py checks
# that both agree. Rows are stored [parameter][voice], so that a pass over a row vectorises.

cdef enum:
    HOP = 64              # frames between control updates
    HOP_BITS = 6
    BLOCK = 16            # frames between two values of the noise of the skirts
    FORMANTS = 5
    LANES = 8             # a row of formants with room for wide vectors; the last three are empty
    CHANNELS = 8          # most channels of a bank and of a stream
    HARMONICS = 32        # of the residue voice at high pitch
    # rows: smoothed parameters
    P_F = 0               # + k: log2(centre / 1 kHz)
    P_B = 5               # + k: log2(full -3 dB width / 100 Hz)
    P_A = 10              # + k: log2(amplitude of the spectral peak)
    P_LEVEL = 15          # linear gain of the voice
    P_SKIRT = 16          # q: share of the skirt
    P_SKIRT_WIDTH = 17    # W, log2(W / 100 Hz)
    P_VOICING = 18        # g_v: gain of the voicing lobe
    P_VOICING_WIDTH = 19  # W_v, log2(W_v / 100 Hz)
    P_RESONANCE = 20      # lambda: 0 equal loudness, 1 true resonance
    P_VIBRATO = 21        # cents, peak
    P_DRIFT = 22          # cents, rms of the slow random walk of f0
    P_JITTER = 23         # per cent of f0, standard deviation from period to period
    P_SHIMMER = 24        # dB, standard deviation from period to period
    P_FLUTTER = 25        # 0 … 100 (Klatt & Klatt 1990)
    P_VOICED = 26         # gain of the voiced part
    P_BREATH = 27         # gain of the unvoiced bands
    P_PAN = 28            # -1 first channel … 1 last channel
    P_ZING = 29           # 0 the voice … 1 its formants as pairs that the fundamental modulates
    P_ZING_MORPH = 30     # -1 AM of the fundamental, 0 ring, 1 AM of the pair
    P_SYMMETRY = 31       # symmetry - 1/2: turns by which the carriers are ahead after half a period
    P_TILT = 32           # residue voice: additional attenuation of the source at 3 kHz, dB
    P_SWELL = 33          # resonance of what moves around the mean pitch: vibrato, jitter
    P_WANDER = 34         # share of the slow wander of pitch and level
    P_AIR = 35            # gain of the band above 5.5 kHz; 1: as a tract has it
    P_AIR_HZ = 36         # log2(centre of its lower lobe / 1 kHz)
    P_GROWL = 37          # share by which every second period is weaker and stronger
    P_SPARE = 38
    P_KIND = 39           # algorithm as a number; fixed for the length of a note, therefore last
    ROWS = 40

# The rows below P_LEVEL as linear values (kHz, 100 Hz, amplitude) instead of logarithms, and 100 Hz / width.
cdef enum:
    L_PER_WIDTH = 15      # + k
    LINEAR_ROWS = 20

# The values that a hop interpolates: [row][voice], one set for its start and one for its end.
cdef enum:
    R_NU = 0              # + k: centre in harmonics, F / f0
    R_INDEX = 5           # + k: ModFM: k·log2 e;  classic FM: I / 2π (turns);  Poisson: r;  residue: log2 of its decay
    R_BELL = 10           # + k: gain of the bell (or of the FM pair)
    R_SKIRT = 15          # + k: gain of the skirt;  residue voice: phase at the start of a period, turns
    R_SKIRT_R = 20        # Poisson ratio 2^(-f0/W) of the skirt
    R_VOICING_R = 21      # ratio of the voicing lobe
    R_VOICING = 22        # gain of the voicing lobe
    R_TILT = 23           # residue voice: gain of the tilt's pole
    R_TILT_DECAY = 24     # residue voice: log2 of the decay of the tilt's pole over a period
    R_AIR_NU = 25         # the high band: centre in harmonics, k·log2 e, gain of the lobe, of its square, of the noise
    R_AIR_INDEX = 26
    R_AIR = 27
    R_AIR_SQUARE = 28
    R_AIR_NOISE = 29
    HOP_ROWS = 30

cdef enum:
    VOICE = 0             # ModFM with skirt and voicing lobe
    MODFM = 1             # plain ModFM
    CHOWNING = 2          # classic FM
    POISSON = 3           # Poisson kernel instead of the ModFM pulse
    NATURAL = 4           # residue voice: the closed form of an all-pole tract
    ALGORITHMS = 5
