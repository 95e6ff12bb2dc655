"""Correction of loudness: how far a voice's rms differs from the bank's estimate at one pitch.

touch/evenness.pxd has the reason and the arithmetic. Every touch uses it: 5 µs.
"""

from __future__ import annotations

from collections.abc import Mapping

from formant_dsp.model.params import ALGORITHMS, RANGES
from formant_dsp.model.vowels import Vowel
from formant_dsp.touch.mapping import error_db


def numbers_with(fields: Mapping[str, float]) -> list[float]:
    """The numbers of a voice in the order of RANGES: those of `fields`, and the defaults of all others."""
    return [fields.get(name, bounds.default) for name, bounds in RANGES.items()]


def rms_error_db(vowel: Vowel, f0_hz: float, algorithm: str, fields: Mapping[str, float]) -> float:
    """Level of a steady voice relative to its nominal level, dB.

    vowel      five formants as the voice gets them
    f0_hz      > 0 Hz
    algorithm  of params.ALGORITHMS; 0 dB for the residue voice, whose level is exact
    fields     "skirt", "skirt_width_hz", "voicing", "voicing_width_hz", "resonance", "voiced", "breath", "zing",
               "zing_morph"; missing ones
               have their defaults. The level of unvoiced bands is exact
    error      0.15 dB against a render; the fade of formants near half the sample rate is not included
    """
    return error_db(numbers_with({**fields, "f0_hz": f0_hz}), vowel, ALGORITHMS.index(algorithm))
