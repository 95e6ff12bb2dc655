"""Finds whole WebSocket frames in what has come (RFC 6455 section 5.2), and reads the usual one: a text in one frame.

The library reads frames in a generator, piece by piece. That costs more than the server's work on a short message. So
whole texts are read here, and all else is handed to the library frame by frame: pings, pieces, errors.
"""

from __future__ import annotations

try:
    from websockets.speedups import apply_mask
except ImportError:  # where the library has no compiled part
    from websockets.utils import apply_mask

Bytes = bytes | bytearray

NOT_YET, LARGE = 0, -1
LARGE_BYTES = 16 * 1024
"""A frame beyond this is left to the library, so that no more than this waits here for the rest of a frame."""
TEXT = 0x81
"""The last frame of a message, no extension, text."""
_MASKED = 0x80


def frame_end(data: Bytes, at: int) -> int:
    """Where the frame that begins at `at` ends; NOT_YET if not all of it is there; LARGE for a large one."""
    have = len(data) - at
    if have < 2:
        return NOT_YET
    second = data[at + 1]
    size = second & 0x7F
    head = 2
    if size == 126:
        if have < 4:
            return NOT_YET
        size = data[at + 2] << 8 | data[at + 3]
        head = 4
    elif size == 127:
        return LARGE
    if size > LARGE_BYTES:
        return LARGE
    if second & _MASKED:
        head += 4
    return at + head + size if have >= head + size else NOT_YET


def text_of(data: Bytes, at: int, end: int) -> bytes | None:
    """The content of a whole frame if it is a masked text in one frame; None for any other."""
    second = data[at + 1]
    if data[at] != TEXT or second < _MASKED:
        return None
    start = at + (8 if second == _MASKED | 126 else 6)
    return apply_mask(data[start:end], data[start - 4 : start])
