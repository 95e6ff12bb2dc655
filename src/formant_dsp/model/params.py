"""The parameters of one voice: unit, range, default and smoothing time of each.

Values are checked here and trusted everywhere else. `target_row()` turns them into the row of numbers that the audio
side smooths (order: kernels/rows.pxd).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from formant_dsp.model import vowels
from formant_dsp.model.vowels import FORMANTS, Vowel, sung
from formant_dsp.touch.mapping import row

ALGORITHMS = ("voice", "modfm", "chowning", "poisson", "natural")
"""voice: ModFM with skirt and voicing lobe; modfm: plain ModFM; chowning: classic FM; poisson: as modfm, with the
Poisson kernel as pulse (straight skirts); natural: residue voice, the closed form of an all-pole tract excited by a
pulse train. The levels of `natural` follow from its centres and widths alone."""

HOP = 64
"""Frames between two control updates. Inside a hop every gain and frequency is a linear ramp."""

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
        """The value as a float. ValueError naming `name`, value, range and unit when it is NaN or out of range."""
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
    "swell": Range("share", 0.0, 1.0, 0.9, tau_s=0.05),
    "vibrato_cents": Range("cents", 0.0, 200.0, 20.0, tau_s=0.05),
    "vibrato_hz": Range("Hz", 0.1, 20.0, 5.8),
    "vibrato_delay_s": Range("s", 0.0, 10.0, 0.15),
    "vibrato_fade_s": Range("s", 0.01, 10.0, 0.4),
    "vibrato_drift_percent": Range("%", 0.0, 20.0, 5.0),
    "vibrato_spread": Range("share", 0.0, 1.0, 1.0),
    "portamento_s": Range("s", 0.0, 10.0, 0.0),
    "legato": Range("× time", 0.25, 4.0, 1.0),
    "detune_cents": Range("cents", 0.0, 50.0, 0.0),
    "unison_cents": Range("cents", 0.0, 50.0, 10.0),
    "drift_cents": Range("cents", 0.0, 100.0, 0.0, tau_s=0.05),
    "wander": Range("share", 0.0, 1.0, 0.0, tau_s=0.05),
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
    "onset_tilt_db": Range("dB at 3 kHz", -6.0, 20.0, 0.0),
    "lease_s": Range("s", 0.0, 3600.0, 0.0),
    "tilt_db": Range("dB at 3 kHz", -12.0, 20.0, 0.0, tau_s=0.015),
    "air": Range("gain", 0.0, 2.0, 0.0, tau_s=0.03),
    "air_hz": Range("Hz", 3000.0, 12000.0, 6600.0, tau_s=0.03),
    "growl": Range("share", 0.0, 0.8, 0.0, tau_s=0.05),
    "pan": Range("(left … right)", -1.0, 1.0, 0.0, tau_s=0.05),
}

FORMANT_TAU_S = 0.008
"""Smoothing time constant of the formants' centres, widths and levels, s. The ear takes a change within less than 30 ms
for a consonant and a longer one for a glide."""

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
            "swell",
            "wander",
            "air",
            "air_hz",
            "growl",
        )
    ),
)
ROWS = 40
ROW_TAU_S: tuple[float, ...] = _ROW_RANGES + (0.05,) * (ROWS - len(_ROW_RANGES))
"""Smoothing time constant of each row, seconds."""


@dataclass(frozen=True, slots=True)
class VoiceParams:
    """All parameters of one voice: a whole state, never a difference.

    f0_hz             pitch, 20 … 4,000 Hz
    vowel             five formants (`sung("tenor")["a"]`, `VowelPath.at`, `VowelPlane.at`, or your own `Vowel`)
    level_db          -80 … 12 dB; 0 dB is about -20 dBFS rms at every vowel and pitch
    algorithm         of ALGORITHMS; read at the start of a note
    skirt             0 … 0.4: share of the wide skirt of each formant; below 0.02 hollow, at 0.3 nasal and dense
    skirt_width_hz    100 … 400 Hz, full width of the skirt at -3 dB
    voicing           0 … 2: strength of the harmonics below the first formant
    voicing_width_hz  50 … 400 Hz
    resonance         0: equal loudness at all pitches … 1: the gain of a true resonance: notes that meet a formant are
                      louder
    swell             the same for what moves around the mean pitch: at 1 the level swells with the vibrato as that of a
                      vocal tract, at 0 it stays
    vibrato_cents     0 … 200 cents, peak
    vibrato_hz        0.1 … 20 Hz; read at the start of a note
    vibrato_delay_s   0 … 10 s from the start of the note to that of the vibrato, up to 0.25 s later with
                      `vibrato_spread`; read at the start of a note
    vibrato_fade_s    10 ms … 10 s from the start of the vibrato to its full extent; read at the start of a note
    vibrato_drift_percent  0 … 20 %, standard deviation of the vibrato's rate; its extent drifts three times as far;
                      read at the start of a note
    vibrato_spread    0: the vibratos of all notes are alike … 1: each note has its own rate (standard deviation 6 %),
                      extent (25 %), start within a quarter of a cycle, and onset; read at the start of a note
    portamento_s      0: a slide is followed within 20 ms, and a jump is sung as a singer does (`legato`). Otherwise
                      10 to 90 % of every change of pitch, at least 5 ms … 10 s, an S curve in log frequency
    legato            0.25 … 4 times the time that a singer takes for a jump of pitch: about 55 ms for two semitones and
                      100 ms for an octave. 1 is quick, 2.5 a slow portamento
    detune_cents      0 … 50 cents, standard deviation of a note's own mistuning, drawn when it starts
    unison_cents      0 … 50 cents by which a note moves, up or down, that starts on the pitch of another note that is
                      held; two voices in exact unison would sound as one loud voice. With `vibrato_spread` 0 as well,
                      all notes begin at the same phase: they are equal to the bit
    drift_cents       0 … 100 cents, rms of a slow random walk of the pitch
    wander            0 … 1: slow wander of the pitch (4 cents rms, which has no mean) and the level (0.7 dB)
    jitter_percent    0 … 5 % of f0, from period to period; 0.2 … 0.8 in a real voice
    shimmer_db        0 … 3 dB of level, from period to period; 0.1 … 0.25 in a real voice
    flutter           0 … 100: three slow sines on the pitch; 25 sounds alive
    voiced            0 … 1: gain of the voiced part; 0 is a whisper
    breath            0 … 2: gain of the unvoiced bands, which have the formants' centres and levels; 1 is as loud as
                      a voice
    zing              0: the voice … 1: each formant as a pair of harmonics, modulated with the fundamental (metallic)
    zing_morph        -1 amplitude modulation of the fundamental, 0 ring modulation, 1 amplitude modulation of the pairs
    symmetry          0.01 … 0.99: share of their cycle that the carriers have passed after half a period; 0.5 is even
    tilt_db           -12 … 20 dB of attenuation at 3 kHz in the source of the residue voice; in all other voices the
                      levels of the formants contain it (expression.py)
    air               0 … 2: gain of the band above 5.5 kHz. 1: as loud as a vocal tract has it at this tilt; 0: none. A
                      voice without jitter gets half of it as noise: 0.3 % of jitter and more make that noise themselves
    air_hz            3,000 … 12,000 Hz: centre of its lower half; the upper one lies an octave higher. 6,600 in adults
    growl             0 … 0.8: every second period is weaker by this share, the others stronger: 0.1 rough, 0.3 growl,
                      0.6 as in throat singing
    attack_s          5 ms … 10 s, 10 to 90 % of the rise; read at the start of a note
    release_s         20 ms … 10 s, fall to -60 dB; read at the start of a note
    delay_s           0 … 2 s from the event to the first frame, exact to the frame: a singer who is late. A note that
                      is released before its first frame sounds for as long as it was held, `delay_s` later. Read at
                      the start of a note, as are the next four
    scoop_cents       0 … 400 cents below its pitch at which a note begins
    scoop_s           10 ms … 2 s, 10 to 90 % of the rise to the pitch
    breath_lead_s     0 … 0.3 s by which the breath is ahead of the voice
    onset_tilt_db     0 … 20 dB of attenuation at 3 kHz while the gate is closed; it follows the gate. -6 … 0: the note
                      begins so much brighter, for 30 ms; its end is not
    lease_s           0 … 3,600 s after the last event of its key after which the voice is released; 0: never
    pan               -1 first channel … 1 last channel (placement.py); ignored by a bank of one channel
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
    swell: float = RANGES["swell"].default
    vibrato_cents: float = RANGES["vibrato_cents"].default
    vibrato_hz: float = RANGES["vibrato_hz"].default
    vibrato_delay_s: float = RANGES["vibrato_delay_s"].default
    vibrato_fade_s: float = RANGES["vibrato_fade_s"].default
    vibrato_drift_percent: float = RANGES["vibrato_drift_percent"].default
    vibrato_spread: float = RANGES["vibrato_spread"].default
    portamento_s: float = RANGES["portamento_s"].default
    legato: float = RANGES["legato"].default
    detune_cents: float = RANGES["detune_cents"].default
    unison_cents: float = RANGES["unison_cents"].default
    drift_cents: float = RANGES["drift_cents"].default
    wander: float = RANGES["wander"].default
    jitter_percent: float = RANGES["jitter_percent"].default
    shimmer_db: float = RANGES["shimmer_db"].default
    flutter: float = RANGES["flutter"].default
    voiced: float = RANGES["voiced"].default
    breath: float = RANGES["breath"].default
    zing: float = RANGES["zing"].default
    zing_morph: float = RANGES["zing_morph"].default
    symmetry: float = RANGES["symmetry"].default
    tilt_db: float = RANGES["tilt_db"].default
    air: float = RANGES["air"].default
    air_hz: float = RANGES["air_hz"].default
    growl: float = RANGES["growl"].default
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
            raise ValueError(f"vowel must be a Vowel, not {type(self.vowel).__name__}: see formant_dsp.sung")

    def target_row(self) -> Sequence[float]:
        """The smoothed parameters in the order and units of kernels/rows.pxd: `ROWS` floats."""
        return row(numbers_of(self), self.vowel, ALGORITHMS.index(self.algorithm))


