"""Conversions between the units of musicians and those of the bank."""

from __future__ import annotations

import math


def db_to_gain(level_db: float) -> float:
    """Linear gain of a level in decibels."""
    return math.pow(10.0, level_db / 20.0)


def gain_to_db(gain: float) -> float:
    """Level in decibels of a linear gain > 0."""
    return 20.0 * math.log10(gain)


def cents(f_hz: float, reference_hz: float) -> float:
    """Interval from `reference_hz` to `f_hz` in cents; both > 0 Hz."""
    return 1200.0 * math.log2(f_hz / reference_hz)


def note_to_hz(note: float) -> float:
    """Frequency, Hz, of a MIDI note number (69 = A4 = 440 Hz); fractions are allowed."""
    return 440.0 * math.exp2((note - 69.0) / 12.0)


def hz_to_note(f_hz: float) -> float:
    """MIDI note number, with fraction, of a frequency > 0 Hz."""
    return 69.0 + 12.0 * math.log2(f_hz / 440.0)
