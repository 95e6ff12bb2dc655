"""Expression: how effort, breath, whisper, ring, tuning, larynx and tract size change a vowel.

`express(vowel, f0_hz, expression)` takes a vowel of a table and returns the vowel as it is sung at this pitch, its
level (evenness.py), and the matching fields of `VoiceParams`. It runs at event rate; the audio side smooths the result.
Every output is a continuous function of every input. The arithmetic is in touch/expression.pxd.

    effort E    rms -40 + 40 E dB at every pitch, in every vowel; two low-passes, T1 = 27 - 21 E and T2 = 11 - 11 E dB
                down at 3 kHz (falsetto 51 - 43.5 E and 23 - 22.25 E); F1 rises 3.5 Hz a dB; the fundamental falls 9 dB
                over E, of the 20 by which H1-H2 follows the pulse (R_d = 2.4 - 1.8 E): the low-passes lift it, too;
                jitter and shimmer shrink. At E = 0.8 a vowel sounds as in its table. The levels of the residue voice
                follow from its poles, so its tilt is in the source: one pole of T1 + T2 dB. From f0 = 200 to 400 Hz on
                the harmonics above a formant make its lobe: its level is that of the low-passes at F + f0/2, and it is
                narrower by what they take from F to F + 2 f0 (`voice`)
    breath b    noise; fundamental up 6 b dB; 12 b dB less at 3 kHz; B1 wider by (1 + b)
    whisper w   noise replaces the voice; F1 … F5 rise by (255, 115, 125, 75, 50) w Hz, B1 becomes 280 Hz, the others
                30 w % wider
    ring ρ      the distances of F3, F4, F5 from the ring's centre shrink to 1 - 0.6 ρ, their levels rise 12 ρ dB; the
                effect fades out from f0 = 700 to 1,100 Hz
    damping     a harmonic of a high note on a narrow formant whistles, because the resonance gain lifts it 10 dB and
                more above its neighbours. Damping removes this gain from f0 = 350 Hz to 1 kHz
    tuning      F1 stays at least 50 Hz above f0 and F2 at least 50 Hz above 2 f0; the corner is round within ± 50 Hz
    larynx      K = 0.975 + f0/8000: the larynx rises with the pitch and shortens the tract
    tract_size  length of the tract, relative: 1.1 sounds larger
    swell       falls by a third from f0 = 350 Hz to 1 kHz, because first formants of real high voices are wider
    onset       place p = 1.25 (E - 0.4), or the velocity of the key, from breathy (0) over simultaneous (0.5) to
                glottal (1): rise 90, 25, 8 ms; breath ahead 70, 0, 0 ms; source darker by 12, 5, -2 dB; scoop 60, 30, 0
                cents. What a preset says of these itself stays. Only the voices `voice` and `natural` have it

Sources: Feugère, d'Alessandro, Doval, Perrotin: Cantor Digitalis. EURASIP JASMP 2017:2 (level, tilt, F1, tuning,
whistling, larynx). — Fant, G.: The LF-model revisited. STL-QPSR 36(2-3), 1995 (H1-H2 = -7.6 + 11.1 R_d dB). — Swerdlin,
Smith, Wolfe: JASA 127, 2010 (whisper). — Klatt, Klatt: JASA 87, 1990 (breathiness). — Sundberg: JASA 55, 1974; J. Voice
15, 2001; Berndtsson, Sundberg: STL-QPSR 35(4), 1994 (ring). — Joliveau, Smith, Wolfe: JASA 116, 2004 (tuning).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import NamedTuple, TypedDict, cast

from formant_dsp.model.evenness import numbers_with
from formant_dsp.model.params import ALGORITHMS, Range
from formant_dsp.model.params import RANGES as VOICE_RANGES
from formant_dsp.model.vowels import Vowel
from formant_dsp.touch.mapping import sung

NEUTRAL_EFFORT = 0.8
"""The effort that the tables are taken to have been sung with. At this effort only the level changes."""

RING_HZ = {"bass": 2400.0, "baritone": 2600.0, "tenor": 2800.0, "alto": 3000.0, "soprano": 3300.0}
"""Centre of the singer's formant of each voice, Hz."""

RANGES = {
    "effort": Range("", 0.0, 1.0, NEUTRAL_EFFORT),
    "falsetto": Range("share", 0.0, 1.0, 0.0),
    "breath": Range("share", 0.0, 1.0, 0.0),
    "whisper": Range("share", 0.0, 1.0, 0.0),
    "ring": Range("share", 0.0, 1.0, 0.0),
    "ring_hz": Range("Hz", 2000.0, 4000.0, RING_HZ["tenor"]),
    "tuning": Range("share", 0.0, 1.0, 1.0),
    "damping": Range("share", 0.0, 1.0, 1.0),
    "larynx": Range("share", 0.0, 1.0, 1.0),
    "tract_size": Range("× length", 0.6, 1.6, 1.0),
    "onset": Range("", -1.0, 1.0, 0.0),
}


