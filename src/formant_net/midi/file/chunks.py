"""The chunks of a MIDI file: its header and the bytes of each track, also out of files that are cut or wrapped."""

from __future__ import annotations

from dataclasses import dataclass, field

MOST_BYTES = 64_000_000
"""Size limit of a file. Orchestral scores have some hundred kilobytes."""


class MidiFileError(ValueError):
    """A file that cannot be played. The text says what is wrong and what to do."""


MOST_BEFORE = 4096
"""Bytes before the header that are skipped. Old Macintosh files have 128."""
_HEADER = b"MThd\0\0\0\6"


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

    A RIFF wrapper (.rmi) is taken off, as are other bytes before the header. Foreign chunks are skipped. A track that
    is cut is taken as far as it goes, and one that states a wrong length up to the next track.
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
        end = place + 8 + size
        if name == b"MTrk":
            end = _track_end(data, place + 8, size)
            chunks.tracks.append(data[place + 8 : end])
            number = len(chunks.tracks)
            if end != place + 8 + size:
                chunks.warnings.append(f"track {number} states a wrong length: it is played up to the next one")
            elif end > len(data):
                chunks.warnings.append(f"track {number} ends too early: it is played up to there")
        elif not _is_chunk(data, place):
            end = _next_track(data, place)
        place = end
    if not chunks.tracks:
        raise MidiFileError("the file has no track. Copy it again, or save it again")
    if len(chunks.tracks) != count:
        chunks.warnings.append(f"the file says that it has {count} tracks, and has {len(chunks.tracks)}")
    return chunks


def _track_end(data: bytes, start: int, size: int) -> int:
    """Where a track ends that begins at `start` and states this size. Many programs have written wrong ones."""
    end = start + size
    following = data.find(b"MTrk\0", start, end)  # a size of less than 16 MB begins with 0
    if following >= 0:
        return following
    return end if end >= len(data) or _is_chunk(data, end) else _next_track(data, end)


def _next_track(data: bytes, start: int) -> int:
    """Where the next track begins; the end of the file if there is none."""
    place = data.find(b"MTrk", start)
    return len(data) if place < 0 else place


def _is_chunk(data: bytes, place: int) -> bool:
    """Whether a chunk begins here, or nothing but a few odd bytes follow."""
    name, size = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "big")
    return len(data) - place < 8 or name == b"MTrk" or (name.isalnum() and place + 8 + size <= len(data))


def _unwrapped(data: bytes) -> bytes:
    """The MIDI file inside of a RIFF file, or behind some other header."""
    if data[:4] != b"RIFF" or data[8:12] != b"RMID":
        begin = data.find(_HEADER, 0, MOST_BEFORE)
        return data[begin:] if begin > 0 else data
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
