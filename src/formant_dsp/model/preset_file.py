"""The format of a preset file: its keys, their types and ranges, and the error messages."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from formant_dsp.model.params import RANGES, Range
from formant_dsp.model.vowels import PLANE_ANCHORS

MOST_CHARACTERS = 65_536
"""Most characters of a file, because a file may come from the network. The longest shipped file has 1,100."""

MOST_LINE = 1000
"""Most characters of a line. A key of 16,000 parts (`a.b.c…`) keeps the TOML parser busy for six seconds. The longest
line of a shipped file has 144."""


class PresetError(ValueError):
    """A preset that cannot be used. The text names the file, the key and what is allowed."""


VOICE_RANGES = {name: bounds for name, bounds in RANGES.items() if name not in ("f0_hz", "level_db", "lease_s")}
"""The keys of [voice]: all parameters of a voice that a touch does not set."""

MAPPING_RANGES = {
    "f0_low_hz": Range("Hz", 20.0, 2000.0, 110.0),
    "octaves": Range("octaves", 0.1, 7.0, 3.0),
    "phonation_z": Range("", 0.0, 0.95, 0.05),
    "dynamic_range_db": Range("dB", 0.0, 40.0, 20.0),
}
TRIM = Range("dB", -24.0, 12.0, 0.0)


WALK = tuple(PLANE_ANCHORS[name] for name in ("u", "o", "a", "e", "i"))
"""The default way of one finger over a plane: (backness, openness) of its corners."""


class OwnVowel(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One entry of [[vowels.own]], with `bandwidth_hz` or `index`; docs/play/presets.md describes the fields."""

    name: str
    frequency_hz: tuple[float, ...]
    level_db: tuple[float, ...]
    bandwidth_hz: tuple[float, ...] = ()
    index: tuple[float, ...] = ()
    place: tuple[float, float] | None = None


class Vowels(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The section [vowels]; preset_vowels.py makes a path or a plane of it."""

    table: str = "sung"
    group: str = "tenor"
    path: tuple[str, ...] = ()
    bandwidths: str = "table"
    levels: str = "table"
    plane: Literal["ipa", "anchors", "corners"] | None = None
    walk: tuple[tuple[float, float], ...] = WALK
    own: tuple[OwnVowel, ...] = ()


class File(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A preset file, decoded; its ranges are not checked yet."""

    title: str
    description: str
    trim_db: float = TRIM.default
    voice: dict[str, float | str] = {}
    vowels: Vowels = Vowels()
    expression: dict[str, float] = {}
    choir: dict[str, float] = {}
    mapping: dict[str, float] = {}


def decode(text: str) -> File:
    """Decode the text of a preset file. Checks keys and types; `checked` checks the ranges.

    error   ValueError: too long, not TOML, or an unknown key or a wrong type, with the key's name
    """
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"has {len(text)} characters, {MOST_CHARACTERS} are allowed")
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > MOST_LINE:
            raise ValueError(f"line {number} has {len(line)} characters, {MOST_LINE} are allowed: break it")
    try:
        return msgspec.convert(tomllib.loads(text), File)
    except tomllib.TOMLDecodeError as reason:
        raise ValueError(f"is not TOML: {reason}") from None
    except RecursionError:
        raise ValueError("is not a preset: it is nested too deeply") from None
    except msgspec.ValidationError as reason:
        raise ValueError(_plain(str(reason))) from None


def changed(file: File, voice: Mapping[str, Any], vowels: Mapping[str, str]) -> File:
    """The file with some entries of [voice] and [vowels] replaced.

    error   ValueError when [vowels] is to change and the file has vowels of its own
    """
    if vowels and file.vowels.own:
        raise ValueError("vowels.own: this preset has vowels of its own, so no others can be chosen")
    with_vowels = msgspec.structs.replace(file.vowels, **vowels) if vowels else file.vowels
    return msgspec.structs.replace(file, voice={**file.voice, **voice}, vowels=with_vowels)


def _plain(reason: str) -> str:
    """msgspec's "Expected `str`, got `int` - at `$.title`" with the key first, as in all other error messages."""
    what, at, where = reason.partition(" - at `$.")
    return f"{where.rstrip('`')}: {what}" if at else reason


def checked(section: str, values: Mapping[str, Any], ranges: Mapping[str, Range]) -> dict[str, float]:
    """The values of a section as floats.

    error   ValueError naming section and key: not in `ranges`, not a number, or out of range
    """
    for key, value in values.items():
        if key not in ranges:
            raise ValueError(f"{section}.{key} is not known: [{section}] has {', '.join(ranges)}")
        if isinstance(value, str):
            raise ValueError(f"{section}.{key}={value!r} must be a number")
    return {key: ranges[key].check(f"{section}.{key}", value) for key, value in values.items()}


def whole(key: str, value: float) -> int:
    """A number that may not have a fraction. ValueError naming the key."""
    if not float(value).is_integer():
        raise ValueError(f"{key}={value} must be a whole number")
    return int(value)
