"""Pitches as people write them: names of notes, MIDI numbers, Hz."""

from __future__ import annotations

import math
import re

LOW, HIGH = 0.0, 135.0
"""MIDI numbers that a message may have. A synth sings 15.5 … 107.2 (20 … 4,000 Hz) and keeps to that."""
_NAME = re.compile(r"([A-Ga-g])([#♯b♭]{0,2})(-?[0-9])")
_STEPS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_SIGNS = {"#": 1, "♯": 1, "b": -1, "♭": -1}

Pitch = str | float
"""A name such as "A3", "C#4" or "Bb2" (A4 is 440 Hz), or a MIDI number: 69 is 440 Hz, 60.5 a quarter tone above C4."""


def note_of(pitch: Pitch | None, hz: float | None = None) -> float:
    """The MIDI number of a pitch, or of a frequency in Hz; one of the two is given. Raises ValueError in words."""
    if (pitch is None) == (hz is None):
        raise ValueError('give a pitch, such as "A3" or 57, or hz=220: one of the two')
    if hz is not None:
        if not (math.isfinite(hz) and hz > 0.0):
            raise ValueError(f"hz={hz} must be above 0")
        note = 69.0 + 12.0 * math.log2(hz / 440.0)
    elif isinstance(pitch, str):
        note = _named(pitch)
    else:
        note = float(pitch or 0.0)
    if not LOW <= note <= HIGH:  # also refuses what is no number
        said = f"{hz} Hz" if hz is not None else repr(pitch)
        raise ValueError(f"the pitch {said} must be within {LOW:g} … {HIGH:g} as a MIDI number; 69 is 440 Hz")
    return note


def _named(name: str) -> float:
    found = _NAME.fullmatch(name.strip())
    if found is None:
        raise ValueError(f'{name!r} is no pitch: write "A3", "C#4" or "Bb2" (A4 is 440 Hz), or a MIDI number')
    letter, signs, octave = found.groups()
    return 12.0 * (int(octave) + 1) + _STEPS[letter.lower()] + sum(_SIGNS[sign] for sign in signs)
