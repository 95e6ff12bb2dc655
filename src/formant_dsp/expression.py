"""What a singer does with a vowel: effort, breath, ring, tuning and size, as one gesture each.

`express(vowel, f0_hz, expression)` turns a vowel of a table into the vowel that is sung at this pitch in this way, its
level (evenness.pyx), and the fields of `VoiceParams` that go with it. At event rate, 15 µs; the audio side smooths. No
output has a step anywhere, whatever moves.

    effort E    rms -40 + 40 E dB at every pitch, in every vowel; two low-passes, T1 = 27 - 21 E and T2 = 11 - 11 E dB
                down at 3 kHz (falsetto 45 - 36 E and 20 - 18.5 E); F1 rises 3.5 Hz a dB; open quotient 0.90 - 0.43 E
                (0.98 - 0.28 E), which is how strong the fundamental is; jitter and shimmer shrink. At E = 0.8 a vowel
                sounds as in its table. The residue voice, whose levels are not its own, has the tilt in its source:
                one pole of T1 + T2 dB
    breath b    noise; fundamental up 6 b dB; 12 b dB less at 3 kHz; B1 wider by (1 + b)
    whisper w   the voice gives way to noise; F1 rises 12 w %
    ring ρ      F3, F4, F5 drawn to the ring's centre by 1 - 0.6 ρ, and 12 ρ dB stronger; gone at the highest pitches
    damping     a harmonic of a high note on a narrow formant whistles: from 350 Hz to 1 kHz the resonance gain, which
                lifts it 10 dB and more above its neighbours, is taken out
    tuning      F1 stays 50 Hz above f0 and F2 50 Hz above 2 f0, round the corner within ± 50 Hz
    larynx      K = 0.975 + f0/8000: the larynx rises with the pitch and shortens the tract
    tract_size  its length: 1.1 sounds larger

Sources: Feugère, d'Alessandro, Doval, Perrotin: Cantor Digitalis. EURASIP JASMP 2017:2 (level, tilt, F1, open quotient,
tuning, whistling, larynx). — Fant, G.: The voice source in connected speech. Speech Communication 22, 1997 (H1-H2 =
-7.6 + 11.1 Oq dB). — Klatt, Klatt: JASA 87, 1990 (breathiness). — Sundberg: JASA 55, 1974; J. Voice 15, 2001;
Berndtsson, Sundberg: STL-QPSR 35(4), 1994 (ring). — Joliveau, Smith, Wolfe: JASA 116, 2004 (tuning).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import NamedTuple

from formant_dsp.evenness import rms_error_db
from formant_dsp.params import ALGORITHMS, Range
from formant_dsp.params import RANGES as VOICE_RANGES
from formant_dsp.tract import smooth_max
from formant_dsp.vowels import Vowel

NEUTRAL_EFFORT = 0.8
"""The effort that tables were sung with: there the gesture changes nothing but the level."""

RING_HZ = {"bass": 2400.0, "baritone": 2600.0, "tenor": 2800.0, "alto": 3000.0, "soprano": 3300.0}
"""Centre of the singer's formant by voice."""

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
}


