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
from dataclasses import dataclass

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
        for field, unit, low, high in (
            ("frequency_hz", "Hz", 50.0, 20_000.0),
            ("bandwidth_hz", "Hz", 5.0, 2_000.0),
            ("level_db", "dB", -120.0, 24.0),
        ):
            values = tuple(float(value) for value in getattr(self, field))
            if len(values) != FORMANTS:
                raise ValueError(f"{field} has {len(values)} values, a vowel has {FORMANTS}")
            if not all(low <= value <= high for value in values):
                raise ValueError(f"{field}={values} must be within {low:g} … {high:g} {unit}")
            object.__setattr__(self, field, values)

    def toward(self, other: Vowel, share: float) -> Vowel:
        """The vowel that lies `share` (0 … 1) of the way to another, in log frequency, log width and decibels."""
        return blend((self, other), (1.0 - share, share))


def blend(vowels: Sequence[Vowel], weights: Sequence[float]) -> Vowel:
    """Weighted mean of vowels in log frequency, log width and decibels; weights >= 0, their sum > 0."""
    total = math.fsum(weights)

    def mean(rows: Iterable[tuple[float, ...]]) -> tuple[float, ...]:
        return tuple(
            math.fsum(w * v for w, v in zip(weights, column, strict=True)) / total for column in zip(*rows, strict=True)
        )

    log_f = mean(tuple(map(math.log2, vowel.frequency_hz)) for vowel in vowels)
    log_b = mean(tuple(map(math.log2, vowel.bandwidth_hz)) for vowel in vowels)
    level = mean(vowel.level_db for vowel in vowels)
    return Vowel(tuple(2.0**f for f in log_f), tuple(2.0**b for b in log_b), level)


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


@dataclass(frozen=True, slots=True)
class VowelPath:
    """A way through several vowels for one finger: position 0 … 1, evenly spaced stops, interpolated between them."""

    stops: tuple[Vowel, ...]

    def __post_init__(self) -> None:
        if len(self.stops) < 2:
            raise ValueError("a path needs at least two vowels")

    @classmethod
    def sung(cls, voice: str = "tenor", vowels: Sequence[str] = SUNG_VOWELS) -> VowelPath:
        """The path a, e, i, o, u (or another order) through the sung vowels of one voice."""
        table = sung(voice)
        return cls(tuple(table[name] for name in vowels))

    def at(self, position: float) -> Vowel:
        """The vowel at a position; positions outside 0 … 1 are the ends."""
        place = min(max(position, 0.0), 1.0) * (len(self.stops) - 1)
        index = min(int(place), len(self.stops) - 2)
        share = place - index
        if share in (0.0, 1.0):
            return self.stops[index + int(share)]
        return self.stops[index].toward(self.stops[index + 1], share)


# Places of the five sung vowels on the plane: (backness: 0 back … 1 front, openness: 0 close … 1 open).
PLANE_ANCHORS = {"i": (1.0, 0.0), "e": (1.0, 0.4), "a": (0.4, 1.0), "o": (0.0, 0.45), "u": (0.0, 0.0)}


@dataclass(frozen=True, slots=True)
class VowelPlane:
    """A plane of vowels for two fingers or a tablet: inverse-distance weights over five anchors.

    w = 1 / (d² + 0.05²)^1.5, so that every anchor is a small plateau of its own vowel and the space between is smooth.
    """

    anchors: tuple[tuple[float, float], ...]
    vowels: tuple[Vowel, ...]

    @classmethod
    def sung(cls, voice: str = "tenor") -> VowelPlane:
        """The plane of the sung vowels of one voice."""
        table = sung(voice)
        return cls(tuple(PLANE_ANCHORS.values()), tuple(table[name] for name in PLANE_ANCHORS))

    def at(self, backness: float, openness: float) -> Vowel:
        """The vowel at (0 back … 1 front, 0 close … 1 open); points outside are moved to the edge."""
        x, y = min(max(backness, 0.0), 1.0), min(max(openness, 0.0), 1.0)
        weights = [((x - u) ** 2 + (y - v) ** 2 + 0.05**2) ** -1.5 for u, v in self.anchors]
        return blend(self.vowels, weights)
