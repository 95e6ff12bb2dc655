"""What `formant-node render` sings, as its options describe it: one voice, or a note on a preset.

Wrong values raise click.BadParameter, which names the option.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from formant_dsp import VoiceParams, Vowel, VowelPath, VowelPlane, sung
from formant_dsp.model.params import RANGES, Range
from formant_dsp.model.tables import table as table_of
from formant_dsp.model.tables import tables
from formant_dsp.model.vowels import PLANE_ANCHORS
from formant_dsp.score.performance import Way, finger_on_path, finger_on_plane, line

if TYPE_CHECKING:
    from formant_dsp.model.presets import Preset


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderOptions:
    """The options of the command by their names; None for an option that was not given."""

    output: Path
    gesture: BinaryIO | None
    vowel: str | None
    to_vowel: str | None
    f0: float | None
    glide: float | None
    seconds: float
    voice: str | None
    table: str | None
    algorithm: str | None
    vibrato: float | None
    drift: float | None
    jitter: float | None
    level: float
    others: tuple[str, ...]
    preset: str | None
    voices: int
    channels: int
    layout: str
    pan: float | None
    width: float
    rate: int
    blocksize: int
    seed: int
    as_float: bool

    def of_the_voice(self) -> dict[str, Any]:
        """The voice's parameters that have their own options, except pitch and level."""
        said = {name: getattr(self, option) for name, option in _OF_THE_VOICE.items()}
        return {name: value for name, value in said.items() if value is not None}


_OF_THE_VOICE = {
    "algorithm": "algorithm", "vibrato_cents": "vibrato", "drift_cents": "drift", "jitter_percent": "jitter",
    "pan": "pan",
}  # fmt: skip
"""The parameters of a voice that have their own options, and those options."""


def _numbers(others: tuple[str, ...], known: Mapping[str, Range]) -> dict[str, Any]:
    """The numbers of NAME=VALUE texts, checked against these ranges."""
    found: dict[str, Any] = {}
    for each in others:
        name, _, value = each.partition("=")
        if name in _OWN:
            raise click.BadParameter(f"{name} has an option of its own: {_OWN[name]}", param_hint="--set")
        if name not in known and name in _expression():
            raise click.BadParameter(
                f"{name} belongs to a preset: choose one, such as --preset plain", param_hint="--set"
            )
        if name not in known:
            raise click.BadParameter(f"{name!r} is not known: use one of {', '.join(known)}", param_hint="--set")
        try:
            found[name] = known[name].check(name, float(value))
        except ValueError as error:
            raise click.BadParameter(f"{each}: {error}", param_hint="--set") from error
    return found


def _expression() -> Mapping[str, Range]:
    from formant_dsp.model import expression

    return expression.RANGES


_OWN = {"f0_hz": "--f0", "level_db": "--level"} | {
    name: f"--{option}" for name, option in _OF_THE_VOICE.items() if name in RANGES
}
_OTHERS = tuple(name for name in RANGES if name not in _OWN)
"""The parameters that have no option of their own."""


def _vowels(voice: str, chosen: str | None) -> Mapping[str, Vowel]:
    if chosen is None:
        return sung(voice)
    name, _, group = chosen.partition(":")
    try:
        return table_of(name, group)
    except (KeyError, ValueError) as error:
        known = ", ".join(f"{n}:{g}" for n, info in tables().items() for g in info.groups)
        raise click.BadParameter(f"{chosen!r}: choose one of {known}", param_hint="--table") from error


def _vowel(vowels: Mapping[str, Vowel], wanted: str) -> Vowel:
    if wanted in vowels:
        return vowels[wanted]
    try:
        x, y = map(float, wanted.split(","))
        if not (0.0 <= x <= 1.0 and 0.0 <= y <= 1.0):
            raise ValueError("outside the plane")
        return VowelPlane.over(vowels, PLANE_ANCHORS if set(vowels) == set(PLANE_ANCHORS) else None).at(x, y)
    except ValueError as error:
        raise click.BadParameter(
            f"{wanted!r}: choose one of {', '.join(vowels)}, or a place X,Y with both within 0 … 1",
            param_hint="--vowel",
        ) from error


