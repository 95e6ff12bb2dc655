"""What a program gives for a voice, checked: each error says what is wrong and what is allowed."""

from __future__ import annotations

from formant_net.ensemble.performance import Change, Tone
from formant_net.ensemble.pitch import Pitch, note_of
from formant_net.protocol.gesture import Vowel


def unit(name: str, value: float | None) -> float | None:
    if value is not None and not 0.0 <= value <= 1.0:
        raise ValueError(f"{name}={value} must be within 0 … 1")
    return value


def length(seconds: float) -> float:
    if not 0.0 < seconds < 1e6:
        raise ValueError(f"seconds={seconds} must be above 0")
    return float(seconds)


def tone_of(note: float, vowel: Vowel | None, effort: float | None) -> Tone:
    return Tone(note, 0.0 if vowel is None else _place(vowel), unit("effort", effort))


def _place(vowel: Vowel) -> Vowel:
    if isinstance(vowel, int | float):
        return float(unit("vowel", vowel) or 0.0)
    return vowel


def change_of(
    pitch: Pitch | None, hz: float | None, vowel: Vowel | None, effort: float | None, *, some: bool = True
) -> Change:
    note = None if pitch is None and hz is None else note_of(pitch, hz)
    change = Change(note, None if vowel is None else _place(vowel), unit("effort", effort))
    if some and change == Change():
        raise ValueError("give a pitch, hz, vowel or effort to move to")
    return change


def changed(tone: Tone, change: Change) -> Tone:
    """Where a tone is after a change."""
    return Tone(
        tone.note if change.note is None else change.note,
        tone.vowel if change.vowel is None else change.vowel,
        tone.effort if change.effort is None else change.effort,
    )
