"""`formant-node render`: sound into a file, without a network and faster than real time."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import click

from formant_dsp import ALGORITHMS, HOP, SUNG_VOICES, SUNG_VOWELS, Bank, VoiceParams, Vowel, VowelPath, VowelPlane, sung
from formant_dsp.params import RANGES
from formant_dsp.placement import LAYOUTS, pan_of
from formant_dsp.score import Event, render_score
from formant_dsp.tables import table as table_of
from formant_dsp.tables import tables
from formant_dsp.vowels import PLANE_ANCHORS
from formant_net.cli.ranges import FloatRange

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
    default="a",
    show_default=True,
    help="Vowel to sing: by its name, or its place on the plane, 0,0 back and close … 1,1 front and open.",
)
@click.option("--to-vowel", metavar="NAME|X,Y", help="Go to this vowel over the length of the note.")
@click.option("--f0", type=_range("f0_hz"), default=110.0, show_default=True, help="Pitch, Hz.")
@click.option("--glide", type=_range("f0_hz"), metavar="HZ", help="Glide to this pitch over the length of the note.")
@click.option("--seconds", type=FloatRange(0.1, 3600.0), default=2.0, show_default=True, help="Length of the file.")
@click.option("--voice", type=click.Choice(SUNG_VOICES), default="tenor", show_default=True, help="Whose vowels.")
@click.option("--table", metavar="NAME:GROUP", help="Vowels of another table, such as h95_published:women.")
@click.option(
    "--algorithm", type=click.Choice(ALGORITHMS), default="voice", show_default=True, help="Which oscillator."
)
@click.option("--vibrato", type=_range("vibrato_cents"), default=RANGES["vibrato_cents"].default, show_default=True,
              metavar="CENTS", help="Peak vibrato, 0 = off.")  # fmt: skip
@click.option("--jitter", type=_range("drift_cents"), default=0.0, show_default=True, metavar="CENTS",
              help="Slow random walk of the pitch, rms, 0 = off.")  # fmt: skip
@click.option(
    "--level", type=_range("level_db"), default=0.0, show_default=True, metavar="DB", help="Level of a voice."
)
@click.option(
    "--set",
    "others",
    metavar="NAME=VALUE",
    multiple=True,
    help="Any other number of a voice (docs/voice.md), such as skirt=0.05; may be repeated.",
)
@click.option("--preset", metavar="NAME|FILE.toml", help="Sing a gesture with a preset (docs/presets.md).")
@click.option("--voices", type=click.IntRange(1, 1024), default=32, show_default=True, help="Voices for a gesture.")
@click.option("--channels", type=click.IntRange(1, 8), default=1, show_default=True, help="1 mono, 2 stereo … 8.")
@click.option("--layout", type=click.Choice(LAYOUTS), default="line", show_default=True, help="How the channels stand.")
@click.option("--pan", type=_range("pan"), default=0.0, show_default=True, help="Place of a note, -1 left … 1 right.")
@click.option("--width", type=FloatRange(0.0, 1.0), default=0.5, show_default=True,
              help="How far a gesture is spread over the channels, low notes at the left.")  # fmt: skip
@click.option("--rate", type=click.IntRange(8000, 192000), default=48000, show_default=True, help="Sample rate, Hz.")
@click.option(
    "--blocksize", type=click.IntRange(1, 1 << 20), default=1024, show_default=True, help="Frames rendered at a time."
)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Of everything random.")
@click.option("--float", "as_float", is_flag=True, help="32-bit float WAV instead of 24-bit.")
def command(
    output: Path, gesture: object, vowel: str, to_vowel: str | None, f0: float, glide: float | None, seconds: float,
    voice: str, table: str | None, others: tuple[str, ...],
    algorithm: str, vibrato: float, jitter: float, level: float, preset: str | None, voices: int, rate: int,
    channels: int, layout: str, pan: float, width: float,
    blocksize: int,
    seed: int, as_float: bool,
) -> None:  # fmt: skip
    """Render a note or a gesture to a WAV or FLAC file.

    The file depends on nothing but these options: the same ones give the same samples, whatever the block size.
    """
    if output.suffix.lower() not in FORMATS:
        raise click.BadParameter(f"{output}: the name must end in .wav or .flac", param_hint="--output")
    if as_float and output.suffix.lower() != ".wav":
        raise click.BadParameter("only WAV files take floats: name the output .wav", param_hint="--float")
    fixed = {"algorithm": algorithm, "vibrato_cents": vibrato, "drift_cents": jitter, "pan": pan}
    fixed |= _numbers(others)
    vowels = _vowels(voice, table)
    if preset is not None and gesture is None:
        raise click.BadParameter("a preset sings a gesture: give one with --gesture", param_hint="--preset")
    if gesture is not None:
        if preset is not None and others:
            raise click.BadParameter(
                "a preset has its own: write them into its file (docs/presets.md)", param_hint="--set"
            )
        sing = _placed(_singer(preset, vowels, fixed, level), width if channels > 1 else 0.0)
        events, frames = _gesture_events(gesture, sing, rate)
    else:
        start = VoiceParams(f0_hz=f0, vowel=_vowel(vowels, vowel), level_db=level, **fixed)  # type: ignore[arg-type]
        stop = VoiceParams(
            f0_hz=f0 if glide is None else glide,
            vowel=_vowel(vowels, to_vowel or vowel),
            level_db=level,
            **fixed,  # type: ignore[arg-type]
        )
        frames = round(seconds * rate)
        events = list(_note_events(start, stop, frames, rate))
    bank = Bank(voices=voices, sample_rate=rate, seed=seed, ring_capacity=4096, channels=channels, layout=layout)
    _write(output, bank, events, frames, blocksize, as_float)


def _numbers(others: tuple[str, ...]) -> dict[str, object]:
    """Fields of VoiceParams from NAME=VALUE."""
    found: dict[str, object] = {}
    for each in others:
        name, _, value = each.partition("=")
        if name not in _OTHERS:
            raise click.BadParameter(f"{name!r} is none of {', '.join(_OTHERS)}", param_hint="--set")
        try:
            found[name] = RANGES[name].check(name, float(value))
        except ValueError as error:
            raise click.BadParameter(f"{each}: {error}", param_hint="--set") from error
    return found


_OWN = {"f0_hz", "level_db", "vibrato_cents", "drift_cents", "pan"}
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


def _note_events(start: VoiceParams, stop: VoiceParams, frames: int, rate: int) -> Iterator[Event]:
    """One note; where it moves, a new target every hop on a straight line in log pitch and log formants."""
    release = max(frames - round(RELEASE_S * rate), frames // 2)
    yield Event(0, 1, start)
    if start != stop:
        for frame in range(HOP, release, HOP):
            share = frame / release
            yield Event(
                frame,
                1,
                replace(
                    start,
                    f0_hz=start.f0_hz * math.pow(stop.f0_hz / start.f0_hz, share),
                    vowel=start.vowel.toward(stop.vowel, share),
                ),
            )
    yield Event(release, 1, None)


Sing = Callable[[float, float, float | None], list[VoiceParams]]


def _singer(preset: str | None, vowels: Mapping[str, Vowel], fixed: dict[str, object], level_db: float) -> Sing:
    """From x, y, z of a touch to one entry a singer."""
    from formant_dsp import presets
    from formant_dsp.preset_file import PresetError
    from formant_net.mapping import Mapping as TouchMapping

    if preset is not None:
        try:
            return presets.load(preset).voice_params
        except PresetError as error:
            raise click.BadParameter(str(error), param_hint="--preset") from error
    order = SUNG_VOWELS if all(name in vowels for name in SUNG_VOWELS) else tuple(vowels)
    mapping, path = TouchMapping(), VowelPath.through(vowels, order)

    def solo(x: float, y: float, z: float | None) -> list[VoiceParams]:
        loudness = max(RANGES["level_db"].low, level_db + mapping.level_db(z))
        vowel = path.at(mapping.vowel(y))
        return [VoiceParams(f0_hz=mapping.f0_hz(x), vowel=vowel, level_db=loudness, **fixed)]  # type: ignore[arg-type]

    return solo


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
