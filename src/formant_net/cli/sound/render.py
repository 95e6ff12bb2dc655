"""`formant-node render`: writes sound into a file, without a network and faster than real time."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from formant_dsp import ALGORITHMS, SUNG_VOICES, Bank
from formant_dsp.model.params import RANGES
from formant_dsp.model.placement import LAYOUTS
from formant_dsp.score.performance import end_of, gesture_events, note_events
from formant_dsp.score.score import Event, render_score
from formant_dsp.score.sound_file import FORMATS, SoundFileError, write
from formant_files import shown
from formant_net.cli.options.gestures import progress, read_touches
from formant_net.cli.options.ranges import FloatRange
from formant_net.cli.sound.render_voice import RenderOptions, instrument_of, note_of, plain_note

if TYPE_CHECKING:
    from formant_dsp.model.presets import Preset
    from formant_net.protocol.gesture import TimedTouch

LONGEST_S = 3600.0
MANY_TOUCHES = 10_000
"""Touches above which a bar is shown. Fewer are placed in less than a second."""


def _range(name: str) -> FloatRange:
    return FloatRange(RANGES[name].low, RANGES[name].high)


@click.command("render")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="FILE.wav or FILE.flac."
)
@click.option(
    "--gesture", type=click.File("rb"), help="Gesture file (JSON lines) or MIDI file to play; - is standard input."
)
@click.option(
    "--vowel",
    metavar="NAME|X,Y",
    help="Vowel: a name, or a place on the plane from 0,0 (back, close) to 1,1 (front, open).  "
    "[default: a; with a preset its first]",
)
@click.option("--to-vowel", metavar="NAME|X,Y", help="Move to this vowel over the length of the note.")
@click.option("--f0", type=_range("f0_hz"), metavar="HZ", help="Pitch.  [default: 110; with a preset at x = 1/3]")
@click.option("--glide", type=_range("f0_hz"), metavar="HZ", help="Glide to this pitch over the length of the note.")
@click.option("--seconds", type=FloatRange(0.1, 3600.0), default=2.0, show_default=True,
              help="Length of the file. It is longer if the release of the note takes longer than 0.4 s.")  # fmt: skip
@click.option(
    "--voice", type=click.Choice(SUNG_VOICES), help="Singer whose vowels are sung.  [default: tenor, or the preset's]"
)
@click.option("--table", metavar="NAME:GROUP", help="Vowels of another table, such as h95_published:women.")
@click.option("--algorithm", type=click.Choice(ALGORITHMS), help="Oscillator.  [default: voice, or the preset's]")
@click.option("--vibrato", type=_range("vibrato_cents"), metavar="CENTS",
              help=f"Extent; 0: none.  [default: {RANGES['vibrato_cents'].default:g}, or the preset's]")  # fmt: skip
@click.option("--drift", type=_range("drift_cents"), metavar="CENTS",
              help="Slow random walk of the pitch, rms; 0: none.  [default: 0, or the preset's]")  # fmt: skip
@click.option("--jitter", type=_range("jitter_percent"), metavar="PERCENT",
              help="Random pitch from period to period; 0: none.  [default: 0, or the preset's]")  # fmt: skip
@click.option(
    "--level",
    type=_range("level_db"),
    default=0.0,
    show_default=True,
    metavar="DB",
    help="Added to the level of the voice.",
)
@click.option(
    "--set",
    "others",
    metavar="NAME=VALUE",
    multiple=True,
    help="Another number of the voice, such as skirt=0.05 (docs/understand/voice.md). With --preset or --gesture also "
    "a key of the expression, such as effort=0.4 (docs/play/presets.md). May be repeated.",
)
@click.option(
    "--preset",
    metavar="NAME|FILE.toml",
    help="Preset to sing, a choir with all its singers.  [default with --gesture: plain]",
)
@click.option("--voices", type=click.IntRange(1, 1024), default=32, show_default=True, help="Voices of the bank.")
@click.option("--channels", type=click.IntRange(1, 8), default=1, show_default=True, help="1 mono, 2 stereo … 8.")
@click.option(
    "--layout", type=click.Choice(LAYOUTS), default="line", show_default=True, help="How the loudspeakers stand."
)
@click.option("--pan", type=_range("pan"), help="Place, from -1 (left) to 1 (right).  [default: 0, or the preset's]")
@click.option("--width", type=FloatRange(0.0, 1.0), default=0.5, show_default=True,
              help="How far a gesture is spread over the channels, low notes on the left.")  # fmt: skip
@click.option("--rate", type=click.IntRange(8000, 192000), default=48000, show_default=True, help="Sample rate, Hz.")
@click.option(
    "--blocksize", type=click.IntRange(1, 1 << 20), default=1024, show_default=True, help="Frames rendered at a time."
)
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Seed of everything random."
)
@click.option("--float", "as_float", is_flag=True, help="Write a 32-bit float WAV file instead of 24 bits.")
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> None:
    """Write a note or a gesture to a WAV or FLAC file.

    The same options give the same samples, whatever the block size.
    """
    chosen = RenderOptions(**options)
    _refuse_what_contradicts(ctx, chosen)
    if chosen.preset is None and chosen.gesture is None:
        way = plain_note(chosen)
    else:
        instrument = instrument_of(chosen)
        way = note_of(instrument, chosen)
    if chosen.gesture is not None:
        touches = _shown(_touches(chosen.gesture, instrument))
        events, frames = gesture_events(touches, instrument, chosen.width if chosen.channels > 1 else 0.0, chosen.rate)
    else:
        frames = round(chosen.seconds * chosen.rate)
        moves = chosen.glide is not None or chosen.to_vowel is not None
        events = list(note_events(way, frames, chosen.rate, moves=moves))
        frames = max(frames, end_of(events, chosen.rate))
    bank = Bank(
        voices=chosen.voices, sample_rate=chosen.rate, seed=chosen.seed, ring_capacity=4096, channels=chosen.channels,
        layout=chosen.layout,
    )  # fmt: skip
    _write(chosen, bank, events, frames)


def _refuse_what_contradicts(ctx: click.Context, chosen: RenderOptions) -> None:
    suffix = chosen.output.suffix.lower()
    if suffix not in FORMATS:
        raise click.BadParameter(f"{shown(chosen.output)}: the name must end in .wav or .flac", param_hint="--output")
    if chosen.as_float and suffix != ".wav":
        raise click.BadParameter("only WAV files can hold floats: use a name that ends in .wav", param_hint="--float")
    if chosen.gesture is not None:
        _refuse_what_would_do_nothing(ctx)
    if chosen.voice is not None and chosen.table is not None:
        raise click.BadParameter("leave it out with --table: the table has voices of its own", param_hint="--voice")


_OF_A_NOTE = ("vowel", "to_vowel", "f0", "glide", "seconds")


def _refuse_what_would_do_nothing(ctx: click.Context) -> None:
    """Refuse options that have no effect with a gesture, because the gesture decides about them."""
    for name in _OF_A_NOTE:
        if ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            flag = f"--{name.replace('_', '-')}"
            raise click.BadParameter("leave it out with --gesture: the gesture contains the notes", param_hint=flag)


def _touches(file: BinaryIO, preset: Preset) -> list[TimedTouch]:
    vowels = [] if preset.surface is None else preset.surface["vowels"]
    touches = read_touches(file, getattr(file, "name", "-"), vowels)
    if touches[-1].t > LONGEST_S:
        raise click.BadParameter(
            f"the gesture lasts {touches[-1].t:g} s, at most {LONGEST_S:g} s are rendered", param_hint="--gesture"
        )
    return touches


def _shown(touches: list[TimedTouch]) -> Iterator[TimedTouch]:
    """The touches, with a progress bar if there are many."""
    with progress(len(touches) if len(touches) >= MANY_TOUCHES else 0, "placing touches") as advance:
        for number, touch in enumerate(touches, 1):
            if number % 1000 == 0:
                advance(1000)
            yield touch


def _write(chosen: RenderOptions, bank: Bank, events: list[Event], frames: int) -> None:
    try:
        with _cleaning_up(), progress(frames, shown(chosen.output.name)) as advance:
            write(
                chosen.output,
                render_score(bank, events, frames, chosen.blocksize),
                frames=frames,
                sample_rate=bank.sample_rate,
                channels=bank.channels,
                as_float=chosen.as_float,
                written=advance,
            )
    except SoundFileError as error:
        raise click.ClickException(str(error)) from error
    click.echo(
        f"{shown(chosen.output)}: {frames / bank.sample_rate:.2f} s, {bank.sample_rate} Hz, "
        f"{bank.counters()['notes']} notes",
        err=True,
    )


@contextmanager
def _cleaning_up() -> Iterator[None]:
    """While the block runs, SIGTERM and SIGHUP end it as Ctrl-C does, so that no temporary file is left.

    Only the first one counts: another one would end the removal of the file.
    """
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    taken: list[int] = []

    def end(received: int, _frame: object) -> None:
        for number in taken:
            signal.signal(number, signal.SIG_IGN)
        sys.exit(128 + received)

    with suppress(ValueError):  # not in the main thread
        for number in numbers:
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, end)
                taken.append(number)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)
