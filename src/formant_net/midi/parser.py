"""Cuts the bytes of one MIDI port into messages: running status, real-time bytes, SysEx."""

from __future__ import annotations

from dataclasses import dataclass

MOST_SYSEX_BYTES = 65_536
"""A longer SysEx is dropped. A bulk tuning dump has 408 bytes."""

NOTE_OFF, NOTE_ON, POLY_PRESSURE, CONTROL, PROGRAM, PRESSURE, BEND = 0x80, 0x90, 0xA0, 0xB0, 0xC0, 0xD0, 0xE0
SYSEX, SENSING, RESET = 0xF0, 0xFE, 0xFF

_LENGTHS = {NOTE_OFF: 2, NOTE_ON: 2, POLY_PRESSURE: 2, CONTROL: 2, PROGRAM: 1, PRESSURE: 1, BEND: 2}
"""Data bytes of each channel message."""
_COMMON = {0xF1: 1, 0xF2: 2, 0xF3: 1}
"""Data bytes of the system common messages that have any. They are read and left out."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message.

    kind       a channel message without its channel (NOTE_ON …), SYSEX, SENSING or RESET
    channel    0…15; 0 for the others
    data       1 or 2 bytes of 0…127; of a SysEx what stands between F0 and F7
    """

    kind: int
    channel: int
    data: bytes


class Parser:
    """Reads a stream of bytes in pieces of any size. No bytes raise an error.

    A real-time byte may stand between any two others and changes nothing there. Clock, start, stop and the like are
    left out. Data bytes that belong to nothing are counted in `stray`.
    source    MIDI 1.0 Detailed Specification 4.2, p. 5 and appendix A-2
    """

    def __init__(self) -> None:
        self.stray = 0
        """Bytes that belong to no message."""
        self.dropped_sysex = 0
        """SysEx messages that were too long or had no end."""
        self._status = 0
        """Running status, or a system common message that is not complete; 0: none."""
        self._data = bytearray()
        self._sysex: bytearray | None = None
        self._too_long = False

    def feed(self, data: bytes) -> list[Message]:
        """The messages that these bytes complete, in order."""
        out: list[Message] = []
        for byte in data:
            if byte >= 0xF8:
                if byte in (SENSING, RESET):
                    out.append(Message(byte, 0, b""))
            elif byte >= 0x80:
                self._new_status(byte, out)
            elif self._sysex is not None:
                self._into(self._sysex, byte)
            elif self._status:
                self._data.append(byte)
                self._complete(out)
            else:
                self.stray += 1
        return out

    def _new_status(self, byte: int, out: list[Message]) -> None:
        if self._sysex is not None:
            if byte == 0xF7 and not self._too_long:
                out.append(Message(SYSEX, 0, bytes(self._sysex)))
            else:
                self.dropped_sysex += 1
            self._sysex = None
        elif byte == 0xF7:
            self.stray += 1
        self._data.clear()
        if byte == SYSEX:
            self._sysex, self._too_long = bytearray(), False
        # System common messages end running status (appendix A-2). F4, F5 and F6 have no data.
        self._status = byte if byte < 0xF0 or byte in _COMMON else 0

    def _into(self, sysex: bytearray, byte: int) -> None:
        if len(sysex) < MOST_SYSEX_BYTES:
            sysex.append(byte)
        else:
            self._too_long = True

    def _complete(self, out: list[Message]) -> None:
        if self._status >= 0xF0:
            if len(self._data) == _COMMON[self._status]:
                self._status = 0
                self._data.clear()
            return
        kind = self._status & 0xF0
        if len(self._data) == _LENGTHS[kind]:
            out.append(Message(kind, self._status & 0x0F, bytes(self._data)))
            self._data.clear()  # the status runs on
