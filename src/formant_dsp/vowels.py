"""Vowels: measured formants with their sources, and ways through the space between them.

The data are in `data/formants.csv`, one row per vowel and group of singers, each with its source and how it was
verified. A `Vowel` is what the bank wants: five centres, widths and levels *of the spectral peaks*. The sung table
(Csound manual, appendix "Formant Values") gives amplitudes of FOF grains, whose spectral peak is proportional to
amplitude / bandwidth (Rodet, CMJ 8(3), 1984); `sung()` converts them. Interpolation is in log frequency, log width and
decibels: a path in the variables the ear uses, never a cross-fade of two sounds.
"""

from __future__ import annotations

import csv
import functools
import importlib.resources
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import mul
from typing import Protocol

FORMANTS = 5
SUNG_VOICES = ("soprano", "alto", "countertenor", "tenor", "bass")
SUNG_VOWELS = ("a", "e", "i", "o", "u")

# The current edition of the manual has exchanged the bandwidths of these two rows; the older one fits their neighbours.
_OLDER_ROWS = {("soprano", "o"), ("tenor", "o")}


@dataclass(frozen=True, slots=True)
class Vowel:
    """Five formants.

    frequency_hz   centres, 50 … 20,000 Hz, ascending in any real vowel
    bandwidth_hz   full widths at -3 dB, 5 … 2,000 Hz
    level_db       levels of the spectral peaks, -120 … 24 dB; only their differences matter for the timbre
    error          ValueError when a length, a range or a number is wrong
    """

    frequency_hz: tuple[float, ...]
    bandwidth_hz: tuple[float, ...]
    level_db: tuple[float, ...]
    name: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "frequency_hz", _checked("frequency_hz", self.frequency_hz, 50.0, 20_000.0, "Hz"))
        object.__setattr__(self, "bandwidth_hz", _checked("bandwidth_hz", self.bandwidth_hz, 5.0, 2_000.0, "Hz"))
        object.__setattr__(self, "level_db", _checked("level_db", self.level_db, -120.0, 24.0, "dB"))

    def toward(self, other: Vowel, share: float) -> Vowel:
        """The vowel that lies `share` (0 … 1) of the way to another, in log frequency, log width and decibels."""
        return from_logs(between(logs(self), logs(other), share))


def _checked(field: str, given: Iterable[float], low: float, high: float, unit: str) -> tuple[float, ...]:
    values = tuple(map(float, given))
    if len(values) != FORMANTS:
        raise ValueError(f"{field} has {len(values)} values, a vowel has {FORMANTS}")
    a, b, c, d, e = values  # written out: this runs at every touch
    if not (low <= a <= high and low <= b <= high and low <= c <= high and low <= d <= high and low <= e <= high):
        raise ValueError(f"{field}={values} must be within {low:g} … {high:g} {unit}")
    return values


Logs = tuple[float, ...]
"""A vowel in the variables the ear uses: log2 of five centres, log2 of five widths, five levels in decibels."""


def logs(vowel: Vowel) -> Logs:
    return (*map(math.log2, vowel.frequency_hz), *map(math.log2, vowel.bandwidth_hz), *vowel.level_db)


def from_logs(values: Sequence[float]) -> Vowel:
    """The vowel of such logarithms. A mean of vowels at a bound may be rounded beyond it: that is taken back."""
    exp2 = math.exp2
    return Vowel(
        tuple([50.0 if f < 50.0 else 20_000.0 if f > 20_000.0 else f for f in map(exp2, values[:5])]),
        tuple([5.0 if b < 5.0 else 2_000.0 if b > 2_000.0 else b for b in map(exp2, values[5:10])]),
        tuple([-120.0 if a < -120.0 else 24.0 if a > 24.0 else a for a in values[10:]]),
    )


def between(a: Logs, b: Logs, share: float) -> list[float]:
    return [x + share * (y - x) for x, y in zip(a, b, strict=True)]


