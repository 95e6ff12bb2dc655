"""`formant-node render`: sound into a file, without a network and faster than real time."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from formant_dsp import ALGORITHMS, HOP, SUNG_VOICES, Bank, VoiceParams, Vowel, VowelPath, VowelPlane, sung
from formant_dsp.params import RANGES, Range
from formant_dsp.placement import LAYOUTS, pan_of
from formant_dsp.score import Event, render_score
from formant_dsp.tables import table as table_of
from formant_dsp.tables import tables
from formant_dsp.vowels import PLANE_ANCHORS
from formant_net.cli.ranges import FloatRange

if TYPE_CHECKING:
    from formant_dsp.presets import Preset

LONGEST_S = 3600.0
RELEASE_S = 0.4
"""A note is let go so long before the end of its file, that its release is in it."""
FORMATS = {".wav": "WAV", ".flac": "FLAC"}


def _range(name: str) -> FloatRange:
    return FloatRange(RANGES[name].low, RANGES[name].high)


@click.command("render")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="FILE.wav or FILE.flac."
)
@click.option("--gesture", type=click.File("rb"), help="Gesture file (JSON lines) to play; - is standard input.")
@click.option(
    "--vowel",
    metavar="NAME|X,Y",
    help="Vowel to sing: by its name, or its place on the plane, 0,0 back and close … 1,1 front and open.  "
    "[default: a; of a preset its first]",
)
@click.option("--to-vowel", metavar="NAME|X,Y", help="Go to this vowel over the length of the note.")
@click.option(
    "--f0", type=_range("f0_hz"), metavar="HZ", help="Pitch.  [default: 110; of a preset a third of its way up]"
)
@click.option("--glide", type=_range("f0_hz"), metavar="HZ", help="Glide to this pitch over the length of the note.")
@click.option("--seconds", type=FloatRange(0.1, 3600.0), default=2.0, show_default=True, help="Length of the file.")
@click.option("--voice", type=click.Choice(SUNG_VOICES), help="Whose vowels.  [default: tenor, or the preset's]")
@click.option("--table", metavar="NAME:GROUP", help="Vowels of another table, such as h95_published:women.")
@click.option("--algorithm", type=click.Choice(ALGORITHMS), help="Oscillator.  [default: voice, or the preset's]")
@click.option("--vibrato", type=_range("vibrato_cents"), metavar="CENTS",
              help=f"Peak, 0 = off.  [default: {RANGES['vibrato_cents'].default:g}, or the preset's]")  # fmt: skip
@click.option("--jitter", type=_range("drift_cents"), metavar="CENTS",
              help="Slow random walk of the pitch, rms, 0 = off.  [default: 0, or the preset's]")  # fmt: skip
@click.option(
    "--level", type=_range("level_db"), default=0.0, show_default=True, metavar="DB", help="Added to the voice's own."
)
@click.option(
    "--set",
    "others",
    metavar="NAME=VALUE",
    multiple=True,
    help="Any other number of a voice (docs/voice.md), such as skirt=0.05; of a preset or a gesture any of its "
    "expression (docs/presets.md), such as effort=0.4; may be repeated.",
)
@click.option(
    "--preset",
    metavar="NAME|FILE.toml",
    help="What sings, a choir with all its singers.  [default of a gesture: plain]",
)
@click.option("--voices", type=click.IntRange(1, 1024), default=32, show_default=True, help="Voices of the bank.")
@click.option("--channels", type=click.IntRange(1, 8), default=1, show_default=True, help="1 mono, 2 stereo … 8.")
@click.option("--layout", type=click.Choice(LAYOUTS), default="line", show_default=True, help="How the channels stand.")
@click.option("--pan", type=_range("pan"), help="Place, -1 left … 1 right.  [default: 0, or the preset's]")
@click.option("--width", type=FloatRange(0.0, 1.0), default=0.5, show_default=True,
              help="How far a gesture is spread over the channels, low notes at the left.")  # fmt: skip
@click.option("--rate", type=click.IntRange(8000, 192000), default=48000, show_default=True, help="Sample rate, Hz.")
@click.option(
    "--blocksize", type=click.IntRange(1, 1 << 20), default=1024, show_default=True, help="Frames rendered at a time."
)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Of everything random.")
@click.option("--float", "as_float", is_flag=True, help="32-bit float WAV instead of 24-bit.")
@click.pass_context
def command(
    ctx: click.Context,
    output: Path, gesture: object, vowel: str | None, to_vowel: str | None, f0: float | None, glide: float | None,
    seconds: float, voice: str | None, table: str | None, others: tuple[str, ...],
    algorithm: str | None, vibrato: float | None, jitter: float | None, level: float, preset: str | None, voices: int,
    rate: int, channels: int, layout: str, pan: float | None, width: float, blocksize: int, seed: int, as_float: bool,
) -> None:  # fmt: skip
    """Render a note or a gesture to a WAV or FLAC file.

    The file depends on nothing but these options: the same ones give the same samples, whatever the block size.
    """
    if output.suffix.lower() not in FORMATS:
        raise click.BadParameter(f"{output}: the name must end in .wav or .flac", param_hint="--output")
    if as_float and output.suffix.lower() != ".wav":
        raise click.BadParameter("only WAV files take floats: name the output .wav", param_hint="--float")
    if gesture is not None:
        _refuse_what_would_do_nothing(ctx)
    if voice is not None and table is not None:
        raise click.BadParameter("leave it out with --table: a table has its own voices", param_hint="--voice")
    given = {"algorithm": algorithm, "vibrato_cents": vibrato, "drift_cents": jitter, "pan": pan}
    chosen = {name: value for name, value in given.items() if value is not None}
    if preset is None and gesture is None:
        touch = _note(_vowels(voice or "tenor", table), f0 or 110.0, glide, vowel or "a", to_vowel, level,
                      chosen | _numbers(others, {name: RANGES[name] for name in _OTHERS}))  # fmt: skip
    else:
        instrument = _instrument(preset, chosen, _group(voice, table), others, level)
        touch = _touch(instrument, f0, glide, vowel, to_vowel)
    if gesture is not None:
        sing = _placed(instrument.voice_params, width if channels > 1 else 0.0)
        events, frames = _gesture_events(gesture, sing, rate)
    else:
        frames = round(seconds * rate)
        events = list(_note_events(touch, frames, rate, moves=glide is not None or to_vowel is not None))
    bank = Bank(voices=voices, sample_rate=rate, seed=seed, ring_capacity=4096, channels=channels, layout=layout)
    _write(output, bank, events, frames, blocksize, as_float)


_OF_A_NOTE = ("vowel", "to_vowel", "f0", "glide", "seconds")


def _refuse_what_would_do_nothing(ctx: click.Context) -> None:
    """A gesture says itself what is sung when."""
    for name in _OF_A_NOTE:
        if ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            flag = f"--{name.replace('_', '-')}"
            raise click.BadParameter("leave it out with --gesture: a gesture has its own", param_hint=flag)


def _numbers(others: tuple[str, ...], known: Mapping[str, Range]) -> dict[str, Any]:
    """Numbers that have such ranges, from NAME=VALUE."""
    found: dict[str, Any] = {}
    for each in others:
        name, _, value = each.partition("=")
        if name in _OWN:
            raise click.BadParameter(f"{name} has an option of its own: {_OWN[name]}", param_hint="--set")
        if name not in known and name in _expression():
            raise click.BadParameter(f"{name} is of a preset: choose one, such as --preset plain", param_hint="--set")
        if name not in known:
            raise click.BadParameter(f"{name!r} is none of {', '.join(known)}", param_hint="--set")
        try:
            found[name] = known[name].check(name, float(value))
        except ValueError as error:
            raise click.BadParameter(f"{each}: {error}", param_hint="--set") from error
    return found


def _expression() -> Mapping[str, Range]:
    from formant_dsp import expression

    return expression.RANGES


_OWN = {
    "f0_hz": "--f0", "level_db": "--level", "vibrato_cents": "--vibrato", "drift_cents": "--jitter", "pan": "--pan",
}  # fmt: skip
_OTHERS = tuple(name for name in RANGES if name not in _OWN)
"""What has no option of its own."""


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


Touch = Callable[[float], list[VoiceParams]]
"""What each singer does when so much of the way, 0 … 1, is done."""


def _note(
    vowels: Mapping[str, Vowel], f0: float, glide: float | None, vowel: str, to_vowel: str | None, level_db: float,
    fixed: dict[str, object],
) -> Touch:  # fmt: skip
    """One voice on a straight line in log pitch and log formants."""
    start, stop = _vowel(vowels, vowel), _vowel(vowels, to_vowel or vowel)
    first = VoiceParams(f0_hz=f0, vowel=start, level_db=level_db, **fixed)  # type: ignore[arg-type]
    ratio = (glide or f0) / f0
    return lambda share: [replace(first, f0_hz=f0 * math.pow(ratio, share), vowel=start.toward(stop, share))]


def _touch(preset: Preset, f0: float | None, glide: float | None, vowel: str | None, to_vowel: str | None) -> Touch:
    """A finger on a preset, without pressure: straight from place to place."""
    x = _on(preset, f0, "--f0") if f0 is not None else 1.0 / 3.0
    x_end = x if glide is None else _on(preset, glide, "--glide")
    way = preset.way
    if isinstance(way, VowelPath):
        y = 0.0 if vowel is None else _stop(way, vowel, "--vowel")
        y_end = y if to_vowel is None else _stop(way, to_vowel, "--to-vowel")
        return lambda share: preset.voice_params(x + share * (x_end - x), y + share * (y_end - y))
    u, v = way.place(0.0) if vowel is None else _place(vowel, "--vowel")
    s, t = (u, v) if to_vowel is None else _place(to_vowel, "--to-vowel")
    return lambda share: preset.voice_params(
        x + share * (x_end - x), 0.0, place=(u + share * (s - u), v + share * (t - v))
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
    raise click.BadParameter(f"{wanted!r}: this preset has a plane, name a place X,Y, both 0 … 1", param_hint=flag)


def _note_events(touch: Touch, frames: int, rate: int, moves: bool) -> Iterator[Event]:
    """One note of one or more singers; where it moves, a new target every hop."""
    from formant_dsp.choir import sub_key

    release = max(frames - round(RELEASE_S * rate), frames // 2)
    for frame in range(0, release, HOP) if moves else (0,):
        singers = touch(frame / release)
        yield from (Event(frame, sub_key(1, i), each) for i, each in enumerate(singers))
    yield from (Event(release, sub_key(1, i), None) for i in range(len(singers)))


Sing = Callable[[float, float, float | None], list[VoiceParams]]


def _group(voice: str | None, table: str | None) -> dict[str, str]:
    """Entries of a preset's [vowels] for --voice or --table."""
    if table is not None:
        name, _, group = table.partition(":")
        return {"table": name, "group": group}
    return {} if voice is None else {"table": "sung", "group": voice}


