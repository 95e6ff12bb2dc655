"""The vowels of a preset: a path or a plane over the vowels of a table or over the preset's own vowels."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from formant_dsp.model.params import Range
from formant_dsp.model.preset_file import OwnVowel, Vowels
from formant_dsp.model.tables import table
from formant_dsp.model.trapezium import trapezium
from formant_dsp.model.vowels import (
    FORMANTS,
    IPA_PLACES,
    PLANE_ANCHORS,
    SUNG_VOWELS,
    CornerPlane,
    Plane,
    Vowel,
    VowelPath,
    VowelPlane,
    on_way,
)
from formant_dsp.touch.mapping import place_on

INDEX_AT_HZ = 100.0
"""f0 at which FM indices are converted to widths, for a vowel that is given by indices instead of widths."""

_INDEX = Range("radians", 0.01, 1.3, 0.2)
_MISSING_DB = -120.0


@dataclass(frozen=True, slots=True)
class Walk:
    """A path over a plane for one finger: position 0 … 1 (clamped), straight lines between the corners."""

    plane: Plane
    corners: Sequence[tuple[float, float]]
    code: array[float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        kind, _, *plane = self.plane.code
        corners = (u for corner in self.corners for u in corner)
        object.__setattr__(self, "code", array("d", (kind, len(self.corners), *corners, *plane)))

    def at(self, position: float) -> Vowel:
        """The vowel at a position."""
        return on_way(self.code, position)

    def place(self, position: float) -> tuple[float, float]:
        """(backness, openness) at a position."""
        return place_on(self.code, position)


def names_along(way: VowelPath | Walk) -> tuple[str, ...]:
    """The vowels that a finger crosses, at equal steps of its position; on a plane the one nearest to each corner."""
    if isinstance(way, VowelPath):
        return tuple(vowel.name.removeprefix("key:") for vowel in way.stops)
    named = names_on(way.plane)
    return tuple(min(named, key=lambda name: math.dist(named[name], corner)) for corner in way.corners)


def names_on(plane: Plane) -> Mapping[str, tuple[float, float]]:
    """The vowels of a plane and where they lie on it; on the chart by formula those of the IPA."""
    if isinstance(plane, VowelPlane):
        return {vowel.name: place for vowel, place in zip(plane.vowels, plane.anchors, strict=True)}
    if isinstance(plane, CornerPlane):
        corners = (plane.back_close, plane.back_open, plane.front_close, plane.front_open)
        return {vowel.name: place for vowel, place in zip(corners, CORNERS, strict=True)}
    return IPA_PLACES


_ALIKE = ("aɑæ", "eɛɪ", "oɔʊ")
"""Groups of similar vowels: singers replace one by another, and few tables have all of them."""


def with_known_vowels(vowels: Vowels) -> Vowels:
    """The same path with each vowel that the table lacks replaced by a similar one of the table, where it has one.

    A plane and a preset's own vowels stay as they are. An unknown table is left for `way_of` to report.
    """
    if vowels.own or vowels.plane is not None:
        return vowels
    try:
        known = table(vowels.table, vowels.group)
    except ValueError:
        return vowels  # `way_of` says what is wrong
    path = [
        name if name in known else next((k for kin in _ALIKE if name in kin for k in kin if k in known), name)
        for name in vowels.path
    ]
    return msgspec.structs.replace(vowels, path=tuple(path))


def way_of(vowels: Vowels) -> tuple[VowelPath | Walk, bool]:
    """The path, or the walk over a plane, of a [vowels] section; and whether the widths follow f0 (FM indices).

    error   ValueError naming the key; UnknownVowel, a KeyError, for a vowel that the table does not have
    """
    known: Mapping[str, Vowel] = {}
    if vowels.own:
        known = {own.name: _own_vowel(i, own) for i, own in enumerate(vowels.own)}
        if len({bool(own.index) for own in vowels.own}) > 1:
            raise ValueError("vowels.own: give every vowel bandwidth_hz, or every vowel index")
    elif vowels.plane != "ipa":
        try:
            known = table(vowels.table, vowels.group, vowels.bandwidths, vowels.levels)
        except ValueError as reason:
            raise ValueError(f"vowels.table: {reason}") from None
    widths_follow_f0 = any(own.index for own in vowels.own)
    if vowels.plane is None:
        usual = not vowels.own and all(name in known for name in SUNG_VOWELS)
        path = vowels.path or (SUNG_VOWELS if usual else tuple(known))
        missing = next((name for name in path if name not in known), None)
        if missing is not None and vowels.own:
            raise ValueError(f"vowels.path: no vowel {missing!r} in vowels.own: it has {', '.join(known)}")
        if len(path) < 2:
            raise ValueError("vowels.path needs at least two vowels")
        return VowelPath.through(known, path), widths_follow_f0
    if len(vowels.walk) < 2 or not all(0.0 <= u <= 1.0 for place in vowels.walk for u in place):
        raise ValueError("vowels.walk must have two or more places [backness, openness] within 0 … 1")
    return Walk(_plane(vowels, known), vowels.walk), widths_follow_f0


def _plane(vowels: Vowels, known: Mapping[str, Vowel]) -> Plane:
    if vowels.plane == "ipa":
        try:
            return trapezium(vowels.group)
        except ValueError as reason:
            raise ValueError(f"vowels.group: {reason}") from None
    if vowels.plane == "corners":
        return _corners(vowels, known)
    if not vowels.own:
        return VowelPlane.over(known, PLANE_ANCHORS if vowels.table == "sung" else None)
    places = {own.name: own.place for own in vowels.own if own.place is not None}
    if len(places) < len(vowels.own):
        raise ValueError("vowels.own: on a plane every vowel needs its place = [backness, openness]")
    return VowelPlane.over(known, places)


CORNERS = ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0))
"""[backness, openness] of the four, in the order of CornerPlane."""


def _corners(vowels: Vowels, known: Mapping[str, Vowel]) -> Plane:
    names = {own.place: own.name for own in vowels.own}
    if len(vowels.own) != len(CORNERS) or set(names) != set(CORNERS):
        raise ValueError(
            "vowels.own: a plane of corners needs four vowels, at the places [0, 0], [0, 1], [1, 0], [1, 1]"
        )
    return CornerPlane(*(known[names[place]] for place in CORNERS))


def _own_vowel(number: int, own: OwnVowel) -> Vowel:
    where = f"vowels.own[{number}]"
    count = len(own.frequency_hz)
    if not 1 <= count <= FORMANTS:
        raise ValueError(f"{where}.frequency_hz has {count} values, a vowel has 1 … {FORMANTS}")
    if bool(own.bandwidth_hz) == bool(own.index):
        raise ValueError(f"{where} needs bandwidth_hz or index, one of them")
    key, given = ("index", own.index) if own.index else ("bandwidth_hz", own.bandwidth_hz)
    for name, values in ((key, given), ("level_db", own.level_db)):
        if len(values) != count:
            raise ValueError(f"{where}.{name} has {len(values)} values, frequency_hz has {count}")
    widths = tuple(_width_of_index(_INDEX.check(f"{where}.index", i)) for i in own.index) or own.bandwidth_hz
    # With an index, the given level is that of the carriers. At the centre J_0(index) of it remains.
    levels = (
        tuple(a + 20.0 * math.log10(_carrier(i)) for a, i in zip(own.level_db, own.index, strict=False)) or own.level_db
    )
    spare = FORMANTS - count  # missing formants become silent ones above the others
    try:
        return Vowel(
            (*own.frequency_hz, *(own.frequency_hz[-1] + 800.0 * (i + 1) for i in range(spare))),
            (*widths, *(widths[-1],) * spare),
            (*levels, *(_MISSING_DB,) * spare),
            name=own.name,
        )
    except ValueError as reason:
        raise ValueError(f"{where}.{reason}") from None


def _carrier(index: float) -> float:
    """J_0 for 0 <= index <= 1.3, as formant.j0 has it. That file needs NumPy, which a server does without."""
    r = 0.25 * index * index
    return 1.0 - r * (1.0 - r * (0.25 - r / 36.0))


def _width_of_index(index: float) -> float:
    """Width, Hz, at f0 = 100 Hz, of the formant that classic FM of this index (radians) makes.

    The inverse of the bank's law: I² = ½x²/(½ + sqrt(x² + 9/4)), x = 2k (formant.classic_index), solved for x²; then
    k = β + 0.0019 β⁵ solved for β in one step.
    """
    half = 0.5 / (index * index)
    square = (half + 1.0 + math.sqrt((half + 1.0) ** 2 + 8.0 * half * half)) / (2.0 * half * half)
    k = 0.5 * math.sqrt(square)
    return INDEX_AT_HZ * k * (1.0 - 0.0019 * k**4)
