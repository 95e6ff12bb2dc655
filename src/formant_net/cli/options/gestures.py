"""Reads gesture files and MIDI files for commands, with a progress bar and clear errors."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO

import click

from formant_files import shown
from formant_net.midi.file.chunks import MOST_BYTES, MidiFileError
from formant_net.midi.file.playback import touches_of
from formant_net.midi.file.song import Song, read_song
from formant_net.midi.mapping import Mapping
from formant_net.protocol.gesture import GestureError, TimedTouch, lines_of, read_gesture

SMALL_BYTES = 1_000_000
"""Size below which no bar is shown: such a file is read in less than a second."""
MOST_WARNINGS = 20
"""Warnings about one file that are shown. A damaged file can have one for each of thousands of tracks."""
_LINES = 1000
"""Lines of the file between two steps of the bar."""


def read_touches(file: BinaryIO, name: str, vowels: Sequence[str] | None = None) -> list[TimedTouch]:
    """The touches of a gesture file, or of a MIDI file. Raises click.BadParameter, which names the file.

    vowels    of the surface that sings it, on which the lyrics of a MIDI file are placed. None: touches keep the
              names of their vowels, and each synth finds its own place
    """
    said = "standard input" if name == "-" else shown(name)
    try:
        if _is_midi(file):
            return _midi_touches(file.read(MOST_BYTES + 1), said, vowels)
        with progress(_size(file), f"reading {said}") as advance:
            touches = read_gesture(_counted(file, advance))
    except OSError as error:
        raise click.BadParameter(f"cannot read {said}: {error.strerror or error}", param_hint="--gesture") from error
    except GestureError as error:
        raise click.BadParameter(f"{said}, {error}", param_hint="--gesture") from error
    if not touches:
        raise click.BadParameter(f"{said} contains no touch: see docs/play/gestures.md", param_hint="--gesture")
    return touches


def read_midi(data: bytes, said: str, option: str) -> Song:
    """The song of a MIDI file; what was wrong with it is said. Raises click.BadParameter, which names the file."""
    try:
        song = read_song(data)
    except MidiFileError as error:
        raise click.BadParameter(f"{said}: {error}", param_hint=option) from error
    for warning in song.warnings[:MOST_WARNINGS]:
        click.echo(f"{said}: {warning}", err=True)
    if (more := len(song.warnings) - MOST_WARNINGS) > 0:
        click.echo(f"{said}: {more} more warnings of this kind", err=True)
    return song


def _is_midi(file: BinaryIO) -> bool:
    peek = getattr(file, "peek", None)
    return peek is not None and peek(4)[:4] in (b"MThd", b"RIFF")


def _midi_touches(data: bytes, said: str, vowels: Sequence[str] | None) -> list[TimedTouch]:
    song = read_midi(data, said, "--gesture")
    events = len(song.events)
    with progress(events if events >= 10 * _LINES else 0, f"playing {said}") as advance:
        touches, left_out = touches_of(song, Mapping(), vowels, advance)
    if not touches:
        raise click.BadParameter(f"{said}: it contains only percussion, which has no pitch", param_hint="--gesture")
    if missing := sum(left_out.values()):
        click.echo(f"{said}: {missing} notes ended early or are left out: more than 32 at once", err=True)
    return touches


@contextmanager
def progress(length: int, label: str) -> Iterator[Any]:
    """Show a bar on a terminal and give a function to call at each step. No bar is shown elsewhere or for length 0."""
    hidden = not length or not sys.stderr.isatty()
    with click.progressbar(length=max(1, length), label=label, file=sys.stderr, hidden=hidden) as bar:
        yield bar.update


def _counted(file: BinaryIO, advance: Any) -> Iterator[bytes]:
    read = 0
    for number, line in enumerate(lines_of(file), 1):
        read += len(line)
        if number % _LINES == 0:
            advance(read)
            read = 0
        yield line
    advance(read)


def _size(file: BinaryIO) -> int:
    """The size of a large regular file in bytes; 0 for a small file, a pipe or a terminal."""
    with suppress(OSError, ValueError):
        status = os.fstat(file.fileno())
        if stat.S_ISREG(status.st_mode) and status.st_size >= SMALL_BYTES:
            return status.st_size
    return 0