def _instrument(
    name: str | None, voice: Mapping[str, Any], vowels: Mapping[str, str], others: tuple[str, ...], level_db: float
) -> Preset:
    """A preset, with what was said otherwise of its voice, its vowels and its expression."""
    from formant_dsp import presets
    from formant_dsp.preset_file import PresetError

    numbers = _numbers(others, {**{name: RANGES[name] for name in _OTHERS}, **_expression()})
    gestures = {name: value for name, value in numbers.items() if name in _expression()}
    rest = {name: value for name, value in numbers.items() if name not in gestures}
    try:
        preset = presets.load(name or presets.DEFAULT, voice={**voice, **rest}, vowels=vowels)
    except PresetError as error:
        raise click.BadParameter(str(error), param_hint="--preset") from error
    return replace(preset, expression=replace(preset.expression, **gestures), trim_db=preset.trim_db + level_db)


def _placed(sing: Sing, width: float) -> Sing:
    """The same, each touch at its place between the loudspeakers."""
    return lambda x, y, z: [replace(each, pan=pan_of(x, width, each.pan)) for each in sing(x, y, z)]


def _gesture_events(file: object, sing: Sing, rate: int) -> tuple[list[Event], int]:
    """Events of a gesture file and the frames it lasts, release included."""
    from formant_dsp.choir import sub_key
    from formant_net.gesture import GestureError, read_gesture

    try:
        touches = read_gesture(file)  # type: ignore[arg-type]
    except GestureError as error:
        raise click.BadParameter(str(error), param_hint="--gesture") from error
    notes: dict[int | str, tuple[int, int]] = {}
    events: list[Event] = []
    for touch in touches:
        frame = round(touch.t * rate)
        if touch.active:
            # A finger that comes down again is a new note: the old one keeps its release.
            params = sing(touch.x, touch.y, touch.z)
            key, _ = notes.setdefault(touch.id, (len(events) + 1, len(params)))
            events += [Event(frame, sub_key(key, i), each) for i, each in enumerate(params)]
        elif touch.id in notes:
            key, singers = notes.pop(touch.id)
            events += [Event(frame, sub_key(key, i), None) for i in range(singers)]
    length = touches[-1].t if touches else 0.0
    if length > LONGEST_S:
        raise click.BadParameter(
            f"the gesture lasts {length:g} s, at most {LONGEST_S:g} s are rendered", param_hint="--gesture"
        )
    return events, round((length + RELEASE_S) * rate)


def _write(output: Path, bank: Bank, events: list[Event], frames: int, block_frames: int, as_float: bool) -> None:
    import soundfile

    kind = FORMATS[output.suffix.lower()]
    try:
        file = soundfile.SoundFile(
            output,
            "w",
            samplerate=bank.sample_rate,
            channels=bank.channels,
            subtype="FLOAT" if as_float else "PCM_24",
            format=kind,
        )
    except (soundfile.LibsndfileError, OSError) as error:
        raise click.ClickException(f"cannot write {output}: {error}") from error
    with (
        file,
        click.progressbar(length=frames, label=output.name, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar,
    ):
        try:
            for block in render_score(bank, events, frames, block_frames):
                file.write(block)
                bar.update(len(block))
        except (soundfile.LibsndfileError, OSError) as error:  # a full disk, or a rate that FLAC does not know
            raise click.ClickException(f"cannot write {output} at {bank.sample_rate} Hz: {error}") from error
    click.echo(
        f"{output}: {frames / bank.sample_rate:.2f} s, {bank.sample_rate} Hz, {bank.counters()['notes']} notes",
        err=True,
    )