numbers_of: Callable[[VoiceParams], tuple[float, ...]] = attrgetter(*RANGES)
"""The numbers of a voice in the order of RANGES, as touch/numbers.pxd has them; the vowel and the algorithm follow."""

_NAMES = tuple(VoiceParams.__dataclass_fields__)
_PLACES = {name: place for place, name in enumerate(_NAMES)}
_SETTERS = tuple(VoiceParams.__dict__[name].__set__ for name in _NAMES)
_values = attrgetter(*_NAMES)


def trusted(params: VoiceParams, changes: Mapping[str, Any]) -> VoiceParams:
    """`params` with some values changed. Unlike dataclasses.replace(), this checks nothing.

    changes   new values by name; the caller has checked them. A wrong number distorts or mutes the sound
    """
    values = list(_values(params))
    for name, value in changes.items():
        values[_PLACES[name]] = value
    made: VoiceParams = object.__new__(VoiceParams)
    for put, value in zip(_SETTERS, values, strict=True):
        put(made, value)
    return made


_PUT_NUMBERS = tuple(VoiceParams.__dict__[name].__set__ for name in RANGES)
_put_vowel = VoiceParams.__dict__["vowel"].__set__
_put_algorithm = VoiceParams.__dict__["algorithm"].__set__


def made(numbers: Sequence[float], algorithm: str) -> VoiceParams:
    """The parameters of a voice out of its numbers (`numbers_of`) and the 15 of its vowel. This checks nothing."""
    voice: VoiceParams = object.__new__(VoiceParams)
    for put, value in zip(_PUT_NUMBERS, numbers, strict=False):
        put(voice, value)
    n = len(RANGES)
    _put_vowel(
        voice, vowels.trusted(tuple(numbers[n : n + 5]), tuple(numbers[n + 5 : n + 10]), tuple(numbers[n + 10 :]))
    )
    _put_algorithm(voice, algorithm)
    return voice
