"""A whole MIDI file in seconds: its messages by the tempo map, and its lyrics."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from formant_net.midi.file.chunks import MOST_BYTES, Chunks, Division, MidiFileError, read_chunks
from formant_net.midi.file.track import LYRIC, PORT, TEMPO, TEXT, Track, TrackEvent
from formant_net.midi.parser import NOTE_OFF, NOTE_ON, Message

MOST_S = 86_400.0
DEFAULT_TEMPO_S = 0.5
"""Seconds of a quarter note before any tempo is set: 120 a minute."""


_KARAOKE = (b"@K", b"@L", b"@T")
"""How some text begins in a karaoke file: its kind, its language, its title."""
_LINES = (b"/", b"\\")
"""How the text of a new line begins in a karaoke file. Other files have text events about the file: no lyrics."""


@dataclass(frozen=True, slots=True)
class SongEvent:
    """`port` tells apart what has the same channel: messages of other ports of the file."""

    t: float
    port: int
    message: Message


@dataclass(frozen=True, slots=True)
class Syllable:
    """A piece of the lyrics, as it stands in the file: `/` and `\\` begin lines, `-` joins."""

    t: float
    text: str


@dataclass(frozen=True, slots=True)
class Song:
    """Events and syllables sorted by time, s. `notes` that begin, the length in s, and what was wrong with the file."""

    events: list[SongEvent]
    syllables: list[Syllable]
    notes: int
    length_s: float
    warnings: list[str]


def read_song(data: bytes) -> Song:
    """The song of a file's bytes. Raises MidiFileError.

    What is broken inside of a track is skipped. Keys that are still down at the end of a track go up there.
    """
    if len(data) > MOST_BYTES:
        raise MidiFileError(f"{len(data) / 1e6:.0f} MB are too large; at most {MOST_BYTES / 1e6:.0f} MB are read")
    chunks = read_chunks(data)
    tracks = [Track(each) for each in chunks.tracks]
    merged = _one_after_another(tracks) if chunks.format == 2 else heapq.merge(
        *(_numbered(number, track) for number, track in enumerate(tracks)), key=lambda each: each[1].tick
    )  # fmt: skip
    song = _timed(merged, chunks)
    warnings = [f"track {number}: {text}" for number, track in enumerate(tracks, 1) for text in track.warnings]
    if not song.notes:
        raise MidiFileError("it contains no note. Choose another file")
    return Song(song.events, song.syllables, song.notes, song.length_s, [*chunks.warnings, *song.warnings, *warnings])


def _numbered(number: int, track: Track) -> Iterator[tuple[int, TrackEvent]]:
    """The events of a track; the keys that are still down at its end go up there."""
    down: Counter[tuple[int, int]] = Counter()
    for event in track:
        message = event.message
        if message is not None and message.kind in (NOTE_ON, NOTE_OFF):
            key = message.channel, message.data[0]
            is_on = message.kind == NOTE_ON and message.data[1] > 0
            down[key] = max(0, down[key] + (1 if is_on else -1))
        yield number, event
    for (channel, each), count in down.items():
        for _ in range(count):
            yield number, TrackEvent(track.tick, Message(NOTE_OFF, channel, bytes((each, 64))))


def _one_after_another(tracks: list[Track]) -> Iterator[tuple[int, TrackEvent]]:
    start = 0
    for number, track in enumerate(tracks):
        for _, event in _numbered(number, track):
            yield number, TrackEvent(start + event.tick, event.message, event.kind, event.data)
        start += track.tick


def _timed(merged: Iterator[tuple[int, TrackEvent]], chunks: Chunks) -> Song:
    """Seconds for ticks. A tempo counts from its place on for all tracks, whichever it stands in."""
    events: list[SongEvent] = []
    lyrics: list[Syllable] = []
    texts: list[Syllable] = []
    is_karaoke = False
    warnings: list[str] = []
    ports: dict[int, int] = {}
    notes = 0
    t, tick, tick_s = 0.0, 0, _tick_s(chunks.division, DEFAULT_TEMPO_S)
    for number, event in merged:
        t += (event.tick - tick) * tick_s
        tick = event.tick
        if t > MOST_S:
            raise MidiFileError("it lasts longer than a day. Is its tempo right? Save the file again")
        message = event.message
        if message is not None:
            events.append(SongEvent(t, ports.get(number, 0), message))
            notes += message.kind == NOTE_ON and message.data[1] > 0
        elif event.kind == TEMPO and len(event.data) == 3:
            tempo_us = int.from_bytes(event.data, "big")
            if tempo_us == 0:
                warnings.append("a tempo of 0 is skipped")
            else:
                tick_s = _tick_s(chunks.division, tempo_us / 1e6)
        elif event.kind in (LYRIC, TEXT):
            is_karaoke |= event.data[:2] in _KARAOKE or event.data[:1] in _LINES
            if not event.data.startswith(b"@"):  # in karaoke files: about the file
                (lyrics if event.kind == LYRIC else texts).append(Syllable(t, decoded(event.data)))
        elif event.kind == PORT and len(event.data) == 1:
            ports[number] = event.data[0]
    return Song(events, lyrics or (texts if is_karaoke else []), notes, t, warnings)


def _tick_s(division: Division, beat_s: float) -> float:
    return beat_s / division.ticks_per_beat if division.ticks_per_beat else division.tick_s


def decoded(text: bytes) -> str:
    """Text of a file, which does not say how it is written: UTF-8 where it can be, else Latin-1."""
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("latin-1")
