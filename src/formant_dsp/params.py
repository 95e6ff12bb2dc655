"""The parameters of one voice: unit, range, default and smoothing time, each said once.

Values are checked here, at the rim, and trusted inside. `target_row()` turns them into the row of numbers the audio
side smooths (order: params.pxd).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from formant_dsp.vowels import FORMANTS, Vowel, sung

ALGORITHMS = ("voice", "modfm", "chowning", "poisson", "natural")
"""voice: ModFM with skirt and voicing lobe; modfm: plain ModFM; chowning: classic FM; poisson: plain, with the Poisson
kernel as pulse (straight skirts); natural: residue voice, the closed form of an all-pole tract under a pulse train,
whose levels follow from centres and widths alone."""

HOP = 64
"""Frames between two control updates; inside a hop everything is a linear ramp."""

VOICE_RMS = 0.1
"""Rms of one voice at level 0 dB (-20 dBFS): eight voices still stay below the limiter."""


@dataclass(frozen=True, slots=True)
class Range:
    """Unit, bounds, default and smoothing time constant (critically damped) of one parameter."""

    unit: str
    low: float
    high: float
    default: float
    tau_s: float = 0.0

    def check(self, name: str, value: float) -> float:
        """The value as a float; ValueError when it is not a number or out of range."""
        number = float(value)
        if not self.low <= number <= self.high:  # NaN fails this as well
            raise ValueError(f"{name}={value} must be within {self.low:g} … {self.high:g} {self.unit}")
        return number


RANGES = {
    "f0_hz": Range("Hz", 20.0, 4000.0, 220.0),
    "level_db": Range("dB", -80.0, 12.0, 0.0, tau_s=0.006),
    "skirt": Range("share", 0.0, 0.4, 0.07, tau_s=0.05),
    "skirt_width_hz": Range("Hz", 100.0, 400.0, 220.0, tau_s=0.05),
    "voicing": Range("gain", 0.0, 2.0, 0.7, tau_s=0.02),
    "voicing_width_hz": Range("Hz", 50.0, 400.0, 120.0, tau_s=0.05),
    "resonance": Range("share", 0.0, 1.0, 0.5, tau_s=0.05),
    "vibrato_cents": Range("cents", 0.0, 200.0, 20.0, tau_s=0.05),
    "vibrato_hz": Range("Hz", 0.1, 20.0, 5.8),
    "vibrato_delay_s": Range("s", 0.0, 10.0, 0.25),
    "vibrato_fade_s": Range("s", 0.01, 10.0, 0.4),
    "vibrato_drift_percent": Range("%", 0.0, 20.0, 0.0),
    "portamento_s": Range("s", 0.005, 10.0, 0.02),
    "drift_cents": Range("cents", 0.0, 100.0, 0.0, tau_s=0.05),
    "jitter_percent": Range("%", 0.0, 5.0, 0.0, tau_s=0.05),
    "shimmer_db": Range("dB", 0.0, 3.0, 0.0, tau_s=0.05),
    "flutter": Range("(Klatt's FL)", 0.0, 100.0, 0.0, tau_s=0.05),
    "voiced": Range("gain", 0.0, 1.0, 1.0, tau_s=0.015),
    "breath": Range("gain", 0.0, 2.0, 0.0, tau_s=0.015),
    "zing": Range("share", 0.0, 1.0, 0.0, tau_s=0.03),
    "zing_morph": Range("", -1.0, 1.0, 0.0, tau_s=0.03),
    "symmetry": Range("of a period", 0.01, 0.99, 0.5, tau_s=0.03),
    "attack_s": Range("s", 0.005, 10.0, 0.03),
    "release_s": Range("s", 0.02, 10.0, 0.25),
    "delay_s": Range("s", 0.0, 2.0, 0.0),
    "scoop_cents": Range("cents", 0.0, 400.0, 0.0),
    "scoop_s": Range("s", 0.01, 2.0, 0.09),
    "breath_lead_s": Range("s", 0.0, 0.3, 0.0),
    "onset_tilt_db": Range("dB at 3 kHz", 0.0, 20.0, 0.0),
    "lease_s": Range("s", 0.0, 3600.0, 0.0),
    "tilt_db": Range("dB at 3 kHz", -12.0, 20.0, 0.0, tau_s=0.015),
    "pan": Range("(left … right)", -1.0, 1.0, 0.0, tau_s=0.05),
}

FORMANT_TAU_S = 0.008
"""Centres, widths and levels of formants: a change below 30 ms is heard as a consonant, above as a glide."""

_ROW_RANGES = (
    *((FORMANT_TAU_S,) * (3 * FORMANTS)),
    *(
        RANGES[name].tau_s
        for name in (
            "level_db",
            "skirt",
            "skirt_width_hz",
            "voicing",
            "voicing_width_hz",
            "resonance",
            "vibrato_cents",
            "drift_cents",
            "jitter_percent",
            "shimmer_db",
            "flutter",
            "voiced",
            "breath",
            "pan",
            "zing",
            "zing_morph",
            "symmetry",
            "tilt_db",
        )
    ),
)
ROWS = 36
ROW_TAU_S: tuple[float, ...] = _ROW_RANGES + (0.05,) * (ROWS - len(_ROW_RANGES))
"""Smoothing time constant of each row, seconds."""


@dataclass(frozen=True, slots=True)
class VoiceParams:
    """What one voice shall sound like: a whole state, never a difference.

    f0_hz             pitch, 20 … 4,000 Hz
    vowel             five formants (`sung("tenor")["a"]`, `VowelPath.at`, `VowelPlane.at`, or your own `Vowel`)
    level_db          -80 … 12 dB; 0 dB is about -20 dBFS rms at every vowel and pitch
    algorithm         of ALGORITHMS; taken at the start of a note
    skirt             0 … 0.4: share of the wide foot of each formant; below 0.02 hollow, at 0.3 nasal and dense
    skirt_width_hz    100 … 400 Hz
    voicing           0 … 2: strength of the harmonics below the first formant
    voicing_width_hz  50 … 400 Hz
    resonance         0 even loudness of all pitches … 1 a true resonance, alive under vibrato
    vibrato_cents     0 … 200, peak; comes in after 0.25 s
    vibrato_hz        0.1 … 20 Hz; taken at the start of a note
    vibrato_delay_s   0 … 10 s before it comes in; taken at the start of a note
    vibrato_fade_s    10 ms … 10 s until it is full; taken at the start of a note
    vibrato_drift_percent  0 … 20 % that its rate wanders (standard deviation), and three times as much its extent;
                      taken at the start of a note
    portamento_s      5 ms … 10 s, 10 to 90 % of a change of pitch, an S in log frequency
    drift_cents       0 … 100, rms of a slow random walk of the pitch
    jitter_percent    0 … 5 % of f0, from period to period: the grain of a real voice (0.2 … 0.8)
    shimmer_db        0 … 3 dB of level, from period to period (0.1 … 0.25)
    flutter           0 … 100: three slow sines on the pitch; 25 sounds alive
    voiced            0 … 1: gain of the voiced part; 0 whispers
    breath            0 … 2: gain of the unvoiced bands, which share centre and level with the formants; 1 is as loud as
                      a voice
    zing              0 … 1: from the voice to its formants as pairs of harmonics that the fundamental modulates: metal
    zing_morph        -1 amplitude modulation of the fundamental, 0 ring modulation, 1 amplitude modulation of the pairs
    symmetry          0.01 … 0.99: how far through their turn the carriers are after half a period; 0.5 is even
    tilt_db           -12 … 20 dB at 3 kHz that the source of the residue voice is darker; other voices have it in the
                      levels of their formants (expression.py)
    attack_s          10 to 90 % rise, 5 ms … 10 s; taken at the start of a note
    release_s         fall to -60 dB, 20 ms … 10 s; taken at the start of a note
    delay_s           0 … 2 s from the event to the first frame, exact to the frame: a singer who is late. Released
                      before that, the note sounds for as long as it was held, as much later. Taken at the start of a
                      note, as are the next four
    scoop_cents       0 … 400 below its pitch a note begins
    scoop_s           10 ms … 2 s, 10 to 90 % of the way up
    breath_lead_s     0 … 0.3 s that breath is ahead of the voice
    onset_tilt_db     0 … 20 dB at 3 kHz that a note is darker while its gate is closed: it opens and closes with it
    lease_s           0 = none, else the voice is released when nothing is said of it for so long
    pan               -1 first channel … 1 last channel (placement.py); a bank of one channel has no places
    error             ValueError naming the field, its value and its range
    """

    f0_hz: float = RANGES["f0_hz"].default
    vowel: Vowel = field(default_factory=lambda: sung("tenor")["a"])
    level_db: float = RANGES["level_db"].default
    algorithm: str = "voice"
    skirt: float = RANGES["skirt"].default
    skirt_width_hz: float = RANGES["skirt_width_hz"].default
    voicing: float = RANGES["voicing"].default
    voicing_width_hz: float = RANGES["voicing_width_hz"].default
    resonance: float = RANGES["resonance"].default
    vibrato_cents: float = RANGES["vibrato_cents"].default
    vibrato_hz: float = RANGES["vibrato_hz"].default
    vibrato_delay_s: float = RANGES["vibrato_delay_s"].default
    vibrato_fade_s: float = RANGES["vibrato_fade_s"].default
    vibrato_drift_percent: float = RANGES["vibrato_drift_percent"].default
    portamento_s: float = RANGES["portamento_s"].default
    drift_cents: float = RANGES["drift_cents"].default
    jitter_percent: float = RANGES["jitter_percent"].default
    shimmer_db: float = RANGES["shimmer_db"].default
    flutter: float = RANGES["flutter"].default
    voiced: float = RANGES["voiced"].default
    breath: float = RANGES["breath"].default
    zing: float = RANGES["zing"].default
    zing_morph: float = RANGES["zing_morph"].default
    symmetry: float = RANGES["symmetry"].default
    tilt_db: float = RANGES["tilt_db"].default
    attack_s: float = RANGES["attack_s"].default
    release_s: float = RANGES["release_s"].default
    delay_s: float = RANGES["delay_s"].default
    scoop_cents: float = RANGES["scoop_cents"].default
    scoop_s: float = RANGES["scoop_s"].default
    breath_lead_s: float = RANGES["breath_lead_s"].default
    onset_tilt_db: float = RANGES["onset_tilt_db"].default
    lease_s: float = RANGES["lease_s"].default
    pan: float = RANGES["pan"].default

    def __post_init__(self) -> None:
        for name, bounds in RANGES.items():
            object.__setattr__(self, name, bounds.check(name, getattr(self, name)))
        if self.algorithm not in ALGORITHMS:
            raise ValueError(f"algorithm={self.algorithm!r}: choose one of {', '.join(ALGORITHMS)}")
        if not isinstance(self.vowel, Vowel):
            raise ValueError(f"vowel must be a Vowel, not {type(self.vowel).__name__}: see formant_dsp.vowels.sung")

    def target_row(self) -> Sequence[float]:
        """The smoothed parameters in the order and units of params.pxd, `ROWS` floats."""
        log2 = math.log2
        vowel = self.vowel
        complete = self.algorithm == "voice"
        return (
            *(log2(f / 1000.0) for f in vowel.frequency_hz),
            *(log2(b / 100.0) for b in vowel.bandwidth_hz),
            *(level / 6.020599913279624 for level in vowel.level_db),
            10.0 ** (self.level_db / 20.0),
            self.skirt if complete else 0.0,
            log2(self.skirt_width_hz / 100.0),
            self.voicing if complete else 0.0,
            log2(self.voicing_width_hz / 100.0),
            self.resonance,
            self.vibrato_cents,
            self.drift_cents,
            self.jitter_percent,
            self.shimmer_db,
            self.flutter,
            self.voiced,
            self.breath,
            self.pan,
            self.zing,
            self.zing_morph,
            self.symmetry - 0.5,
            self.tilt_db,
            0.0,
            0.0,
            float(ALGORITHMS.index(self.algorithm)),
        )
