"""Registered parameters (RPN): the selected number of one channel, and the data that is entered for it."""

from __future__ import annotations

from dataclasses import dataclass

BEND_RANGE, FINE_TUNING, COARSE_TUNING, MPE_ZONE = 0, 1, 2, 6
NONE = 0x3FFF


@dataclass(frozen=True, slots=True)
class Entry:
    """A parameter was set: its number, and both 7-bit halves of its value."""

    number: int
    msb: int
    lsb: int


_FIRST = {BEND_RANGE: (2, 0), FINE_TUNING: (64, 0), COARSE_TUNING: (64, 0)}
"""Values before anything was entered."""


class Registered:
    """RPN and NRPN of one channel. An NRPN, and the number 127/127, make data entry mean nothing.

    source    MIDI 1.0 Detailed Specification 4.2, p. 16; steps of CC 96 and 97: RP-018
    """

    def __init__(self) -> None:
        self._msb = self._lsb = 127
        self._is_rpn = False
        self._values = dict(_FIRST)

    def clear(self) -> None:
        """Select none."""
        self._msb = self._lsb = 127

    def control(self, number: int, value: int) -> Entry | None:
        """A controller. Returns what was set; None if it only selects, or is none of 6, 38, 96 … 101."""
        if number in (98, 99, 100, 101):
            is_rpn = number >= 100
            if is_rpn != self._is_rpn:
                self.clear()
                self._is_rpn = is_rpn
            if number % 2:
                self._msb = value
            else:
                self._lsb = value
            return None
        selected = self._msb << 7 | self._lsb
        if not self._is_rpn or selected == NONE or number not in (6, 38, 96, 97):
            return None
        msb, lsb = self._values.get(selected, (0, 0))
        if number == 6:
            msb, lsb = value, 0
        elif number == 38:
            lsb = value
        else:
            msb, lsb = _stepped(selected, msb, lsb, 1 if number == 96 else -1)
        self._values[selected] = msb, lsb
        return Entry(selected, msb, lsb)


def _stepped(number: int, msb: int, lsb: int, step: int) -> tuple[int, int]:
    if number in (COARSE_TUNING, MPE_ZONE):
        return min(max(msb + step, 0), 127), lsb
    base = 100 if number == BEND_RANGE else 128  # the low half of a bend range is cents
    value = min(max(msb * base + lsb + step, 0), 127 * base + base - 1)
    return divmod(value, base)
