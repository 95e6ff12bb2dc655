"""The parameters of one voice: unit, range, default and smoothing time, each said once.

Values are checked here, at the rim, and trusted inside. `target_row()` turns them into the row of numbers the audio
side smooths (order: params.pxd).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from formant_dsp.vowels import FORMANTS, Vowel, sung

ALGORITHMS = ("voice", "modfm", "chowning")
"""voice: ModFM with skirt and voicing lobe; modfm: plain ModFM; chowning: classic FM."""

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
    "f0_hz": Range("Hz", 20.0, 4000.0, 220.0, tau_s=0.006),
    "level_db": Range("dB", -80.0, 12.0, 0.0, tau_s=0.006),
    "skirt": Range("share", 0.0, 0.4, 0.10, tau_s=0.05),
    "skirt_width_hz": Range("Hz", 100.0, 400.0, 200.0, tau_s=0.05),
    "voicing": Range("gain", 0.0, 2.0, 0.6, tau_s=0.02),
    "voicing_width_hz": Range("Hz", 50.0, 400.0, 150.0, tau_s=0.05),
    "resonance": Range("share", 0.0, 1.0, 0.5, tau_s=0.05),
    "vibrato_cents": Range("cents", 0.0, 200.0, 20.0, tau_s=0.05),
    "vibrato_hz": Range("Hz", 0.1, 20.0, 5.8),
    "jitter_cents": Range("cents", 0.0, 100.0, 0.0, tau_s=0.05),
    "attack_s": Range("s", 0.005, 10.0, 0.03),
    "release_s": Range("s", 0.02, 10.0, 0.25),
    "lease_s": Range("s", 0.0, 3600.0, 0.0),
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
            "jitter_cents",
        )
    ),
)
ROWS = 24
ROW_TAU_S: tuple[float, ...] = _ROW_RANGES + (0.05,) * (ROWS - len(_ROW_RANGES))
"""Smoothing time constant of each row, seconds."""


@dataclass(frozen=True, slots=True)
class VoiceParams:
    """What one voice shall sound like: a whole state, never a difference.

    f0_hz             pitch, 20 … 4,000 Hz
    vowel             five formants (`sung("tenor")["a"]`, `VowelPath.at`, `VowelPlane.at`, or your own `Vowel`)
    level_db          -80 … 12 dB; 0 dB is about -20 dBFS rms at every vowel and pitch
    algorithm         "voice", "modfm" or "chowning"; taken at the start of a note
    skirt             0 … 0.4: share of the wide foot of each formant; below 0.02 hollow, at 0.3 nasal and dense
    skirt_width_hz    100 … 400 Hz
    voicing           0 … 2: strength of the harmonics below the first formant
    voicing_width_hz  50 … 400 Hz
    resonance         0 even loudness of all pitches … 1 a true resonance, alive under vibrato
    vibrato_cents     0 … 200, peak; comes in after 0.25 s
    vibrato_hz        0.1 … 20 Hz; taken at the start of a note
    jitter_cents      0 … 100, rms of a slow random walk of the pitch
    attack_s          10 to 90 % rise, 5 ms … 10 s; taken at the start of a note
    release_s         fall to -60 dB, 20 ms … 10 s; taken at the start of a note
    lease_s           0 = none, else the voice is released when nothing is said of it for so long
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
    jitter_cents: float = RANGES["jitter_cents"].default
    attack_s: float = RANGES["attack_s"].default
    release_s: float = RANGES["release_s"].default
    lease_s: float = RANGES["lease_s"].default

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
            self.jitter_cents,
            float(self.algorithm == "chowning"),
        )
