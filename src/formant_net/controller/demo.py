"""A short built-in phrase for three voices, so that a new ensemble can be heard without a player."""

from __future__ import annotations

from dataclasses import dataclass

from formant_net.protocol.gesture import TimedTouch

STEP_S = 0.02
GLIDE_S = 0.16
"""A sung portamento takes 100 to 200 ms; below that it sounds like keys."""
SEMITONES = 36
"""The surface's three octaves, A2 at x = 0."""
_A, _E, _I, _O, _U = 0.0, 0.25, 0.5, 0.75, 1.0


@dataclass(frozen=True, slots=True)
class _Note:
    """From `start_s` on: semitones above A2, and the vowel that is reached when the note ends."""

    start_s: float
    semitone: float
    vowel: float


@dataclass(frozen=True, slots=True)
class _Phrase:
    """One breath of one finger: legato notes, lifted at `end_s`."""

    finger: int
    first_vowel: float
    notes: tuple[_Note, ...]
    end_s: float


# A – D – E – A: a bass on a drone, a middle voice a third above, a melody that re-attacks on the strong beats.
PHRASES = (
    _Phrase(0, _U, (_Note(0.0, 0, _O), _Note(2.8, 5, _A), _Note(5.2, 7, _O), _Note(7.6, 0, _U)), 10.4),
    _Phrase(1, _O, (_Note(0.8, 16, _A), _Note(2.8, 17, _O), _Note(5.2, 14, _A), _Note(7.6, 16, _U)), 10.2),
    _Phrase(2, _A, (_Note(1.6, 19, _A), _Note(2.2, 21, _E)), 2.7),
    _Phrase(2, _A, (_Note(2.9, 24, _A), _Note(3.7, 26, _E), _Note(4.3, 24, _I)), 5.0),
    _Phrase(2, _A, (_Note(5.3, 23, _E), _Note(6.1, 26, _I), _Note(6.7, 23, _O)), 7.3),
    _Phrase(2, _O, (_Note(7.6, 24, _A), _Note(9.0, 24, _O)), 9.8),
)


def demo() -> list[TimedTouch]:
    """The phrase as timed touches: 10.4 s, at most three fingers, glides in pitch and vowel; always the same."""
    touches = [touch for phrase in PHRASES for touch in _play(phrase)]
    return sorted(touches, key=lambda touch: touch.t)


def _play(phrase: _Phrase) -> list[TimedTouch]:
    begin = phrase.notes[0].start_s
    steps = round((phrase.end_s - begin) / STEP_S)
    touches = [_at(phrase, round(begin + i * STEP_S, 3), active=True) for i in range(steps)]
    return [*touches, _at(phrase, phrase.end_s, active=False)]


def _at(phrase: _Phrase, t: float, *, active: bool) -> TimedTouch:
    sounding = [i for i, note in enumerate(phrase.notes) if note.start_s <= t]
    index = sounding[-1]
    note = phrase.notes[index]
    before = phrase.notes[index - 1] if index else note
    after_s = phrase.notes[index + 1].start_s if index + 1 < len(phrase.notes) else phrase.end_s
    semitone = _blend(before.semitone, note.semitone, (t - note.start_s) / GLIDE_S)
    vowel_before = before.vowel if index else phrase.first_vowel
    vowel = _blend(vowel_before, note.vowel, (t - note.start_s) / (after_s - note.start_s))
    return TimedTouch(t, phrase.finger, round(semitone / SEMITONES, 6), round(vowel, 6), active=active)


def _blend(a: float, b: float, u: float) -> float:
    """From a to b as u goes from 0 to 1, starting and ending at rest (smoothstep)."""
    u = min(1.0, max(0.0, u))
    return a + (b - a) * u * u * (3.0 - 2.0 * u)
