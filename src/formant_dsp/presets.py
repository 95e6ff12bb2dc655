"""Presets: a whole instrument in one TOML file, from the touch to the parameters of its voices.

    preset = load("ring-tenor")                        # shipped, or the path of a file of your own
    preset = load("choir", voice={"vibrato_cents": 0}) # but for this
    bank = ChoirBank(Bank())
    bank.note_on(key, preset.voice_params(x, y, z))    # a list, one entry a singer

docs/presets.md says what may stand in a file. A file is checked whole before anything of it is used; an error names the
file, the key, the value and what would be right. Presets shipped here are equally loud (`trim_db`, measured by
tests/support/loudness.py).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, cast

import msgspec

from formant_dsp import choir, expression
from formant_dsp.choir import Choir
from formant_dsp.expression import Expression, express
from formant_dsp.params import ALGORITHMS, RANGES, VoiceParams
from formant_dsp.preset_file import (
    MAPPING_RANGES,
    TRIM,
    VOICE_RANGES,
    File,
    PresetError,
    changed,
    checked,
    decode,
    whole,
)
from formant_dsp.preset_vowels import INDEX_AT_HZ, Walk, akin, names_along, way_of
from formant_dsp.vowels import Vowel, VowelPath

MOST_NAMED = 32


@dataclass(frozen=True, slots=True)
class Preset:
    """One instrument: what a touch sounds like. Made by `load` and `parse`."""

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

    @property
    def singers(self) -> int:
        """Voices of the bank that one touch needs."""
        return len(self.choir.members)

    @property
    def surface(self) -> dict[str, Any] | None:
        """What lies where, for whoever draws it: pitch at x = 0, octaves to x = 1, names of vowels at equal steps of y.

        None where there are too many vowels to write them beside a surface."""
        vowels = [name[:8] for name in names_along(self.way)]
        if len(vowels) > MOST_NAMED or not all(vowels):
            return None
        return {"low_hz": self.f0_low_hz, "octaves": self.octaves, "vowels": vowels}

    def f0_hz(self, x: float) -> float:
        """Pitch at x (0 … 1, clamped), Hz: equal distances are equal intervals."""
        return min(self.f0_low_hz * math.exp2(self.octaves * min(max(x, 0.0), 1.0)), RANGES["f0_hz"].high)

    def x_of(self, f0_hz: float) -> float:
        """Where a pitch lies; outside 0 … 1 when the surface does not reach it."""
        return math.log2(f0_hz / self.f0_low_hz) / self.octaves

    def effort(self, z: float | None) -> float:
        """0 … 1 of pressure 0 … 1: least up to `phonation_z`, then rising to 1; without pressure the preset's own.

        The whole of effort is 40 dB. Few surfaces feel pressure well enough to play that, so `dynamic_range_db` says
        how much of it, from the top, a finger has.
        """
        if z is None:
            return self.expression.effort
        above = (min(max(z, 0.0), 1.0) - self.phonation_z) / (1.0 - self.phonation_z)
        share = above * math.sqrt(above) if above > 0.0 else 0.0
        return 1.0 - self.dynamic_range_db / 40.0 * (1.0 - share)

    def voice_params(
        self,
        x: float,
        y: float,
        z: float | None = None,
        *,
        place: tuple[float, float] | None = None,
        lease_s: float = 0.0,
    ) -> list[VoiceParams]:
        """What each singer does for one touch.

        x, y, z   0 … 1, clamped: pitch, vowel, effort (None: no pressure known)
        place     (backness, openness) of a second finger, instead of y; only if the vowels are a plane
        lease_s   as in VoiceParams
        """
        f0_hz = self.f0_hz(x)
        way = self.way
        vowel = way.plane.at(*place) if place is not None and isinstance(way, Walk) else way.at(y)
        if self.widths_follow_f0:
            vowel = _rescaled(vowel, f0_hz / INDEX_AT_HZ)
        sung = express(vowel, f0_hz, self.expression, self.voice, effort=self.effort(z), algorithm=self.algorithm)
        level_db = sung.level_db + 40.0 - 40.0 * self.expression.effort + self.trim_db
        return self.choir.sing(
            VoiceParams(
                f0_hz=f0_hz,
                vowel=sung.vowel,
                level_db=min(max(level_db, _LOWEST_DB), _HIGHEST_DB),
                lease_s=lease_s,
                algorithm=self.algorithm,
                **{**self.voice, **sung.fields},
            )
        )


_LOWEST_DB, _HIGHEST_DB = RANGES["level_db"].low, RANGES["level_db"].high


def _rescaled(vowel: Vowel, factor: float) -> Vowel:
    return Vowel(
        vowel.frequency_hz, tuple(min(max(b * factor, 5.0), 2000.0) for b in vowel.bandwidth_hz), vowel.level_db
    )


@cache
def names() -> tuple[str, ...]:
    """The presets that are shipped."""
    return tuple(sorted(file.name[:-5] for file in _shipped().iterdir() if file.name.endswith(".toml")))


def _shipped() -> Traversable:
    return resources.files("formant_dsp") / "data" / "presets"


DEFAULT = "plain"
"""What sings when nothing else is asked for."""

NOTHING: Mapping[str, Any] = {}


def load(
    name_or_path: str | Path, *, voice: Mapping[str, Any] = NOTHING, vowels: Mapping[str, str] = NOTHING
) -> Preset:
    """A preset by name (`names()`) or from a file, recognised by its ending .toml.

    voice    entries of [voice] that take the place of the file's: {"algorithm": "natural", "vibrato_cents": 0}
    vowels   the same of [vowels]: {"table": "h95_published", "group": "women"}
    error    PresetError naming file, key, value and range; or the names there are
    """
    if isinstance(name_or_path, Path) or name_or_path.endswith(".toml"):
        path = Path(name_or_path)
        try:
            text = path.read_text(encoding="utf-8-sig")  # some editors of Windows begin with a mark of byte order
        except (OSError, UnicodeError) as reason:
            raise PresetError(f"{path} cannot be read: {reason}") from None
        return parse(text, name=path.stem, source=str(path), voice=voice, vowels=vowels)
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
    """A preset from the text of a TOML file, which may come from anywhere: it can do nothing but be wrong.

    voice, vowels   as in `load`
    error           PresetError naming source, key, value and range
    """
    try:
        read = changed(decode(text), voice, vowels)
        return _preset(name, msgspec.structs.replace(read, vowels=akin(read.vowels)) if vowels else read)
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
