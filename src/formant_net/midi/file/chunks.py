"""The chunks of a MIDI file: its header and the bytes of each track, also out of files that are cut or wrapped."""

from __future__ import annotations

from dataclasses import dataclass, field

MOST_BYTES = 64_000_000
"""Size limit of a file. Orchestral scores have some hundred kilobytes."""


class MidiFileError(ValueError):
    """A file that cannot be played. The text says what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Division:
    """How long a tick is. Either a number of ticks a quarter note, or a number of seconds that no tempo changes.

    ticks_per_beat    > 0; 0: `tick_s` counts
    tick_s            s
    """

    ticks_per_beat: int
    tick_s: float = 0.0


@dataclass(slots=True)
class Chunks:
    """`format` 0: one track, 1: tracks that sound together, 2: tracks one after another."""

    format: int
    division: Division
    tracks: list[bytes] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def read_chunks(data: bytes) -> Chunks:
    """The chunks of a file. Raises MidiFileError.

    A RIFF wrapper (.rmi) is taken off, foreign chunks are skipped, and a track that is cut is taken as far as it goes.
    source    Standard MIDI Files 1.0 (RP-001)
    """
    data = _unwrapped(data)
    if not data.startswith(b"MThd"):
        raise MidiFileError("this is not a MIDI file: it does not begin with MThd. Choose a .mid or .rmi file")
    size = int.from_bytes(data[4:8], "big")
    head = data[8 : 8 + size]
    if size < 6 or len(head) < 6:
        raise MidiFileError("the header ends too early, so the file is incomplete. Copy it again")
    kind, count = int.from_bytes(head[0:2], "big"), int.from_bytes(head[2:4], "big")
    if kind > 2:
        raise MidiFileError(f"format {kind} is not known; 0, 1 and 2 are. Save the file as format 1")
    chunks = Chunks(kind, _division(head[4:6]))
    place = 8 + size
    while place + 8 <= len(data):
        name, size = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "big")
        body = data[place + 8 : place + 8 + size]
        if name == b"MTrk":
            chunks.tracks.append(body)
            if len(body) < size:
                chunks.warnings.append(f"track {len(chunks.tracks)} ends too early: it is played up to there")
        place += 8 + size
    if not chunks.tracks:
        raise MidiFileError("the file has no track. Copy it again, or save it again")
    if len(chunks.tracks) != count:
        chunks.warnings.append(f"the file says that it has {count} tracks, and has {len(chunks.tracks)}")
    return chunks


def _unwrapped(data: bytes) -> bytes:
    """The MIDI file inside of a RIFF file."""
    if data[:4] != b"RIFF" or data[8:12] != b"RMID":
        return data
    place = 12
    while place + 8 <= len(data):
        name, size = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "little")
        if name == b"data":
            return data[place + 8 : place + 8 + size]
        place += 8 + size + size % 2
    raise MidiFileError("this RIFF file contains no MIDI data. Choose another file")


def _division(two: bytes) -> Division:
    if two[0] & 0x80:  # SMPTE: frames a second as a negative number, and ticks a frame
        frames, ticks = 256 - two[0], two[1]
        if frames not in (24, 25, 29, 30) or ticks == 0:
            raise MidiFileError(f"its time code ({frames} frames, {ticks} ticks) is not known. Save the file again")
        per_s = 30_000 / 1001 if frames == 29 else float(frames)  # 29 stands for 29.97 (drop frame)
        return Division(0, 1.0 / (per_s * ticks))
    ticks = int.from_bytes(two, "big")
    if ticks == 0:
        raise MidiFileError("a quarter note has 0 ticks in it: its times cannot be known. Save the file again")
    return Division(ticks)
