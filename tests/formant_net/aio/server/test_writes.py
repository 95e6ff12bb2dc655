"""Frames to clients: in one write a turn, and who does not read is cut before the others suffer."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.streams import StreamReader

from formant_net.aio.server.writes import Writes, text_frame
from formant_net.server.access.limits import Limits


class _Reader:
    """A connection whose client reads nothing, or everything."""

    def __init__(self, *, guest: bool, reads: bool = False) -> None:
        self.turns = object() if guest else None
        self.unsent, self.waiting, self.reads, self.cut = 0, 0, reads, False
        self.protocol, self.transport = self, self
        self.state = State.OPEN

    def write(self, data: bytes) -> None:
        self.waiting += 0 if self.reads else len(data)

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def is_closing(self) -> bool:
        return self.cut

    def abort(self) -> None:
        self.cut, self.state = True, State.CLOSED


@pytest.mark.parametrize("guests", [1, 500])
def test_all_slow_readers_together_have_a_bound_and_guests_are_cut_first(guests: int) -> None:
    """Each may leave 8 MiB unread: of 500 guests that would be 4 GB."""

    async def story() -> None:
        slow = {n: _Reader(guest=True) for n in range(1, 1 + guests)}
        player, honest = _Reader(guest=False), _Reader(guest=True, reads=True)
        sockets: Any = {**slow, 1001: player, 1002: honest}
        writes = Writes(sockets, Limits(all_unsent_bytes=20_000_000))
        for _ in range(80):
            writes.write((*sockets,), b"x" * 100_000)
            writes.flush()
        assert sum(each.waiting for each in sockets.values() if not each.cut) <= 20_000_000
        assert not player.cut, "it is as far behind as the guests"
        assert not honest.cut
        assert sum(each.cut for each in slow.values()) == (0 if guests == 1 else 499)
        player.waiting = 0  # it has read at last
        for _ in range(70):
            writes.write((1001,), b"x" * 100_000)
            writes.flush()
        assert not player.cut

    asyncio.run(story())


def test_what_is_written_in_one_turn_leaves_in_one_write() -> None:
    class Counting(_Reader):
        def __init__(self) -> None:
            super().__init__(guest=False, reads=True)
            self.wrote: list[bytes] = []

        def write(self, data: bytes) -> None:
            self.wrote.append(data)

    async def story() -> None:
        one, gone = Counting(), Counting()
        gone.state = State.CLOSED
        sockets: Any = {1: one, 2: gone}
        writes = Writes(sockets, Limits())
        for frames in (b"a", b"b", b"c"):
            writes.write((1, 2, 3), frames)
        assert one.wrote == []
        await asyncio.sleep(0)
        assert one.wrote == [b"abc"]
        assert gone.wrote == []

    asyncio.run(story())


def test_a_slow_reader_that_has_ended_counts_no_more() -> None:
    async def story() -> None:
        first, second = _Reader(guest=True), _Reader(guest=True)
        sockets: Any = {1: first, 2: second}
        writes = Writes(sockets, Limits(all_unsent_bytes=300_000))
        writes.write((1,), b"x" * 200_000)
        writes.flush()
        writes.forget(sockets.pop(1))
        writes.write((2,), b"x" * 200_000)
        writes.flush()
        assert not second.cut
        assert writes.slow_readers == 0

    asyncio.run(story())


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536])
def test_a_text_frame_is_read_by_the_library_as_the_same_text(size: int) -> None:
    reader = StreamReader()
    reader.feed_data(text_frame(b"x" * size))
    parsing = Frame.parse(reader.read_exact, mask=False)
    with pytest.raises(StopIteration) as parsed:
        next(parsing)
    assert parsed.value.value == Frame(Opcode.TEXT, data=b"x" * size)
