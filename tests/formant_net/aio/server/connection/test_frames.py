"""Whole frames are found however the bytes are cut, and only a masked text in one frame is read as one."""

from __future__ import annotations

import random

import pytest
from fuzz.targets import cut
from support.net.attacks import BINARY, CONTINUATION, PING, TEXT, frame
from support.virtual.feed import by_library, by_server
from websockets.frames import Frame, Opcode

from formant_net.aio.server.connection.frames import LARGE_BYTES, NOT_OURS, NOT_YET, frame_end, text_of


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 1500, LARGE_BYTES])
def test_a_frame_ends_where_the_library_wrote_its_end(size: int) -> None:
    content = random.Random(size).randbytes(size)
    data = Frame(Opcode.TEXT, content).serialize(mask=True)
    assert frame_end(b"x" * 7 + data + b"more", 7) == 7 + len(data)
    for most in {0, 1, 2, 3, 4, len(data) - 1}:
        assert frame_end(data[:most], 0) == NOT_YET
    assert text_of(data, 0, len(data)) == content


def test_a_large_frame_is_told_from_its_head() -> None:
    assert frame_end(frame(TEXT, b"", length=LARGE_BYTES + 1), 0) == NOT_OURS
    assert frame_end(frame(TEXT, b"", length=70_000), 0) == NOT_OURS
    assert frame_end(frame(TEXT, b"", length=2**62), 0) == NOT_OURS


@pytest.mark.parametrize("size", [2, 100, 300])
def test_a_head_that_the_library_refuses_does_not_wait_for_the_rest(size: int) -> None:
    """Without a mask, or of an unknown kind: nobody sends the rest of it."""
    assert frame_end(Frame(Opcode.TEXT, b"x" * size).serialize(mask=False)[:5], 0) == NOT_OURS
    assert frame_end(frame(3, b"x" * size)[:5], 0) == NOT_OURS


@pytest.mark.parametrize(
    "data",
    [
        frame(BINARY, b"{}"),
        frame(PING, b"{}"),
        frame(TEXT, b"{}", fin=False),
        frame(CONTINUATION, b"{}"),
        frame(TEXT, b"{}", rsv1=True),
    ],
    ids=["binary", "ping", "first piece", "last piece", "reserved bit"],
)
def test_anything_but_a_masked_text_in_one_frame_is_the_librarys(data: bytes) -> None:
    assert text_of(data, 0, len(data)) is None


SIZES = [0, 1, 5, 100, 125, 126, 130, 199, 201, 290, 300, 301, 500, 600, 601]


def stream(dice: random.Random) -> bytes:
    """Frames of every kind: some in pieces, some wrong, some masked by zeros."""
    out = bytearray()
    for _ in range(dice.randrange(1, 12)):
        kind = dice.choice([TEXT] * 8 + [BINARY, CONTINUATION, PING, 10])
        if dice.random() < 0.05:
            kind = dice.randrange(16)
        size = dice.choice(SIZES)
        content = ("é" if dice.random() < 0.3 else "x").encode() * size
        content = dice.randbytes(size) if dice.random() < 0.03 else content[: size - size % 2 if size > 1 else size]
        if kind >= 8:
            content = content[:100]
        made = frame(kind, content, fin=dice.random() > 0.12, rsv1=dice.random() < 0.01)
        if content and dice.random() < 0.5:
            key, head = dice.randbytes(4), len(made) - len(content) - 4
            made = made[:head] + key + bytes(byte ^ key[n % 4] for n, byte in enumerate(content))
        if dice.random() < 0.01:
            made = made[:1] + bytes([made[1] & 0x7F]) + made[2:]
        out += made
    return bytes(out)


def test_the_server_reads_what_the_librarys_own_parser_reads_however_the_bytes_are_cut() -> None:
    """The same messages, the same answers to pings, and the same refusal; tests/fuzz tries millions."""
    refused, messages = set(), 0
    for seed in range(600):
        dice = random.Random(seed)
        data = stream(dice)
        steps = bytes(dice.choice([0, 1, 2, 3, 7, 60, 200]) for _ in range(4))
        known, small, eager = (dice.random() < 0.5 for _ in range(3))
        ours, theirs = by_server(cut(data, steps), known=known, small=small, eager=eager), by_library(data)
        assert ours.messages == theirs.messages, (seed, steps)
        if theirs.refused == 1007:  # for the library a text is bytes until somebody reads it
            assert ours.refused is not None
        else:
            assert (ours.refused, ours.written) == (theirs.refused, theirs.written), (seed, steps)
        refused.add(ours.refused)
        messages += len(ours.messages)
    assert {None, 1002, 1007, 1009} <= refused, "every refusal was tried"
    assert messages > 600
