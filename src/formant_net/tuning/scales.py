"""Scales by name: some degrees of a tuning, from a root on."""

from __future__ import annotations

import re
from collections.abc import Mapping as Dict
from types import MappingProxyType

from formant_net.tuning.scl import MOST_STEPS, NUMBER, Scale, TuningError

ALL = "all"
"""Every degree of the tuning."""

SCALES: Dict[str, tuple[int, ...]] = MappingProxyType(
    {
        "major": (0, 2, 4, 5, 7, 9, 11),
        "minor": (0, 2, 3, 5, 7, 8, 10),
        "harmonic-minor": (0, 2, 3, 5, 7, 8, 11),
        "melodic-minor": (0, 2, 3, 5, 7, 9, 11),
        "dorian": (0, 2, 3, 5, 7, 9, 10),
        "phrygian": (0, 1, 3, 5, 7, 8, 10),
        "lydian": (0, 2, 4, 6, 7, 9, 11),
        "mixolydian": (0, 2, 4, 5, 7, 9, 10),
        "locrian": (0, 1, 3, 5, 6, 8, 10),
        "pentatonic": (0, 2, 4, 7, 9),
        "minor-pentatonic": (0, 3, 5, 7, 10),
        "blues": (0, 3, 5, 6, 7, 10),
        "whole-tone": (0, 2, 4, 6, 8, 10),
        "octatonic": (0, 2, 3, 5, 6, 8, 9, 11),
    }
)
"""Semitones of equal temperament above the root."""

_NAME = re.compile(r"([A-Ga-g])([#♯b♭]?)(-?[0-9])?")
_SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_OCTAVE_WITHIN_CENTS = 50.0
"""How far from 1,200 cents a period still counts as an octave: a named scale can be found in it."""


def root_of(text: str) -> float:
    """The MIDI number of a root: a note (`D`, `F#`, `Bb3`; C4 is 60, and no octave means 4) or a number 0…127.

    error    TuningError
    """
    if (name := _NAME.fullmatch(text.strip())) is not None:
        shift = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}[name[2]]
        octave = 4 if name[3] is None else int(name[3])
        pitch = float(12 * (octave + 1) + _SEMITONES[name[1].upper()] + shift)
    else:
        pitch = float(text) if NUMBER.fullmatch(text.strip()) else -1.0
    if not 0.0 <= pitch <= 127.0:
        raise TuningError(f"{text!r} is no root: write a note such as D, F# or Bb3, or a MIDI number within 0 … 127")
    return pitch


def degrees_of(text: str, tuning: Scale) -> tuple[int, ...]:
    """The degrees of a tuning that a scale uses, in rising order.

    text    `all`, a name of SCALES, or degrees as whole numbers, `0,2,3,7`. A named scale takes the degrees that lie
            nearest to its semitones
    error   TuningError
    """
    count = len(tuning.cents)
    if text == ALL:
        return tuple(range(count))
    if text in SCALES:
        return _nearest(text, tuning)
    if not re.fullmatch(r"[0-9]{1,4}(,[0-9]{1,4}){0,%d}" % (MOST_STEPS - 1), text):  # noqa: UP031
        raise TuningError(
            f"{text!r} is no scale: use {ALL}, {', '.join(SCALES)}, or degrees of the tuning such as 0,2,4,7"
        )
    degrees = tuple(sorted({int(one) for one in text.split(",")}))
    if degrees[-1] >= count:
        raise TuningError(f"degree {degrees[-1]} of {text!r}: the tuning has the degrees 0 … {count - 1}")
    return degrees


def _nearest(name: str, tuning: Scale) -> tuple[int, ...]:
    count = len(tuning.cents)
    if abs(tuning.period - 1200.0) > _OCTAVE_WITHIN_CENTS or count < 12:
        raise TuningError(
            f"the scale {name!r} needs a tuning with 12 notes or more to the octave; this one has {count} to "
            f"{tuning.period:.0f} cents. Use {ALL}, or degrees such as 0,2,4"
        )
    if count == 12:
        return SCALES[name]

    def nearest(cents: float) -> int:
        return min(range(count), key=lambda degree: abs(tuning.degree(degree) - cents))

    return tuple(sorted({nearest(100.0 * semitone) for semitone in SCALES[name]}))
