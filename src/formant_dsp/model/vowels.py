"""Vowels: measured formants with their sources, and paths and planes that interpolate between them.

The data are in `data/formants.csv`, one row per vowel and group of singers, each with its source and how it was
verified. A `Vowel` holds what the bank needs: five centres, widths and levels *of the spectral peaks*. The sung table
(Csound manual, appendix "Formant Values") gives amplitudes of FOF grains. The spectral peak of a grain is proportional
to amplitude / bandwidth (Rodet, CMJ 8(3), 1984); `sung()` converts them. Vowels are interpolated in log frequency, log
width and decibels, the variables of hearing; two sounds are never cross-faded.
"""

from __future__ import annotations

import csv
import functools
import importlib.resources
import math
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import mul
from typing import Protocol

from formant_dsp.touch.mapping import vowel_on

FORMANTS = 5
SUNG_VOICES = ("soprano", "alto", "countertenor", "tenor", "bass")
SUNG_VOWELS = ("a", "e", "i", "o", "u")

# In the current edition of the manual the bandwidths of these two rows are exchanged; the older edition is right.
_OLDER_ROWS = {("soprano", "o"), ("tenor", "o")}


class UnknownVowel(KeyError):
    """A vowel that a table does not have. The text lists the vowels that it has."""

    def __str__(self) -> str:
        return str(self.args[0])  # a KeyError shows the repr of its key


@dataclass(frozen=True, slots=True)
class Vowel:
    """Five formants.

    frequency_hz   centres, 50 … 20,000 Hz, ascending in any real vowel
    bandwidth_hz   full widths at -3 dB, 5 … 2,000 Hz
    level_db       levels of the spectral peaks, -120 … 24 dB; only their differences matter for the timbre
    name           for labels and messages
    error          ValueError naming the field when there are not five values or one is out of range
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
        """The vowel at `share` (0 … 1) of the way to another, interpolated in log frequency, log width and decibels."""
        return on_way(path_code((self, other)), share)


def _checked(field: str, given: Iterable[float], low: float, high: float, unit: str) -> tuple[float, ...]:
    values = tuple(map(float, given))
    if len(values) != FORMANTS:
        raise ValueError(f"{field} has {len(values)} values, a vowel has {FORMANTS}")
    a, b, c, d, e = values  # written out: this runs at every touch
    if not (low <= a <= high and low <= b <= high and low <= c <= high and low <= d <= high and low <= e <= high):
        raise ValueError(f"{field}={values} must be within {low:g} … {high:g} {unit}")
    return values


_put_frequency = Vowel.__dict__["frequency_hz"].__set__
_put_bandwidth = Vowel.__dict__["bandwidth_hz"].__set__
_put_level = Vowel.__dict__["level_db"].__set__
_put_name = Vowel.__dict__["name"].__set__


def trusted(
    frequency_hz: tuple[float, ...], bandwidth_hz: tuple[float, ...], level_db: tuple[float, ...], name: str = ""
) -> Vowel:
    """A vowel of numbers that the caller has checked: three tuples of five floats. This function checks nothing."""
    made: Vowel = object.__new__(Vowel)
    _put_frequency(made, frequency_hz)
    _put_bandwidth(made, bandwidth_hz)
    _put_level(made, level_db)
    _put_name(made, name)
    return made


Logs = tuple[float, ...]
"""A vowel in the variables of hearing: log2 of five centres (Hz), log2 of five widths (Hz), five levels in decibels."""


def logs(vowel: Vowel) -> Logs:
    """The logarithms of a vowel."""
    return (*map(math.log2, vowel.frequency_hz), *map(math.log2, vowel.bandwidth_hz), *vowel.level_db)


def from_logs(values: Sequence[float]) -> Vowel:
    """The vowel of these logarithms. Rounding can move a mean of vowels beyond a bound, so the values are clamped."""
    exp2 = math.exp2
    return trusted(
        tuple([50.0 if f < 50.0 else 20_000.0 if f > 20_000.0 else f for f in map(exp2, values[:5])]),
        tuple([5.0 if b < 5.0 else 2_000.0 if b > 2_000.0 else b for b in map(exp2, values[5:10])]),
        tuple([-120.0 if a < -120.0 else 24.0 if a > 24.0 else a for a in values[10:]]),
    )


def on_way(code: array[float], position: float, place: tuple[float, float] | None = None) -> Vowel:
    """The vowel at a position of a way, or at a place of its plane.

    code   of touch/code.pxd: a path, or a plane with the corners of a walk over it
    """
    values = vowel_on(code, position, place)
    return trusted(values[:5], values[5:10], values[10:])


def path_code(stops: Sequence[Vowel]) -> array[float]:
    """A path through vowels as touch/code.pxd has it."""
    return array("d", (WAY_PATH, len(stops), *rows_of(stops)))


def rows_of(vowels: Iterable[Vowel]) -> Iterator[float]:
    """The logarithms of some vowels, one after the other."""
    for vowel in vowels:
        yield from logs(vowel)


WAY_PATH, WAY_GRID, WAY_ANCHORS, WAY_CORNERS = 0.0, 1.0, 2.0, 3.0
"""The first number of a way: W_PATH … of touch/code.pxd."""


def blend(vowels: Sequence[Vowel], weights: Sequence[float]) -> Vowel:
    """Weighted mean of vowels in log frequency, log width and decibels; weights >= 0, their sum > 0."""
    return _blend_logs([logs(vowel) for vowel in vowels], weights)


def _blend_logs(rows: Sequence[Logs], weights: Sequence[float]) -> Vowel:
    total = sum(weights)
    shares = [w / total for w in weights]
    return from_logs([sum(map(mul, shares, column)) for column in zip(*rows, strict=True)])


@functools.cache
def rows() -> tuple[Mapping[str, str], ...]:
    """All rows of `formants.csv`, each a mapping from column to text."""
    file = importlib.resources.files("formant_dsp") / "data" / "formants.csv"
    with file.open(encoding="utf-8") as lines:
        return tuple(csv.DictReader(lines))


def spectral_levels(grain_db: Sequence[float], bandwidth_hz: Sequence[float]) -> tuple[float, ...]:
    """Levels of the spectral peaks of FOF grains, dB re the first. A grain's peak is proportional to amplitude / width.

    grain_db       amplitudes of the grains, dB
    bandwidth_hz   their widths, Hz
    """
    first = bandwidth_hz[0]
    return tuple(a - 20.0 * math.log10(b / first) for a, b in zip(grain_db, bandwidth_hz, strict=True))


@functools.cache
def sung(voice: str = "tenor") -> Mapping[str, Vowel]:
    """The five sung vowels a, e, i, o, u of one voice.

    voice     soprano, alto, countertenor, tenor or bass
    error     ValueError for another voice; looking up another vowel raises UnknownVowel, a KeyError
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
    return _Sung(voice, {name: found[name] for name in SUNG_VOWELS})


