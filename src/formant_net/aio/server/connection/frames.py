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

NOT_YET, NOT_OURS = 0, -1
LARGE_BYTES = 16 * 1024
"""A frame beyond this is left to the library, so that no more than this waits here for the rest of a frame."""
TEXT = 0x81
"""The last frame of a message, no extension, text."""
_MASKED = 0x80
_OPCODES = frozenset((0x0, 0x1, 0x2, 0x8, 0x9, 0xA))


def frame_end(data: Bytes, at: int) -> int:
    """Where the frame that begins at `at` ends; NOT_YET if not all of it is there.

    NOT_OURS for a large one, and for a head that the library refuses before the rest is there.
    """
    have = len(data) - at
    if have < 2:
        return NOT_YET
    second = data[at + 1]
    if second < _MASKED:
        return NOT_OURS
    size = second & 0x7F
    head = 6
    if size == 126:
        if have < 4:
            return _not_yet(data[at])
        size = data[at + 2] << 8 | data[at + 3]
        head = 8
    elif size == 127:
        return NOT_OURS
    if size > LARGE_BYTES:
        return NOT_OURS
    return at + head + size if have >= head + size else _not_yet(data[at])


def _not_yet(first: int) -> int:
    return NOT_YET if first & 0x0F in _OPCODES else NOT_OURS


def text_of(data: Bytes, at: int, end: int) -> bytes | None:
    """The content of a whole frame if it is a masked text in one frame; None for any other."""
    if data[at] != TEXT:
        return None
    start = at + (8 if data[at + 1] == _MASKED | 126 else 6)
    return apply_mask(data[start:end], data[start - 4 : start])