def blend(vowels: Sequence[Vowel], weights: Sequence[float]) -> Vowel:
    """Weighted mean of vowels in log frequency, log width and decibels; weights >= 0, their sum > 0."""
    return _blend_logs([logs(vowel) for vowel in vowels], weights)


def _blend_logs(rows: Sequence[Logs], weights: Sequence[float]) -> Vowel:
    total = sum(weights)
    shares = [w / total for w in weights]
    return from_logs([sum(map(mul, shares, column)) for column in zip(*rows, strict=True)])


@functools.cache
def rows() -> tuple[Mapping[str, str], ...]:
    """All rows of `formants.csv` as they stand, one mapping of column to text each."""
    file = importlib.resources.files("formant_dsp") / "data" / "formants.csv"
    with file.open(encoding="utf-8") as lines:
        return tuple(csv.DictReader(lines))


def spectral_levels(grain_db: Sequence[float], bandwidth_hz: Sequence[float]) -> tuple[float, ...]:
    """Levels of the spectral peaks of FOF grains, dB re the first: a grain's peak is ∝ amplitude / width."""
    first = bandwidth_hz[0]
    return tuple(a - 20.0 * math.log10(b / first) for a, b in zip(grain_db, bandwidth_hz, strict=True))


@functools.cache
def sung(voice: str = "tenor") -> Mapping[str, Vowel]:
    """The five sung vowels a, e, i, o, u of one voice.

    voice     soprano, alto, countertenor, tenor or bass
    error     ValueError for another voice
    source    Csound Reference Manual 6.18, appendix "Formant Values"; bandwidths of two rows from its older edition
    """
    if voice not in SUNG_VOICES:
        raise ValueError(f"no sung vowels for {voice!r}: choose one of {', '.join(SUNG_VOICES)}")
    found: dict[str, Vowel] = {}
    for row in rows():
        older = (voice, row["vowel"]) in _OLDER_ROWS
        if row["group"] != voice or row["table"] != ("csound_sung_older" if older else "csound_sung"):
            continue
        numbers = range(1, FORMANTS + 1)
        width = tuple(float(row[f"b{k}_hz"]) for k in numbers)
        grain = tuple(float(row[f"a{k}_db"]) for k in numbers)
        centre = tuple(float(row[f"f{k}_hz"]) for k in numbers)
        found[row["vowel"]] = Vowel(centre, width, spectral_levels(grain, width), name=row["vowel"])
    return {name: found[name] for name in SUNG_VOWELS}


class Plane(Protocol):
    """Anything that has a vowel at (backness: 0 back … 1 front, openness: 0 close … 1 open)."""

    def at(self, backness: float, openness: float) -> Vowel: ...


@dataclass(frozen=True, slots=True)
class VowelPath:
    """A way through several vowels for one finger: position 0 … 1, evenly spaced stops, interpolated between them."""

    stops: tuple[Vowel, ...]
    _logs: tuple[Logs, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.stops) < 2:
            raise ValueError("a path needs at least two vowels")
        object.__setattr__(self, "_logs", tuple(map(logs, self.stops)))

    @classmethod
    def sung(cls, voice: str = "tenor", vowels: Sequence[str] = SUNG_VOWELS) -> VowelPath:
        """The path a, e, i, o, u (or another order) through the sung vowels of one voice."""
        return cls.through(sung(voice), vowels)

    @classmethod
    def through(cls, table: Mapping[str, Vowel], vowels: Sequence[str] = SUNG_VOWELS) -> VowelPath:
        """A path through vowels of any table (`formant_dsp.tables.table`), in the order given."""
        return cls(tuple(table[name] for name in vowels))

    def at(self, position: float) -> Vowel:
        """The vowel at a position; positions outside 0 … 1 are the ends."""
        place = min(max(position, 0.0), 1.0) * (len(self.stops) - 1)
        index = min(int(place), len(self.stops) - 2)
        share = place - index
        if share in (0.0, 1.0):
            return self.stops[index + int(share)]
        return from_logs(between(self._logs[index], self._logs[index + 1], share))