class _Sung(dict[str, Vowel]):
    """The vowels of one voice."""

    def __init__(self, voice: str, vowels: Mapping[str, Vowel]) -> None:
        super().__init__(vowels)
        self._voice = voice

    def __missing__(self, name: str) -> Vowel:
        raise UnknownVowel(f"no vowel {name!r} of the {self._voice}: choose one of {', '.join(self)}")


class Plane(Protocol):
    """Anything that has a vowel at (backness: 0 back … 1 front, openness: 0 close … 1 open)."""

    @property
    def code(self) -> array[float]:
        """The plane as touch/code.pxd has it, with no corner of a walk."""
        ...

    def at(self, backness: float, openness: float) -> Vowel: ...


@dataclass(frozen=True, slots=True)
class VowelPath:
    """A path through two or more vowels for one finger: position 0 … 1, evenly spaced stops, interpolated between them.

    error   ValueError for fewer than two vowels
    """

    stops: tuple[Vowel, ...]
    code: array[float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.stops) < 2:
            raise ValueError("a path needs at least two vowels")
        object.__setattr__(self, "code", path_code(self.stops))

    @classmethod
    def sung(cls, voice: str = "tenor", vowels: Sequence[str] = SUNG_VOWELS) -> VowelPath:
        """The path a, e, i, o, u (or another choice) through the sung vowels of one voice; errors as `sung`."""
        return cls.through(sung(voice), vowels)

    @classmethod
    def through(cls, table: Mapping[str, Vowel], vowels: Sequence[str] = SUNG_VOWELS) -> VowelPath:
        """A path through vowels of any table (`formant_dsp.tables.table`), in the order given."""
        return cls(tuple(table[name] for name in vowels))

    def at(self, position: float) -> Vowel:
        """The vowel at a position 0 … 1, clamped."""
        place = min(max(position, 0.0), 1.0) * (len(self.stops) - 1)
        index = min(int(place), len(self.stops) - 2)
        share = place - index
        if share in (0.0, 1.0):
            return self.stops[index + int(share)]
        return on_way(self.code, position)