@dataclass(frozen=True, slots=True)
class Expression:
    """How a vowel is sung.

    effort       0 … 1: from nearly nothing to full voice (0.8: as in the table)
    falsetto     0 chest … 1 falsetto
    breath       0 … 1: breathiness of the voice
    whisper      0 … 1: how far the voice gives way to noise
    ring         0 … 1: singer's formant
    ring_hz      2,000 … 4,000 Hz, its centre (RING_HZ)
    tuning       0 … 1: formants follow a pitch that would leave them behind (sopranos do; men hardly)
    damping      0 … 1: high notes do not whistle where a harmonic meets a formant
    larynx       0 … 1: the larynx rises with the pitch
    tract_size   0.6 … 1.6 times the length of the tract of the table
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

    def __post_init__(self) -> None:
        for item in fields(self):
            object.__setattr__(self, item.name, RANGES[item.name].check(item.name, getattr(self, item.name)))


class Expressed(NamedTuple):
    """A vowel as it is sung, its level in dB, and further fields of VoiceParams.

    With this level the rms of the voice is -40 + 40 E dB re that of level 0, whatever the pitch and the vowel."""

    vowel: Vowel
    level_db: float
    fields: dict[str, float]


def express(
    vowel: Vowel,
    f0_hz: float,
    expression: Expression,
    base: Mapping[str, float] | None = None,
    *,
    effort: float | None = None,
    algorithm: str = ALGORITHMS[0],
) -> Expressed:
    """One vowel at one pitch, sung so.

    vowel      of any table, path or plane
    f0_hz      > 0 Hz
    base       voice parameters the gesture starts from ("voicing", "breath", "voiced", "resonance", "jitter_percent",
               "shimmer_db", "tilt_db") and that the level depends on (evenness.py); others have their defaults
    effort     0 … 1 instead of the expression's, for a surface that feels pressure; moved into the range
    algorithm  of params.ALGORITHMS, which the level depends on
    """
    base = base or {}
    e = expression.effort if effort is None else min(max(effort, 0.0), 1.0)
    b, falsetto, whisper = expression.breath, expression.falsetto, expression.whisper
    loudness = 40.0 * (e - NEUTRAL_EFFORT)

    # Centres
    size = (1.0 + expression.larynx * (f0_hz / 8000.0 - 0.025)) / expression.tract_size
    f1, f2, f3, f4, f5 = vowel.frequency_hz
    # 3.5 Hz a dB at 500 Hz and in proportion elsewhere, or a soft i would have no F1 left.
    f1 *= size * (1.0 + 0.007 * loudness) * (1.0 + 0.12 * whisper)
    f2 *= size
    ring = expression.ring * (1.0 - _smoothstep((f0_hz - 700.0) / 400.0))
    draw, centre = 1.0 - 0.6 * ring, 0.6 * ring * expression.ring_hz
    f3, f4, f5 = size * f3 * draw + centre, size * f4 * draw + centre, size * f5 * draw + centre
    if expression.tuning:
        f1 += expression.tuning * (smooth_max(f1, f0_hz + 50.0, _CORNER_HZ) - f1)
        f2 += expression.tuning * (smooth_max(f2, 2.0 * f0_hz + 50.0, _CORNER_HZ) - f2)
    f2 = smooth_max(f2, f1 + _APART_HZ, _APART_CORNER_HZ)
    f3 = smooth_max(f3, f2 + _APART_HZ, _APART_CORNER_HZ)
    f4 = smooth_max(f4, f3 + _APART_HZ, _APART_CORNER_HZ)
    f5 = smooth_max(f5, f4 + _APART_HZ, _APART_CORNER_HZ)

    # Levels: what the low-passes take away more, or less, than at neutral effort
    t1 = 27.0 - 21.0 * e + falsetto * (18.0 - 15.0 * e)
    t2 = 11.0 - 11.0 * e + falsetto * (9.0 - 7.5 * e)
    c1, c2, c3 = _corner(t1), _corner(t2), _corner(12.0 * b)

    def tilt_db(f_hz: float) -> float:
        q = f_hz * f_hz
        taken = (1.0 + q * c1) * (1.0 + q * c2) * (1.0 + q * c3)
        return 10.0 * math.log10((1.0 + q * _NEUTRAL_1) * (1.0 + q * _NEUTRAL_2) / taken)

    a1, a2, a3, a4, a5 = vowel.level_db
    first, gain = tilt_db(f1), 12.0 * ring
    level = (
        a1,
        _heard(a2 + tilt_db(f2) - first),
        _heard(a3 + tilt_db(f3) - first + gain),
        _heard(a4 + tilt_db(f4) - first + gain),
        _heard(a5 + tilt_db(f5) - first + gain),
    )
    w1, *widths = vowel.bandwidth_hz

    # The fundamental: tilt between f0 and F1, open quotient, breath
    open_quotient = 0.90 - 0.43 * e + falsetto * (0.08 + 0.15 * e)
    h1_db = tilt_db(min(f0_hz, f1)) - first + 11.1 * (open_quotient - _NEUTRAL_OPEN_QUOTIENT) + 6.0 * b
    unsteady = (1.5 - e) / (1.5 - NEUTRAL_EFFORT)
    get = base.get
    sung = Vowel((f1, f2, f3, f4, f5), (min(w1 * (1.0 + b), 2000.0), *widths), level)
    changed = {
        "voicing": min(get("voicing", _VOICING) * math.pow(10.0, h1_db / 20.0), _MOST["voicing"]),
        "voiced": get("voiced", 1.0) * (1.0 - _smoothstep(whisper)),
        "breath": min(get("breath", 0.0) + 0.4 * b * math.sqrt(b) + _smoothstep(whisper), _MOST["breath"]),
        "resonance": get("resonance", _RESONANCE) * (1.0 - expression.damping * _smoothstep((f0_hz - 350.0) / 650.0)),
        "jitter_percent": min(get("jitter_percent", 0.0) * unsteady, _MOST["jitter_percent"]),
        "shimmer_db": min(get("shimmer_db", 0.0) * unsteady, _MOST["shimmer_db"]),
        "tilt_db": min(max(get("tilt_db", 0.0) + t1 + t2 - _NEUTRAL_TILT + 12.0 * b, _TILT.low), _TILT.high),
    }
    level_db = 40.0 * e - 40.0 - rms_error_db(sung, f0_hz, algorithm, {**base, **changed})
    return Expressed(sung, level_db, changed)


_CORNER_HZ = 17.0
"""Within ± 50 Hz of the corner (three times this) the smooth maximum leaves the sharp one by more than 1 Hz."""

_APART_HZ, _APART_CORNER_HZ = 60.0, 12.0
"""Formants keep their order; 50 … 60 Hz is as close as two resonances of one tract come."""

_VOICING, _RESONANCE = VOICE_RANGES["voicing"].default, VOICE_RANGES["resonance"].default
_MOST = {name: VOICE_RANGES[name].high for name in ("voicing", "breath", "jitter_percent", "shimmer_db")}


def _corner(attenuation_db: float) -> float:
    """1/f_c² of the one-pole low-pass that takes so many dB at 3 kHz."""
    return (math.pow(10.0, attenuation_db / 10.0) - 1.0) / 9e6


_NEUTRAL_1, _NEUTRAL_2 = _corner(27.0 - 21.0 * NEUTRAL_EFFORT), _corner(11.0 - 11.0 * NEUTRAL_EFFORT)
_NEUTRAL_TILT = 27.0 - 21.0 * NEUTRAL_EFFORT + 11.0 - 11.0 * NEUTRAL_EFFORT
_TILT = VOICE_RANGES["tilt_db"]
_NEUTRAL_OPEN_QUOTIENT = 0.90 - 0.43 * NEUTRAL_EFFORT


def _smoothstep(u: float) -> float:
    u = min(max(u, 0.0), 1.0)
    return u * u * (3.0 - 2.0 * u)


def _heard(level_db: float) -> float:
    return min(max(level_db, -120.0), 24.0)
