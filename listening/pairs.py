"""The pairs: what A and B are, and what to listen for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formant_dsp import VoiceParams, Vowel, VowelPath, sung
from formant_dsp.model import tract
from formant_dsp.model.expression import Expression, express
from formant_dsp.model.tables import table
from listening import scenes
from listening.scenes import chorale, chord, held_chord, melody, note, preset, vowels

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Pair:
    """Two sounds that differ in one thing."""

    slug: str
    title: str
    question: str
    a_label: str
    b_label: str
    a: Callable[[], Array]
    b: Callable[[], Array]
    top_hz: float = 5000.0


def as_tract(vowel: Vowel) -> Vowel:
    """Centres as given, widths by Hawks & Miller, levels of the cascade: what the residue voice sings by itself."""
    centres = (*vowel.frequency_hz[:4], vowel.frequency_hz[3] + 950.0)
    widths = tuple(map(tract.bandwidth_hz, centres))
    envelope = [tract.cascade_db(hz, centres, widths) for hz in centres]
    return Vowel(centres, widths, tract.lobe_levels(envelope, centres, widths))


MEN = VowelPath(tuple(as_tract(table("h95_tokens", "men")[name]) for name in ("ɑ", "e", "i", "o", "u")))
LIFE: dict[str, Any] = {"jitter_percent": 0.35, "shimmer_db": 0.18, "flutter": 12.0, "drift_cents": 8.0, "breath": 0.02}


def as_sung(name: str, f0_hz: float, voice: str = "tenor", *, effort: float | None = None, **how: float) -> VoiceParams:
    e = express(sung(voice)[name], f0_hz, Expression(**how), effort=effort)
    return VoiceParams(f0_hz=f0_hz, vowel=e.vowel, vibrato_cents=40.0, **e.fields)


def glide(t: float) -> VoiceParams:
    share = min(max((t / 3.0 - 0.25) * 2.0, 0.0), 1.0)
    return VoiceParams(f0_hz=146.83, vowel=sung("tenor")["a"].toward(sung("tenor")["i"], share))


def shifted(f2: float) -> VoiceParams:
    vowel = sung("tenor")["a"]
    f = vowel.frequency_hz
    moved = Vowel((f[0], f[1] * f2, *f[2:]), vowel.bandwidth_hz, vowel.level_db)
    return VoiceParams(f0_hz=110.0, vowel=moved, vibrato_cents=0.0)


def slide(portamento_s: float) -> Array:
    return melody(low_hz=196.0, vowel=sung("alto")["a"], portamento_s=portamento_s)


BEFORE = {
    "air": 0.0, "wander": 0.0, "vibrato_spread": 0.0, "vibrato_drift_percent": 0.0, "unison_cents": 0.0, "swell": 0.5,
    "portamento_s": 0.02, "attack_s": 0.03, "scoop_cents": 0.0, "onset_tilt_db": 0.0, "breath_lead_s": 0.0,
}  # fmt: skip
"""Entries of [voice] with which a preset sings as before it had air, life and legato."""
PARTS = {"soprano": "soprano", "alto": "alto", "tenor": "tenor", "bass": "bass"}
"""Presets of the parts of the chorale."""
A110 = VoiceParams(f0_hz=110.0, vowel=MEN.at(0.0), vibrato_cents=0.0)

PAIRS = (
    Pair(
        "tract", "The bank and a vocal tract",
        "The bank (A) adds formants; B is the exact answer of an all-pole tract with the same centres, widths and "
        "levels. Is it one person? Where do the vowels differ?",
        "bank (voice)", "tract (natural)",
        lambda: vowels(path=MEN, f0_hz=110.0), lambda: vowels(path=MEN, f0_hz=110.0, algorithm="natural"),
    ),
    Pair(
        "skirt-and-lobe", "Skirt and voicing lobe",
        "Without them the valleys between formants and the body below the first are empty: an organ of vowels.",
        "with (voice)", "without (modfm)",
        lambda: vowels(f0_hz=110.0), lambda: vowels(f0_hz=110.0, algorithm="modfm"),
    ),
    Pair(
        "skirt", "How wide a foot", "Hollow at 0.02, nasal and dense at 0.3.", "skirt 0.02", "skirt 0.3",
        lambda: melody(skirt=0.02), lambda: melody(skirt=0.3),
    ),
    Pair(
        "resonance", "Resonance 0 and 1",
        "With vibrato the harmonics move under the formants. At 1 they get louder and softer as they pass: shimmer.",
        "resonance 0", "resonance 1",
        lambda: melody(resonance=0.0, vibrato_cents=60.0), lambda: melody(resonance=1.0, vibrato_cents=60.0),
    ),
    Pair(
        "vibrato", "Vibrato", "Does B fall apart into an organ chord? A common vibrato is what fuses its harmonics.",
        "± 50 cents", "none",
        lambda: note(VoiceParams(f0_hz=220.0, vowel=sung("soprano")["a"], vibrato_cents=50.0)),
        lambda: note(VoiceParams(f0_hz=220.0, vowel=sung("soprano")["a"], vibrato_cents=0.0)),
    ),
    Pair(
        "randomness", "Natural unsteadiness",
        "Jitter, shimmer, flutter, drift and a little breath; both have vibrato. Which one has lungs?",
        "alive", "perfect",
        lambda: melody(vibrato_cents=35.0, **LIFE), lambda: melody(vibrato_cents=35.0),
    ),
    Pair(
        "phase", "Phase: as sung, and all cosines",
        "The same harmonics with the same amplitudes at 110 Hz. In B all peaks coincide, as in the published formulas.",
        "sine carriers (the bank)", "zero phase",
        lambda: scenes.same_spectrum(note(A110), 110.0, False), lambda: scenes.same_spectrum(note(A110), 110.0, True),
    ),
    Pair(
        "chowning", "Classic FM", "The algorithm of 1980: sidebands of changing sign, narrower and more metallic.",
        "voice", "chowning", lambda: melody(), lambda: melody(algorithm="chowning"),
    ),
    Pair(
        "poisson", "Poisson kernel", "Straight skirts in dB: reedy, with more between the formants.",
        "modfm", "poisson", lambda: melody(algorithm="modfm"), lambda: melody(algorithm="poisson"),
    ),
    Pair(
        "glide", "A vowel that moves, and a cross-fade",
        "A moves the formants from a to i; B fades from one sound to the other. In B two vowels sound at once.",
        "formants move", "cross-fade",
        lambda: note(glide),
        lambda: scenes.crossfade(note(glide(0.0)), note(glide(9.0))),
    ),
    Pair(
        "effort", "Effort, not volume",
        "Soft and loud singing at the same loudness: what is left is tilt, F1 and the strength of the fundamental.",
        "effort 0.3", "effort 1",
        lambda: note(as_sung("a", 165.0, effort=0.3)), lambda: note(as_sung("a", 165.0, effort=1.0)),
    ),
    Pair(
        "ring", "Singer's formant", "F3, F4, F5 drawn together near 2.8 kHz: what carries over an orchestra.",
        "ring 0", "ring 1",
        lambda: note(as_sung("o", 165.0, ring=0.0)), lambda: note(as_sung("o", 165.0, ring=1.0)),
    ),
    Pair(
        "tuning", "Formant tuning at 698 Hz",
        "A soprano's i at F5: its F1 lies an octave below. In A it follows the pitch, as sopranos do.",
        "tuning 1", "tuning 0",
        lambda: note(as_sung("i", 698.46, "soprano")), lambda: note(as_sung("i", 698.46, "soprano", tuning=0.0)),
    ),
    Pair(
        "singer", "The singer, now and before",
        "The tenor of a chorale. B has no air, no wander and no onset of its own; it is keyed, and its vibrato hardly "
        "swells.",
        "now", "before",
        lambda: chorale({"tenor": "tenor"}, 1), lambda: chorale({"tenor": "tenor"}, 1, **BEFORE), 12_000.0,
    ),
    Pair(
        "air", "Air", "What is above 5.5 kHz. Is A closer, or only brighter?", "air 1", "air 0",
        lambda: melody(air=1.0, **LIFE), lambda: melody(**LIFE), 16_000.0,
    ),
    Pair(
        "whisper", "Whisper, now and before", "Before (B), there was nothing between and above the bands: it whistled.",
        "now", "before", lambda: preset("whisper", f0_hz=(165.0,)), scenes.older_whisper, 12_000.0,
    ),
    Pair(
        "chord", "Four fingers, four people",
        "In A each note has its own vibrato; in B all swing together, as before. Which one is a section of singers?",
        "free", "locked",
        lambda: held_chord(vibrato_cents=50.0),
        lambda: held_chord(vibrato_cents=50.0, vibrato_spread=0.0, vibrato_drift_percent=0.0),
    ),
    Pair(
        "legato", "Legato, and a key switch",
        "A takes the time of a singer from note to note and goes a little too far; B moves within 20 ms, as before.",
        "legato by law", "keyed",
        lambda: melody(vibrato_cents=40.0), lambda: melody(vibrato_cents=40.0, portamento_s=0.02),
    ),
    Pair(
        "chorale", "Four parts",
        "Old Hundredth (1551). In B each note is keyed and all vibratos are alike.",
        "singers", "keyed and locked",
        lambda: chorale(PARTS),
        lambda: chorale(PARTS, portamento_s=0.02, vibrato_spread=0.0, vibrato_drift_percent=0.0),
    ),
    Pair(
        "chorale-many", "Four parts, one by one and in sections", "The same by four singers, and by four choirs.",
        "four singers", "choirs",
        lambda: chorale(PARTS), lambda: chorale(dict.fromkeys(PARTS, "choir")),
    ),
    Pair(
        "portamento", "Portamento", "An S in log frequency, 20 ms and 250 ms from 10 to 90 %.",
        "20 ms", "250 ms", lambda: slide(0.02), lambda: slide(0.25),
    ),
    Pair(
        "choir", "One singer and six", "Six singers a finger, each with a pitch, a vibrato and a place of their own.",
        "alto", "choir", lambda: preset("alto"), lambda: preset("choir", channels=2),
    ),
    Pair(
        "breath", "Breath and whisper", "Half air, all air: noise at the same formants.",
        "breathy", "whisper", lambda: preset("breathy"), lambda: preset("whisper"),
    ),
    Pair(
        "size", "Child and giant", "Any vowel of the chart, in a small and in a huge tract.",
        "child", "giant", lambda: preset("child"), lambda: preset("giant"),
    ),
    Pair(
        "zing", "Zing", "The formants as pairs of harmonics without a pulse, ring-modulated by the fundamental: metal.",
        "zing 0", "zing 0.8", lambda: melody(), lambda: melody(zing=0.8),
    ),
    Pair(
        "symmetry", "Phase symmetry", "The carriers turn unevenly: a fifth of their turn in half of the period.",
        "symmetry 0.5", "symmetry 0.2", lambda: melody(), lambda: melody(symmetry=0.2),
    ),
    Pair(
        "ancestors", "Two ancestors", "Even and odd carriers with a constant index (Chafe 2013); a plane of vowels.",
        "even-odd", "plane", lambda: preset("even-odd"), lambda: preset("plane"),
    ),
    Pair(
        "limiter", "Eight fingers",
        "The same chord 14 dB below the limiter and into it, brought to the same loudness. Does B pump?",
        "free", "limited", lambda: chord("tenor", -14.0), lambda: chord("tenor", 0.0),
    ),
    Pair(
        "inaudible", "For the ears: just not", "F2 moved by 0.5 %: D is below 2.4. Nobody should pass the blind test.",
        "F2", "F2 + 0.5 %", lambda: note(shifted(1.0)), lambda: note(shifted(1.005)),
    ),
    Pair(
        "audible", "For the ears: just so", "F2 moved by 5 %: most people hear it.",
        "F2", "F2 + 5 %", lambda: note(shifted(1.0)), lambda: note(shifted(1.05)),
    ),
)  # fmt: skip