# Places on the vowel chart of the IPA: (backness: 0 back … 1 front, openness: 0 close … 1 open). Rounded front vowels,
# which share their place with unrounded ones there, stand a little further back, where rounding puts their F2.
IPA_PLACES = {
    "i": (1.0, 0.0), "ɪ": (0.85, 0.2), "e": (1.0, 0.35), "ɛ": (1.0, 0.65), "æ": (1.0, 0.85), "a": (0.5, 1.0),
    "ɑ": (0.0, 1.0), "ɔ": (0.0, 0.65), "o": (0.0, 0.35), "ʊ": (0.15, 0.2), "u": (0.0, 0.0), "ʌ": (0.2, 0.7),
    "ɝ": (0.5, 0.45), "y": (0.7, 0.0), "ʏ": (0.6, 0.25), "ø": (0.65, 0.4),
}  # fmt: skip

# The five sung vowels stand further apart: there are no others between them.
PLANE_ANCHORS = {"i": (1.0, 0.0), "e": (1.0, 0.4), "a": (0.4, 1.0), "o": (0.0, 0.45), "u": (0.0, 0.0)}


@dataclass(frozen=True, slots=True)
class CornerPlane:
    """Four vowels at the corners of a plane; between them bilinear in log frequency, log width and decibels."""

    back_close: Vowel
    back_open: Vowel
    front_close: Vowel
    front_open: Vowel

    def at(self, backness: float, openness: float) -> Vowel:
        """The vowel at (0 back … 1 front, 0 close … 1 open); points outside are moved to the edge."""
        x, y = min(max(backness, 0.0), 1.0), min(max(openness, 0.0), 1.0)
        weights = ((1.0 - x) * (1.0 - y), (1.0 - x) * y, x * (1.0 - y), x * y)
        return blend((self.back_close, self.back_open, self.front_close, self.front_open), weights)


@dataclass(frozen=True, slots=True)
class VowelPlane:
    """A plane of vowels for two fingers or a tablet: inverse-distance weights over its anchors.

    w = 1 / (d² + 0.05²)^1.5, so that every anchor is a small plateau of its own vowel and the space between is smooth.
    trapezium.py has the whole vowel chart by formula.
    """

    anchors: tuple[tuple[float, float], ...]
    vowels: tuple[Vowel, ...]
    _logs: tuple[Logs, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.vowels or len(self.vowels) != len(self.anchors):
            raise ValueError(f"{len(self.anchors)} anchors and {len(self.vowels)} vowels: a plane needs one a vowel")
        object.__setattr__(self, "_logs", tuple(map(logs, self.vowels)))

    @classmethod
    def sung(cls, voice: str = "tenor") -> VowelPlane:
        """The plane of the sung vowels of one voice."""
        return cls.over(sung(voice), PLANE_ANCHORS)

    @classmethod
    def over(cls, table: Mapping[str, Vowel], places: Mapping[str, tuple[float, float]] | None = None) -> VowelPlane:
        """A plane over any table; without `places` its vowels stand where the IPA chart has them.

        error   ValueError when no vowel of the table is on the chart
        """
        if places is None:
            places = {name: place for name, place in IPA_PLACES.items() if name in table}
        return cls(tuple(places.values()), tuple(table[name] for name in places))

    def at(self, backness: float, openness: float) -> Vowel:
        """The vowel at (0 back … 1 front, 0 close … 1 open); points outside are moved to the edge."""
        x, y = min(max(backness, 0.0), 1.0), min(max(openness, 0.0), 1.0)
        weights = [((x - u) ** 2 + (y - v) ** 2 + 0.05**2) ** -1.5 for u, v in self.anchors]
        return _blend_logs(self._logs, weights)
