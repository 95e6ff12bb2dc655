"""What a controller's knobs, pedals and programs mean: the defaults, and a file in TOML that changes them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Any

from formant_net.midi.devices import Slide

MPE_CHOICES = ("auto", "lower", "upper", "off")
WIDEST_BEND = 96.0


class Use(Enum):
    """What a controller number does."""

    VOWEL = "vowel"
    """The vowel of all fingers, 0…127 the whole way."""
    SLIDE = "slide"
    """The vowel of the fingers of one channel, absolute or relative (`slide`)."""
    EFFORT = "effort"
    """A factor on the effort of all fingers."""
    VOLUME = "volume"
    """Master volume of every synth."""
    SUSTAIN = "sustain"
    SOSTENUTO = "sostenuto"
    SOFT = "soft"
    NOTHING = "nothing"


DEFAULTS: Dict[int, Use] = MappingProxyType(
    {
        **{1: Use.VOWEL, 2: Use.EFFORT, 7: Use.VOLUME, 11: Use.EFFORT},
        **{64: Use.SUSTAIN, 66: Use.SOSTENUTO, 67: Use.SOFT, 74: Use.SLIDE},
    }
)
RESERVED = frozenset({6, 38, *range(96, 102), *range(120, 128)})
"""Controller numbers that MIDI itself uses: data entry, RPN and channel modes."""


class MappingError(ValueError):
    """A mapping that cannot be used. The text says what is wrong, what is allowed and what to do."""


@dataclass(frozen=True, slots=True)
class Mapping:
    """How the messages of a controller are understood.

    mpe          one of MPE_CHOICES
    bend         semitones of a full bend, 0…96, on members and plain channels; None: 48 and 2, or as RPN 0 says
    channels     MIDI channels 1…16 that are heard
    vowel        0…1 where CC 1 has not moved; None: 0.5 if `slide` is relative, else 0
    slide        how CC 74 is read; None: by the name of the port
    controllers  uses by controller number
    programs     names of presets by program number 0…127
    guess        whether `auto` may take a port for MPE by how it plays. A file has no key for it
    """

    mpe: str = "auto"
    bend: float | None = None
    channels: frozenset[int] = frozenset(range(1, 17))
    vowel: float | None = None
    slide: Slide | None = None
    controllers: Dict[int, Use] = field(default_factory=lambda: DEFAULTS)
    programs: Dict[int, str] = field(default_factory=lambda: MappingProxyType({}))
    guess: bool = True


def parse(text: str) -> Mapping:
    """The mapping of a TOML text. Raises MappingError, which names the key."""
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: also a number with thousands of digits
        raise MappingError(f"not TOML: {error}") from error
    known = {"mpe", "bend", "channels", "vowel", "slide", "controllers", "programs"}
    for key in tables:
        if key not in known:
            raise MappingError(f"{key!r} is not known: use one of {', '.join(sorted(known))}")
    given: dict[str, Any] = {}
    if "mpe" in tables:
        given["mpe"] = _choice("mpe", tables["mpe"], MPE_CHOICES)
    if "slide" in tables:
        given["slide"] = Slide(_choice("slide", tables["slide"], [each.value for each in Slide]))
    if "bend" in tables:
        given["bend"] = _number("bend", tables["bend"], 0.0, WIDEST_BEND)
    if "vowel" in tables:
        given["vowel"] = _number("vowel", tables["vowel"], 0.0, 1.0)
    if "channels" in tables:
        given["channels"] = _channels(tables["channels"])
    if "controllers" in tables:
        given["controllers"] = MappingProxyType({**DEFAULTS, **_controllers(tables["controllers"])})
    if "programs" in tables:
        given["programs"] = MappingProxyType(_programs(tables["programs"]))
    return Mapping(**given)


def write(controllers: Dict[int, Use]) -> str:
    """The text of a mapping file with these uses. Defaults that another number took over do nothing."""
    taken = set(controllers.values())
    silenced = {number: Use.NOTHING for number, use in DEFAULTS.items() if use in taken and number not in controllers}
    lines = ["# What the knobs of this controller do: docs/play/midi.md", "[controllers]"]
    for number, use in sorted({**controllers, **silenced}.items()):
        lines.append(f'{number} = "{use.value}"')
    return "\n".join(lines) + "\n"


def _choice(key: str, value: object, choices: Any) -> str:
    if not isinstance(value, str) or value not in choices:
        raise MappingError(f"{key} = {value!r}: use one of {', '.join(choices)}")
    return value


def _number(key: str, value: object, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise MappingError(f"{key} = {value!r}: use a number within {low:g} … {high:g}")
    return float(value)


def _channels(value: object) -> frozenset[int]:
    given: list[object] = value if isinstance(value, list) else []
    found = frozenset(one for one in given if isinstance(one, int) and not isinstance(one, bool) and 1 <= one <= 16)
    if not given or len(found) != len(given):
        raise MappingError(f"channels = {value!r}: use a list of numbers within 1 … 16, each once, such as [1, 2]")
    return found


def _table(key: str, value: object) -> dict[int, object]:
    """A table whose keys are numbers 0…127."""
    if not isinstance(value, dict):
        raise MappingError(f"{key} must be a table: write [{key}], then lines such as 21 = …")
    for number in value:
        if not (number.isascii() and number.isdigit() and len(number) <= 3) or int(number) > 127:
            raise MappingError(f"[{key}] {number[:80]}: the key is a number within 0 … 127")
    return {int(number): each for number, each in value.items()}


def _controllers(value: object) -> dict[int, Use]:
    found = {}
    for number, use in _table("controllers", value).items():
        if number in RESERVED:
            raise MappingError(f"[controllers] {number}: MIDI itself uses this number; map another one")
        found[number] = Use(_choice(f"[controllers] {number}", use, [each.value for each in Use]))
    return found


def _programs(value: object) -> dict[int, str]:
    found = {}
    for number, name in _table("programs", value).items():
        if not isinstance(name, str) or not 1 <= len(name) <= 64:
            raise MappingError(f"[programs] {number} = {name!r}: use the name of a preset, up to 64 characters")
        found[number] = name
    return found
