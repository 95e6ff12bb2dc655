"""Scala keyboard mappings (`.kbm`): which key of a keyboard plays which degree of a scale, and how high."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from formant_net.tuning.scl import MOST_BYTES, MOST_STEPS, NUMBER, Scale, TuningError, lines_of

KEYS = 128
MIDDLE_C = 60
Keys = tuple[float | None, ...]
"""The pitch of each key 0…127 as a MIDI number (69 = 440 Hz); None: the key is silent."""

_FIELDS = (
    "the size of the map",
    "the first key",
    "the last key",
    "the middle key",
    "the reference key",
    "the reference frequency",
    "the degree of the formal octave",
)
_LOW_HZ, _HIGH_HZ = 1.0, 20_000.0


@dataclass(frozen=True, slots=True)
class Mapping:
    """A keyboard mapping.

    degrees      of the keys from `middle` on, over and over; None: silent. Empty: each key is the next degree
    first, last  keys that are tuned, 0…127. The others keep equal temperament
    middle       the key that plays degrees[0]; any whole number that a file may hold
    reference    the key, 0…127, that has the pitch `pitch` (a MIDI number)
    octave       the degree at which the map begins anew; 0: the scale's period
    """

    degrees: tuple[int | None, ...] = ()
    first: int = 0
    last: int = KEYS - 1
    middle: int = MIDDLE_C
    reference: int = MIDDLE_C
    pitch: float = float(MIDDLE_C)
    octave: int = 0


def rooted(root: float) -> Mapping:
    """Each key is the next degree, and the key nearest to `root` (a MIDI number) is degree 0 with just that pitch."""
    key = min(max(round(root), 0), KEYS - 1)
    return Mapping(middle=key, reference=key, pitch=root)


def parse_kbm(data: bytes) -> Mapping:
    """The mapping of a file.

    error     TuningError, which names the field
    source    Scala keyboard mapping format, huygens-fokker.org/scala/help.htm#mappings
    """
    if len(data) > MOST_BYTES:
        raise TuningError(f"{len(data)} bytes are too many for a keyboard mapping ({MOST_BYTES} at most)")
    words = [line.split()[0] for line in lines_of(data) if line.strip() and not line.lstrip().startswith("!")]
    if len(words) < len(_FIELDS):
        raise TuningError(f"{_FIELDS[len(words)]} is missing: a keyboard mapping begins with {len(_FIELDS)} numbers")
    size = _whole(words, 0, 0, MOST_STEPS)
    first, last = _whole(words, 1, 0, KEYS - 1), _whole(words, 2, 0, KEYS - 1)
    middle, reference = _whole(words, 3, -MOST_STEPS, MOST_STEPS), _whole(words, 4, 0, KEYS - 1)
    octave = _whole(words, 6, 0, MOST_STEPS)
    hz = float(words[5]) if NUMBER.fullmatch(words[5]) else math.nan
    if not _LOW_HZ <= hz <= _HIGH_HZ:
        raise TuningError(f"{_FIELDS[5]} is {words[5][:20]!r}: write Hz within {_LOW_HZ:g} … {_HIGH_HZ:g}")
    entries = words[len(_FIELDS) : len(_FIELDS) + size]
    degrees = [_entry(word) for word in entries] + [None] * (
        size - len(entries)
    )  # the last silent ones may be left out
    if size and all(each is None for each in degrees):
        raise TuningError("every key is silent ('x'): map one key at least")
    return Mapping(tuple(degrees), first, last, middle, reference, 69.0 + 12.0 * math.log2(hz / 440.0), octave)


def keys_of(scale: Scale, mapping: Mapping) -> Keys:
    """The pitch of every key.

    error    TuningError: the reference key is silent, or pitches are out of all bounds
    """
    reference = _cents(scale, mapping, mapping.reference)
    if reference is None:
        raise TuningError(f"the reference key {mapping.reference} is silent in the map: give the frequency of another")
    pitches: list[float | None] = []
    for key in range(KEYS):
        if not mapping.first <= key <= mapping.last:
            pitches.append(float(key))
            continue
        cents = _cents(scale, mapping, key)
        pitches.append(None if cents is None else mapping.pitch + (cents - reference) / 100.0)
    return tuple(pitches)


def doubts(scale: Scale, mapping: Mapping) -> list[str]:
    """What other programs may understand in another way."""
    if mapping.degrees and mapping.octave not in (0, len(scale.cents)):
        return [
            f"the map begins anew at degree {mapping.octave}, and the scale has {len(scale.cents)} notes: "
            "programs disagree about such files"
        ]
    return []


def _cents(scale: Scale, mapping: Mapping, key: int) -> float | None:
    """Cents of a key above the middle key's degree 0."""
    if not mapping.degrees:
        return scale.degree(key - mapping.middle)
    rounds, place = divmod(key - mapping.middle, len(mapping.degrees))
    degree = mapping.degrees[place]
    return None if degree is None else rounds * scale.degree(mapping.octave or len(scale.cents)) + scale.degree(degree)


def _whole(words: list[str], field: int, low: int, high: int) -> int:
    word = words[field]
    if not re.fullmatch(r"[-+]?[0-9]{1,6}", word) or not low <= int(word) <= high:
        raise TuningError(f"{_FIELDS[field]} is {word[:20]!r}: write a whole number within {low} … {high}")
    return int(word)


def _entry(word: str) -> int | None:
    if word in ("x", "X"):
        return None
    if not re.fullmatch(r"[-+]?[0-9]{1,6}", word):
        raise TuningError(f"{word[:20]!r} in the map is no degree: write a whole number, or x for a silent key")
    return int(word)
