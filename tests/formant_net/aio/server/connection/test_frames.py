"""Whole frames are found however the bytes are cut, and only a masked text in one frame is read as one."""

from __future__ import annotations

import random

import pytest
from support.net.attacks import BINARY, CONTINUATION, PING, TEXT, frame
from websockets.frames import Frame, Opcode

from formant_net.aio.server.connection.frames import LARGE, LARGE_BYTES, NOT_YET, frame_end, text_of


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 1500, LARGE_BYTES])
def test_a_frame_ends_where_the_library_wrote_its_end(size: int) -> None:
    content = random.Random(size).randbytes(size)
    for mask in (True, False):
        data = Frame(Opcode.TEXT, content).serialize(mask=mask)
        before = b"x" * 7
        assert frame_end(before + data + b"more", 7) == 7 + len(data)
        for cut in {0, 1, 2, 3, 4, len(data) - 1} - {len(data)}:
            if cut < len(data):
                assert frame_end(data[:cut], 0) == NOT_YET
    masked = Frame(Opcode.TEXT, content).serialize(mask=True)
    assert text_of(masked, 0, len(masked)) == content


def test_a_large_frame_is_told_from_its_head() -> None:
    assert frame_end(frame(TEXT, b"", length=LARGE_BYTES + 1), 0) == LARGE
    assert frame_end(frame(TEXT, b"", length=70_000), 0) == LARGE
    assert frame_end(frame(TEXT, b"", length=2**62), 0) == LARGE


@pytest.mark.parametrize(
    "data",
    [
        frame(BINARY, b"{}"),
        frame(PING, b"{}"),
        frame(TEXT, b"{}", fin=False),
        frame(CONTINUATION, b"{}"),
        frame(TEXT, b"{}", rsv1=True),
        Frame(Opcode.TEXT, b"{}").serialize(mask=False),
        Frame(Opcode.TEXT, b"{}" * 100).serialize(mask=False),
    ],
    ids=["binary", "ping", "first piece", "last piece", "reserved bit", "no mask", "longer, no mask"],
)
def test_anything_but_a_masked_text_in_one_frame_is_the_librarys(data: bytes) -> None:
    assert text_of(data, 0, len(data)) is None
