"""The events of one track, in ticks: running status, SysEx in pieces, and whatever is broken in between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from formant_net.midi.parser import SYSEX, Message

TEXT, LYRIC, PORT, END, TEMPO = 0x01, 0x05, 0x21, 0x2F, 0x51
MOST_TICKS = 1 << 40

_LENGTHS = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}


@dataclass(frozen=True, slots=True)
class TrackEvent:
    """One event at a tick. Either a message, or a meta event of `kind` with its data."""

    tick: int
    message: Message | None = None
    kind: int = -1
    data: bytes = b""


class _Cut(Exception):
    """The track ends in the middle of an event."""


class Track:
    """`for event in Track(data)`; then `warnings` says what was skipped, each once, and `tick` is its length."""

    def __init__(self, data: bytes) -> None:
        self.tick = 0
        self.warnings: list[str] = []
        self._data = data
        self._place = 0
        self._status = 0
        self._interrupted = False
        """A SysEx or a meta event came after the status. It ends running status, but many files go on with it."""
        self._sysex: bytearray | None = None

    def __iter__(self) -> Iterator[TrackEvent]:
        try:
            while self._place < len(self._data):
                self.tick = min(self.tick + self._number(), MOST_TICKS)
                event = self._event()
                if event is not None:
                    yield event
                    if event.kind == END:
                        return
        except _Cut:
            self._warn("an event is incomplete")

    def _event(self) -> TrackEvent | None:
        status = self._byte()
        if status == 0xFF:
            self._interrupted = True
            kind, data = self._byte(), self._bytes(self._number())
            return TrackEvent(self.tick, None, kind, data)
        if status in (0xF0, 0xF7):
            self._interrupted = True
            return self._system(status, self._bytes(self._number()))
        if status >= 0xF0:
            self._warn("a byte that is not allowed in files is skipped")
            return None
        if status < 0x80:
            if not self._status:
                self._warn("data without a status is skipped")
                return None
            if self._interrupted:
                self._warn("running status continues after a SysEx or meta event")
            self._place -= 1
        else:
            self._status, self._interrupted = status, False
        return self._channel()

    def _channel(self) -> TrackEvent | None:
        kind = self._status & 0xF0
        data = self._bytes(_LENGTHS[kind])
        if max(data) > 127:
            self._warn("an event with values above 127 is skipped")
            return None
        return TrackEvent(self.tick, Message(kind, self._status & 0x0F, data))

    def _system(self, status: int, data: bytes) -> TrackEvent | None:
        """A SysEx, or a piece of one (F7). An F7 that belongs to no SysEx is an escape; its bytes are left out."""
        sysex = bytearray() if status == 0xF0 else self._sysex
        if sysex is None:
            self._warn("escaped bytes are skipped")
            return None
        sysex += data
        if not data.endswith(b"\xf7"):
            self._sysex = sysex
            return None
        whole, self._sysex = bytes(sysex[:-1]), None
        return TrackEvent(self.tick, Message(SYSEX, 0, whole)) if not whole or max(whole) < 0x80 else None

    def _number(self) -> int:
        """A variable-length quantity."""
        value = 0
        for _ in range(4):
            byte = self._byte()
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value
        self._warn("a number has no end")
        return value

    def _byte(self) -> int:
        if self._place >= len(self._data):
            raise _Cut
        self._place += 1
        return self._data[self._place - 1]

    def _bytes(self, count: int) -> bytes:
        if self._place + count > len(self._data):
            raise _Cut
        self._place += count
        return self._data[self._place - count : self._place]

    def _warn(self, text: str) -> None:
        if text not in self.warnings:
            self.warnings.append(text)
