"""Presets: a whole instrument in one TOML file, from the touch to the parameters of its voices.

    preset = load("ring-tenor")                        # a shipped preset, or the path of your own file
    preset = load("choir", voice={"vibrato_cents": 0}) # with one parameter changed
    bank = ChoirBank(Bank())
    bank.note_on(key, preset.voice_params(x, y, z))    # a list, one entry a singer

docs/play/presets.md describes the file. A file is checked completely before it is used. An error names the file, the
key, the value and what is allowed. The shipped presets are equally loud on one phrase (`trim_db`, measured by
tests/support/sound/loudness.py).
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, cast

import msgspec

from formant_dsp.model import choir, expression
from formant_dsp.model.choir import Choir
from formant_dsp.model.evenness import numbers_with
from formant_dsp.model.expression import Expression
from formant_dsp.model.params import ALGORITHMS, RANGES, VoiceParams, made
from formant_dsp.model.preset_file import (
    MAPPING_RANGES,
    MOST_CHARACTERS,
    TRIM,
    VOICE_RANGES,
    File,
    PresetError,
    changed,
    checked,
    decode,
    whole,
)
from formant_dsp.model.preset_vowels import Walk, names_along, names_on, way_of, with_known_vowels
from formant_dsp.model.vowels import VowelPath
from formant_dsp.touch.mapping import effort, pitch, voices
from formant_files import read_text, shown

MOST_NAMED = 32


@dataclass(frozen=True, slots=True)
class Preset:
    """One instrument: it turns touches into parameters of voices. `load` and `parse` make it."""

    name: str
    title: str
    description: str
    trim_db: float
    algorithm: str
    voice: Mapping[str, float]
    way: VowelPath | Walk
    expression: Expression
    choir: Choir
    f0_low_hz: float
    octaves: float
    phonation_z: float
    dynamic_range_db: float
    widths_follow_f0: bool
    code: array[float] = field(init=False, repr=False, compare=False)
    """All that a touch needs, for the mapping (touch/code.pxd)."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "code", _code(self))

    @property
    def singers(self) -> int:
        """Number of voices of the bank that one touch takes."""
        return len(self.choir.members)

    @property
    def surface(self) -> dict[str, Any] | None:
        """Labels for a page that draws the surface: pitch at x = 0 (Hz), octaves to x = 1, vowels at equal steps of y;
        and, where the vowels are a plane, `plane`: its vowels as [name, backness, openness].

        None when there are more than 32 vowels, or one without a name."""
        vowels = [name[:8] for name in names_along(self.way)]
        if len(vowels) > MOST_NAMED or not all(vowels):
            return None
        surface = {"low_hz": self.f0_low_hz, "octaves": self.octaves, "vowels": vowels}
        if isinstance(self.way, VowelPath):
            return surface
        places = [[name[:8], *place] for name, place in names_on(self.way.plane).items()]
        return surface | ({"plane": places} if len(places) <= MOST_NAMED and all(name for name, *_ in places) else {})

    def f0_hz(self, x: float) -> float:
        """Pitch at x (0 … 1, clamped), Hz, at most 4,000. Equal distances are equal intervals."""
        return pitch(self.code, x, None)

    def pitch_hz(self, x: float | None, note: float | None) -> float:
        """Pitch of a touch, Hz.

        x      0 … 1, clamped; used when `note` is None; None: 0.5
        note   MIDI number, 69 = 440 Hz; the pitch is clamped to 20 … 4,000 Hz
        """
        return pitch(self.code, x, note)

    def x_of(self, f0_hz: float) -> float:
        """The x of a pitch > 0 Hz; outside 0 … 1 when the surface does not contain it."""
        return math.log2(f0_hz / self.f0_low_hz) / self.octaves

    def effort(self, z: float | None) -> float:
        """Effort 0 … 1 of a pressure.

        z         0 … 1, clamped; None: the preset's own effort
        returns   the least effort up to `phonation_z`, then rising to 1 at z = 1

        Effort 0 … 1 spans 40 dB. Few surfaces measure pressure well enough for that range. `dynamic_range_db` sets how
        much of it, from the top, a finger controls.
        """
        return effort(self.code, z)

    def voice_params(
        self,
        x: float | None,
        y: float,
        z: float | None = None,
        *,
        note: float | None = None,
        vel: float | None = None,
        place: tuple[float, float] | None = None,
        lease_s: float = 0.0,
    ) -> list[VoiceParams]:
        """The parameters of each singer for one touch: a list, one entry per singer.

        x, y, z   0 … 1, clamped: pitch, vowel, effort; z None: the pressure is not known
        note      pitch as a MIDI number, instead of x
        vel       how hard a key was struck, 0 … 1: it chooses the onset, and where z is None the effort as well
        place     (backness, openness) of a second finger, each 0 … 1, instead of y; used only on a plane of vowels
        lease_s   as in VoiceParams
        error     ValueError for a lease out of range, and for an x, y or note that is NaN
        """
        RANGES["lease_s"].check("lease_s", lease_s)
        for name, value in (("x", x), ("y", y), ("note", note)):
            if value != value:
                raise ValueError(f"{name}={value} is not a number: give a place of 0 … 1, or a note")
        if z != z:
            z = 0.0  # a pressure that makes no sense is the least
        return self.trusted_params(x, y, z, note=note, vel=vel, place=place, lease_s=lease_s)

    def trusted_params(
        self,
        x: float | None,
        y: float,
        z: float | None = None,
        *,
        note: float | None = None,
        vel: float | None = None,
        place: tuple[float, float] | None = None,
        lease_s: float = 0.0,
        width: float = 0.0,
    ) -> list[VoiceParams]:
        """As `voice_params`, for numbers that were checked before, as those of a message are when it is decoded.

        width   0 … 1: how far x spreads the voices over the channels, low notes on the left (placement.pan_of)
        """
        if isinstance(self.way, VowelPath):
            place = None
        return [made(each, self.algorithm) for each in voices(self.code, x, y, z, note, place, lease_s, width, vel)]