@dataclass(frozen=True, slots=True)
class Expression:
    """How a vowel is sung.

    effort       0 … 1: from nearly silent to full voice (0.8: as in the table)
    falsetto     0 chest … 1 falsetto
    breath       0 … 1: breathiness of the voice
    whisper      0 … 1: how much noise replaces the voice
    ring         0 … 1: strength of the singer's formant
    ring_hz      2,000 … 4,000 Hz: centre of the singer's formant (RING_HZ)
    tuning       0 … 1: how far F1 and F2 rise with a pitch that would pass them (sopranos do this, men hardly)
    damping      0 … 1: how far the whistle is removed where a harmonic of a high note meets a formant
    larynx       0 … 1: how far the larynx rises with the pitch
    tract_size   0.6 … 1.6 times the length of the table's tract
    onset        -1: each note begins breathy … 0: as effort or velocity choose … 1: each begins with a glottal stop
    error        ValueError naming the field, its value and its range
    """

    effort: float = RANGES["effort"].default
    falsetto: float = RANGES["falsetto"].default
    breath: float = RANGES["breath"].default
    whisper: float = RANGES["whisper"].default
    ring: float = RANGES["ring"].default
    ring_hz: float = RANGES["ring_hz"].default
    tuning: float = RANGES["tuning"].default
    damping: float = RANGES["damping"].default
    larynx: float = RANGES["larynx"].default
    tract_size: float = RANGES["tract_size"].default
    onset: float = RANGES["onset"].default

    def __post_init__(self) -> None:
        for item in fields(self):
            object.__setattr__(self, item.name, RANGES[item.name].check(item.name, getattr(self, item.name)))


class Sung(TypedDict):
    """Fields of VoiceParams that an expression changes, in their units."""

    voicing: float
    voiced: float
    breath: float
    resonance: float
    swell: float
    jitter_percent: float
    shimmer_db: float
    tilt_db: float
    air_hz: float


class Expressed(NamedTuple):
    """A vowel as it is sung, its level in dB, and further fields of VoiceParams by name.

    With this level the rms of the voice is -40 + 40 E dB re level 0, at every pitch and vowel."""

    vowel: Vowel
    level_db: float
    fields: Sung


def express(
    vowel: Vowel,
    f0_hz: float,
    expression: Expression,
    base: Mapping[str, float] | None = None,
    *,
    effort: float | None = None,
    algorithm: str = ALGORITHMS[0],
) -> Expressed:
    """One vowel at one pitch, sung with one expression.

    vowel      of any table, path or plane
    f0_hz      > 0 Hz
    base       voice parameters before the expression ("voicing", "breath", "voiced", "resonance", "swell",
               "jitter_percent", "shimmer_db", "tilt_db", "air_hz") and those that the level depends on (evenness.py);
               others have their defaults
    effort     0 … 1, clamped: replaces the expression's effort, for a surface that measures pressure
    algorithm  of params.ALGORITHMS; the level depends on it
    error      ValueError when the sung vowel is outside the ranges of `Vowel`
    """
    e = expression.effort if effort is None else min(max(effort, 0.0), 1.0)
    numbers = numbers_with({**(base or {}), "f0_hz": f0_hz})
    values = sung(numbers, vowel, ALGORITHMS.index(algorithm), _values(expression), e, LEAST, MOST)
    n = len(LEAST)
    return Expressed(
        Vowel(values[n : n + 5], values[n + 5 : n + 10], values[n + 10 :]),
        values[_LEVEL],
        cast(Sung, {name: values[place] for name, place in _CHANGED.items()}),
    )


OF_ONSET: Mapping[str, tuple[float, float, float]] = {
    "attack_s": (0.09, 0.025, 0.008),
    "breath_lead_s": (0.07, 0.0, 0.0),
    "onset_tilt_db": (12.0, 5.0, -2.0),
    "scoop_cents": (60.0, 30.0, 0.0),
}
"""The parameters of a breathy, a simultaneous and a glottal onset (touch/onset.pxd)."""
SUNG_BY = ("voice", "natural")
"""Algorithms of voices that begin as a singer does."""


def onset(expression: Expression, effort: float, vel: float | None = None) -> dict[str, float]:
    """The onset that an effort 0 … 1, or the velocity 0 … 1 of a key, chooses: fields of VoiceParams."""
    chosen = min(max(1.25 * (effort - 0.4), 0.0), 1.0) if vel is None else vel
    place = min(max(chosen + expression.onset, 0.0), 1.0)
    share = 2.0 * place if place < 0.5 else 2.0 * place - 1.0
    return {name: (a + (b - a) * share if place < 0.5 else b + (c - b) * share) for name, (a, b, c) in OF_ONSET.items()}


LEAST, MOST = tuple(r.low for r in VOICE_RANGES.values()), tuple(r.high for r in VOICE_RANGES.values())
"""Bounds of the numbers of a voice, in the order of params.RANGES."""

_PLACES = {name: place for place, name in enumerate(VOICE_RANGES)}
_LEVEL = _PLACES["level_db"]
_CHANGED = {name: _PLACES[name] for name in Sung.__annotations__}
_values = attrgetter(*RANGES)
