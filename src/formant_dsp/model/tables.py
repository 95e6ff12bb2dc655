"""Every table of measured vowels, completed to five formants: `table("h95_tokens", "women")["ɪ"]`.

Not every source gives all values. Missing values are filled in, in this order:

    F4            the mean of the group; F5 = F4 + 900 Hz
    widths        Hawks & Miller 1995, at the f0 of the row where it is given, else of the group
    levels        those of a tract with these centres and widths; measured levels of F1 … F3 are kept, and the tract
                  continues them

A vowel is looked up by its IPA symbol, which means the same in every table, or by the source's own key ("iy", "uw").
Keys differ between sources: Peterson & Barney's "ah" is ʌ, Hillenbrand's is ɑ. In Dutch spelling a key is often the IPA
symbol of another vowel ("a" is ɑ). The IPA symbol takes precedence; `key:a` looks up the source's key.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from formant_dsp.model import tract
from formant_dsp.model.vowels import FORMANTS, UnknownVowel, Vowel, rows, spectral_levels, sung

_GRAIN_TABLES = ("csound_sung", "csound_sung_older")
_GROUP_F0_HZ = {
    "men": 132.0, "women": 220.0, "children": 250.0,
    "soprano": 440.0, "alto": 294.0, "countertenor": 294.0, "tenor": 200.0, "bass": 110.0,
}  # fmt: skip
BANDWIDTHS = ("table", "hawks-miller")
LEVELS = ("table", "tract")
_AS_MEN = "tenor"  # a table of one man


@dataclass(frozen=True, slots=True)
class TableInfo:
    """Facts about a table: its groups of singers or speakers, its source and how the source was verified."""

    name: str
    groups: tuple[str, ...]
    source: str
    verified: str


class VowelTable(Mapping[str, Vowel]):
    """The vowels of one group in the order of the source. Iteration gives the source's keys; a look-up takes a key, an
    IPA symbol or "key:" and a key, and raises UnknownVowel (a KeyError) for any other name."""

    def __init__(self, name: str, group: str, vowels: Mapping[str, Vowel], ipa: Mapping[str, str]) -> None:
        self.name = name
        self.group = group
        self.ipa = dict(ipa)
        """The source's key by IPA symbol, for vowels whose symbol is known from the source."""
        self._vowels = dict(vowels)

    def __getitem__(self, name: str) -> Vowel:
        key = name[4:] if name.startswith("key:") else self.ipa.get(name, name)
        found = self._vowels.get(key)
        if found is None:
            known = ", ".join(f"{key} ({symbol})" for symbol, key in self.ipa.items())
            rest = "".join(f", {key}" for key in self._vowels if key not in self.ipa.values())
            raise UnknownVowel(f"no vowel {name!r} in {self.name} {self.group}: it has {known}{rest}")
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._vowels)

    def __len__(self) -> int:
        return len(self._vowels)

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        return name[4:] in self._vowels if name.startswith("key:") else name in self.ipa or name in self._vowels

    def __repr__(self) -> str:
        return f"<{self.name} {self.group}: {' '.join(self._vowels)}>"


@functools.cache
def tables() -> Mapping[str, TableInfo]:
    """Every table by name, with its groups and source. "sung" is "csound_sung" with two rows corrected."""
    found: dict[str, TableInfo] = {}
    for row in rows():
        name, group = row["table"], row["group"]
        known = found.get(name)
        groups = known.groups if known else ()
        if group not in groups:
            groups = (*groups, group)
        found[name] = TableInfo(name, groups, row["source"], known.verified if known else row["verified"])
    printed = found["csound_sung"]
    older = "; bandwidths of soprano o and tenor o from its older edition"
    return {"sung": TableInfo("sung", printed.groups, printed.source + older, printed.verified), **found}


@functools.cache
def table(name: str, group: str, bandwidths: str = "table", levels: str = "table") -> VowelTable:
    """The vowels of one group of one table.

    bandwidths   "table", or "hawks-miller": computed from the centres, for every vowel
    levels       "table", or "tract": those of a tract with these centres and widths
    error        ValueError that lists the tables, the groups of this table, or the choices
    """
    for what, choice, choices in (("bandwidths", bandwidths, BANDWIDTHS), ("levels", levels, LEVELS)):
        if choice not in choices:
            raise ValueError(f"{what}={choice!r}: choose one of {', '.join(choices)}")
    found = _table(name, group)
    if bandwidths == levels == "table":
        return found
    f0_hz = _GROUP_F0_HZ[group]
    # By key, because in Dutch spelling the key of one vowel is the IPA symbol of another.
    vowels = {key: by_formula(found[f"key:{key}"], f0_hz, bandwidths, levels) for key in found}
    return VowelTable(name, group, vowels, found.ipa)


def by_formula(vowel: Vowel, f0_hz: float, bandwidths: str, levels: str) -> Vowel:
    """The vowel with widths by Hawks & Miller, levels of a tract, or both; arguments as in `table`."""
    f = vowel.frequency_hz
    widths = vowel.bandwidth_hz
    if bandwidths == "hawks-miller":
        widths = tuple(tract.bandwidth_hz(hz, f0_hz) for hz in f)
    if levels == "table":
        return Vowel(f, widths, vowel.level_db, name=vowel.name)
    return Vowel(f, widths, tract.lobe_levels(tract.tract_levels(f, widths), f, widths), name=vowel.name)


@functools.cache
def _table(name: str, group: str) -> VowelTable:
    known = tables()
    if name not in known:
        raise ValueError(f"no table {name!r}: choose one of {', '.join(known)}")
    if group not in known[name].groups:
        raise ValueError(f"table {name} has no group {group!r}: choose one of {', '.join(known[name].groups)}")
    if name == "sung":
        vowels = sung(group)
        return VowelTable(name, group, vowels, {key: key for key in vowels})
    vowels, symbols = {}, {}
    for row in rows():
        if row["table"] == name and row["group"] == group:
            vowels[row["vowel"]] = _complete(row)
            if row["ipa"]:
                symbols[row["ipa"]] = row["vowel"]
    return VowelTable(name, group, vowels, symbols)


def _complete(row: Mapping[str, str]) -> Vowel:
    group = row["group"]
    f, b, a = (_numbers(row, column) for column in ("f{}_hz", "b{}_hz", "a{}_db"))
    if len(f) < FORMANTS:
        size = tract.group("men" if group == _AS_MEN else group)
        if len(f) == 3:
            f.append(size.fourth_hz(f[2]))
        f.append(f[3] + tract.FIFTH_ABOVE_FOURTH_HZ)
    if not b:
        f0_hz = float(row["f0_hz"] or _GROUP_F0_HZ[group])
        b = [tract.bandwidth_hz(hz, f0_hz) for hz in f]
    if row["table"] in _GRAIN_TABLES:
        levels: Sequence[float] = spectral_levels(a, b)
    else:
        tube = tract.tract_levels(f, b)
        a += [a[-1] + level - tube[len(a) - 1] for level in tube[len(a) :]] if a else tube
        levels = tract.lobe_levels(a, f, b)
    return Vowel(tuple(f), tuple(b), tuple(levels), name=row["ipa"] or row["vowel"])


def _numbers(row: Mapping[str, str], column: str) -> list[float]:
    """The numbers of F1, F2, … that the source gives."""
    cells = (row[column.format(k)] for k in range(1, FORMANTS + 1))
    return [float(cell) for cell in cells if cell]