def plain_note(chosen: RenderOptions) -> Way:
    """One voice without a preset."""
    vowels = _vowels(chosen.voice or "tenor", chosen.table)
    vowel = chosen.vowel or "a"
    numbers = _numbers(chosen.others, {name: RANGES[name] for name in _OTHERS})
    f0 = chosen.f0 or 110.0
    first = VoiceParams(
        f0_hz=f0, vowel=_vowel(vowels, vowel), level_db=chosen.level, **{**chosen.of_the_voice(), **numbers}
    )
    return line(first, chosen.glide or f0, _vowel(vowels, chosen.to_vowel or vowel))


def note_of(preset: Preset, chosen: RenderOptions) -> Way:
    """A note on a preset: a finger that moves in a straight line, without pressure."""
    x = _on(preset, chosen.f0, "--f0") if chosen.f0 is not None else 1.0 / 3.0
    xs = (x, x if chosen.glide is None else _on(preset, chosen.glide, "--glide"))
    way = preset.way
    if isinstance(way, VowelPath):
        y = 0.0 if chosen.vowel is None else _stop(way, chosen.vowel, "--vowel")
        return finger_on_path(
            preset, xs, (y, y if chosen.to_vowel is None else _stop(way, chosen.to_vowel, "--to-vowel"))
        )
    start = way.place(0.0) if chosen.vowel is None else _place(chosen.vowel, "--vowel")
    return finger_on_plane(
        preset, xs, start, start if chosen.to_vowel is None else _place(chosen.to_vowel, "--to-vowel")
    )


def _on(preset: Preset, f0: float, flag: str) -> float:
    low, high = preset.f0_hz(0.0), preset.f0_hz(1.0)
    if not low * 0.999 <= f0 <= high * 1.001:
        raise click.BadParameter(f"{f0:g}: {preset.name} sings {low:.0f} … {high:.0f} Hz", param_hint=flag)
    return preset.x_of(f0)


def _stop(path: VowelPath, wanted: str, flag: str) -> float:
    names = [vowel.name for vowel in path.stops]
    if wanted not in names:
        raise click.BadParameter(f"{wanted!r}: choose one of {', '.join(names)}", param_hint=flag)
    return names.index(wanted) / (len(names) - 1)


def _place(wanted: str, flag: str) -> tuple[float, float]:
    try:
        x, y = map(float, wanted.split(","))
        if 0.0 <= x <= 1.0 and 0.0 <= y <= 1.0:
            return x, y
    except ValueError:
        pass
    raise click.BadParameter(
        f"{wanted!r}: this preset has a plane, so give a place X,Y, both within 0 … 1", param_hint=flag
    )


def _group(voice: str | None, table: str | None) -> dict[str, str]:
    """The entries of a preset's [vowels] that --voice or --table sets."""
    if table is not None:
        name, _, group = table.partition(":")
        return {"table": name, "group": group}
    return {} if voice is None else {"table": "sung", "group": voice}


def instrument_of(chosen: RenderOptions) -> Preset:
    """A preset, with its voice, vowels and expression overridden by the options."""
    from formant_dsp.model import presets
    from formant_dsp.model.preset_file import PresetError

    numbers = _numbers(chosen.others, {**{name: RANGES[name] for name in _OTHERS}, **_expression()})
    gestures = {name: value for name, value in numbers.items() if name in _expression()}
    rest = {name: value for name, value in numbers.items() if name not in gestures}
    try:
        preset = presets.load(
            chosen.preset or presets.DEFAULT,
            voice={**chosen.of_the_voice(), **rest},
            vowels=_group(chosen.voice, chosen.table),
        )
    except PresetError as error:
        raise click.BadParameter(str(error), param_hint="--preset") from error
    return replace(preset, expression=replace(preset.expression, **gestures), trim_db=preset.trim_db + chosen.level)