# Places on the vowel chart of the IPA: (backness: 0 back … 1 front, openness: 0 close … 1 open). On the chart rounded
# front vowels share a place with unrounded ones. Here they stand a little further back: rounding lowers their F2.
IPA_PLACES = {
    "i": (1.0, 0.0), "ɪ": (0.85, 0.2), "e": (1.0, 0.35), "ɛ": (1.0, 0.65), "æ": (1.0, 0.85), "a": (0.5, 1.0),
    "ɑ": (0.0, 1.0), "ɔ": (0.0, 0.65), "o": (0.0, 0.35), "ʊ": (0.15, 0.2), "u": (0.0, 0.0), "ʌ": (0.2, 0.7),
    "ɝ": (0.5, 0.45), "y": (0.7, 0.0), "ʏ": (0.6, 0.25), "ø": (0.65, 0.4),
}  # fmt: skip

# Places of the five sung vowels, further apart because there are no others between them.
PLANE_ANCHORS = {"i": (1.0, 0.0), "e": (1.0, 0.4), "a": (0.4, 1.0), "o": (0.0, 0.45), "u": (0.0, 0.0)}


@dataclass(frozen=True, slots=True)
class CornerPlane:
    """A plane of four vowels at its corners, bilinear between them in log frequency, log width and decibels."""

    back_close: Vowel
    back_open: Vowel
    front_close: Vowel
    front_open: Vowel
    code: array[float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        corners = (self.back_close, self.back_open, self.front_close, self.front_open)
        object.__setattr__(self, "code", array("d", (WAY_CORNERS, 0, 4, *rows_of(corners))))

    def at(self, backness: float, openness: float) -> Vowel:
        """The vowel at (0 back … 1 front, 0 close … 1 open); points outside are moved to the edge."""
        return on_way(self.code, 0.0, (backness, openness))


@dataclass(frozen=True, slots=True)
class VowelPlane:
    """A plane of vowels for two fingers or a tablet: inverse-distance weights over its anchors.

    w = 1 / (d² + 0.05²)^1.5. Around every anchor lies a small plateau of its vowel; the space between is smooth.
    trapezium.py has the whole vowel chart as a formula.

    anchors   (backness, openness) of each vowel
    error     ValueError for no vowels, or not one anchor per vowel
    """

    anchors: tuple[tuple[float, float], ...]
    vowels: tuple[Vowel, ...]
    code: array[float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.vowels or len(self.vowels) != len(self.anchors):
            raise ValueError(f"{len(self.anchors)} anchors and {len(self.vowels)} vowels: a plane needs one a vowel")
        places = (u for anchor in self.anchors for u in anchor)
        object.__setattr__(self, "code", array("d", (WAY_ANCHORS, 0, len(self.vowels), *places, *rows_of(self.vowels))))

    @classmethod
    def sung(cls, voice: str = "tenor") -> VowelPlane:
        """The plane of the sung vowels of one voice."""
        return cls.over(sung(voice), PLANE_ANCHORS)

    @classmethod
    def over(cls, table: Mapping[str, Vowel], places: Mapping[str, tuple[float, float]] | None = None) -> VowelPlane:
        """A plane over any table. Without `places` its vowels stand at their places on the IPA chart.

        error   ValueError when no vowel of the table is on the chart
        """
        if places is None:
            places = {name: place for name, place in IPA_PLACES.items() if name in table}
        return cls(tuple(places.values()), tuple(table[name] for name in places))

    def at(self, backness: float, openness: float) -> Vowel:
        """The vowel at (0 back … 1 front, 0 close … 1 open); points outside are moved to the edge."""
        return on_way(self.code, 0.0, (backness, openness))
