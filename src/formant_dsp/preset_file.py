"""What may stand in the file of a preset: its keys, their types and ranges, and the words for what is wrong."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from formant_dsp.params import RANGES, Range
from formant_dsp.vowels import PLANE_ANCHORS

MOST_CHARACTERS = 65_536
"""A file may come from the network; the longest shipped one has 1,500."""


class PresetError(ValueError):
    """A preset that cannot be used: which file, which key, what would be right."""


VOICE_RANGES = {name: bounds for name, bounds in RANGES.items() if name not in ("f0_hz", "level_db", "lease_s")}
"""What [voice] may set: what the touch does not decide."""

MAPPING_RANGES = {
    "f0_low_hz": Range("Hz", 20.0, 2000.0, 110.0),
    "octaves": Range("octaves", 0.1, 7.0, 3.0),
    "phonation_z": Range("", 0.0, 0.95, 0.05),
    "dynamic_range_db": Range("dB", 0.0, 40.0, 20.0),
}
TRIM = Range("dB", -24.0, 12.0, 0.0)


WALK = tuple(PLANE_ANCHORS[name] for name in ("u", "o", "a", "e", "i"))
"""How one finger crosses a plane unless the file says otherwise."""


class OwnVowel(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    name: str
    frequency_hz: tuple[float, ...]
    level_db: tuple[float, ...]
    bandwidth_hz: tuple[float, ...] = ()
    index: tuple[float, ...] = ()
    place: tuple[float, float] | None = None


class Vowels(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    table: str = "sung"
    group: str = "tenor"
    path: tuple[str, ...] = ()
    bandwidths: str = "table"
    levels: str = "table"
    plane: Literal["ipa", "anchors", "corners"] | None = None
    walk: tuple[tuple[float, float], ...] = WALK
    own: tuple[OwnVowel, ...] = ()


class File(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    title: str
    description: str
    trim_db: float = TRIM.default
    voice: dict[str, float | str] = {}
    vowels: Vowels = Vowels()
    expression: dict[str, float] = {}
    choir: dict[str, float] = {}
    mapping: dict[str, float] = {}


def decode(text: str) -> File:
    """The file of such a text, its keys and types checked; ranges are left to `checked`.

    error   ValueError that names the key
    """
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"has {len(text)} characters, {MOST_CHARACTERS} are allowed")
    try:
        return msgspec.convert(tomllib.loads(text), File)
    except tomllib.TOMLDecodeError as reason:
        raise ValueError(f"is not TOML: {reason}") from None
    except RecursionError:
        raise ValueError("is not a preset: it is nested too deeply") from None
    except msgspec.ValidationError as reason:
        raise ValueError(_plain(str(reason))) from None


def changed(file: File, voice: Mapping[str, Any], vowels: Mapping[str, str]) -> File:
    """The file with other entries in [voice] and [vowels].

    error   ValueError where vowels of its own would have to be those of a table
    """
    if vowels and file.vowels.own:
        raise ValueError("vowels.own: it sings vowels of its own, so no others can be chosen for it")
    with_vowels = msgspec.structs.replace(file.vowels, **vowels) if vowels else file.vowels
    return msgspec.structs.replace(file, voice={**file.voice, **voice}, vowels=with_vowels)


def _plain(reason: str) -> str:
    """msgspec's "Expected `str`, got `int` - at `$.title`" with the key first, as in all other errors."""
    what, at, where = reason.partition(" - at `$.")
    return f"{where.rstrip('`')}: {what}" if at else reason


def checked(section: str, values: Mapping[str, Any], ranges: Mapping[str, Range]) -> dict[str, float]:
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
