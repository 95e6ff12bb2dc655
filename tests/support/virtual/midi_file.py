"""MIDI files made by hand, byte by byte."""

from __future__ import annotations


def chunk(name: bytes, body: bytes, size: int | None = None) -> bytes:
    """A chunk; another `size` than its own for a broken one."""
    return name + (len(body) if size is None else size).to_bytes(4, "big") + body


def track(text: str, size: int | None = None) -> bytes:
    """A track of hexadecimal text."""
    return chunk(b"MTrk", bytes.fromhex(text), size)


def midi_file(*tracks: bytes | str, format: int = 1, division: str = "01 E0", count: int | None = None) -> bytes:
    """A file. `division` 01 E0 is 480 ticks a quarter note, so 48 = 83 60 ticks are 0.5 s at 120 a minute."""
    bodies = [each if isinstance(each, bytes) else track(each) for each in tracks]
    number = len(bodies) if count is None else count
    head = format.to_bytes(2, "big") + number.to_bytes(2, "big") + bytes.fromhex(division)
    return chunk(b"MThd", head) + b"".join(bodies)