def _code(preset: Preset) -> array[float]:
    """The preset as the mapping reads it (touch/code.pxd). All of it was checked when the preset was made."""
    return array(
        "d",
        (
            preset.f0_low_hz,
            preset.octaves,
            preset.phonation_z,
            preset.dynamic_range_db,
            preset.trim_db,
            preset.widths_follow_f0,
            ALGORITHMS.index(preset.algorithm),
            preset.singers,
            *(getattr(preset.expression, name) for name in expression.RANGES),
            *numbers_with({**_left_to_the_onset(preset), **preset.voice}),
            *expression.LEAST,
            *expression.MOST,
            *(number for member in preset.choir.members for number in choir.numbers_of_member(member)),
            *preset.way.code,
        ),
    )


def _left_to_the_onset(preset: Preset) -> dict[str, float]:
    """The parameters of the onset, each below -100: the mapping computes them, unless the preset sets them itself."""
    return dict.fromkeys(expression.OF_ONSET, -1000.0) if preset.algorithm in expression.SUNG_BY else {}


@cache
def names() -> tuple[str, ...]:
    """Names of the shipped presets, sorted."""
    return tuple(sorted(file.name[:-5] for file in _shipped().iterdir() if file.name.endswith(".toml")))


def _shipped() -> Traversable:
    return resources.files("formant_dsp") / "data" / "presets"


DEFAULT = "plain"
"""Name of the preset that is used when none is chosen."""

NOTHING: Mapping[str, Any] = {}


def load(
    name_or_path: str | Path, *, voice: Mapping[str, Any] = NOTHING, vowels: Mapping[str, str] = NOTHING
) -> Preset:
    """A preset by name (`names()`) or from a file, whose path ends with .toml.

    voice    entries that replace those of [voice]: {"algorithm": "natural", "vibrato_cents": 0}
    vowels   entries that replace those of [vowels]: {"table": "h95_published", "group": "women"}
    error    PresetError naming file, key, value and range; for an unknown name it lists all names
    """
    if isinstance(name_or_path, Path) or name_or_path.endswith(".toml"):
        path = Path(name_or_path)
        try:
            text = read_text(path, 4 * MOST_CHARACTERS)
        except OSError as reason:
            raise PresetError(f"{shown(path)} cannot be read: {reason.strerror or reason}") from None
        return parse(text, name=shown(path.stem), source=shown(path), voice=voice, vowels=vowels)
    if name_or_path not in names():
        raise PresetError(f"no preset {name_or_path!r}: choose one of {', '.join(names())}, or name a .toml file")
    return parse(
        (_shipped() / f"{name_or_path}.toml").read_text(encoding="utf-8"),
        name=name_or_path,
        source=f"{name_or_path}.toml",
        voice=voice,
        vowels=vowels,
    )


def parse(
    text: str,
    name: str = "preset",
    source: str = "preset",
    *,
    voice: Mapping[str, Any] = NOTHING,
    vowels: Mapping[str, str] = NOTHING,
) -> Preset:
    """A preset from the text of a TOML file. The text may come from an untrusted source: it holds no code.

    name            name of the preset
    source          where the text is from, for error messages
    voice, vowels   as in `load`
    error           PresetError naming source, key, value and range
    """
    try:
        read = changed(decode(text), voice, vowels)
        return _preset(name, msgspec.structs.replace(read, vowels=with_known_vowels(read.vowels)) if vowels else read)
    except KeyError as reason:
        raise PresetError(f"{source}: vowels.path: {reason.args[0]}") from None
    except (ValueError, OverflowError) as reason:
        raise PresetError(f"{source}: {reason}") from None


def _preset(name: str, read: File) -> Preset:
    voice = dict(read.voice)
    algorithm = voice.pop("algorithm", ALGORITHMS[0])
    if algorithm not in ALGORITHMS:
        raise ValueError(f"voice.algorithm={algorithm!r}: choose one of {', '.join(ALGORITHMS)}")
    numbers = checked("voice", voice, VOICE_RANGES)
    mapping = {key: bounds.default for key, bounds in MAPPING_RANGES.items()}
    mapping |= checked("mapping", read.mapping, MAPPING_RANGES)
    gestures = checked("expression", read.expression, expression.RANGES)
    several: dict[str, Any] = dict(read.choir)
    seed = whole("choir.seed", several.pop("seed", 0))
    several = checked("choir", several, choir.RANGES)
    several["singers"] = whole("choir.singers", several.get("singers", 1))
    way, widths_follow_f0 = way_of(read.vowels)
    return Preset(
        name=name,
        title=read.title,
        description=read.description,
        trim_db=TRIM.check("trim_db", read.trim_db),
        algorithm=str(algorithm),
        voice=numbers,
        way=way,
        expression=Expression(**gestures),
        choir=Choir(seed=seed, **cast(Any, several)),
        widths_follow_f0=widths_follow_f0,
        **mapping,
    )
