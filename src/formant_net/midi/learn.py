"""Finds out which knob or pedal a player means: the controller that moves far while we listen."""

from __future__ import annotations

from collections.abc import Collection

from formant_net.midi.mapping import RESERVED
from formant_net.midi.parser import CONTROL, Parser

FAR = 40
"""How far a controller has to move, of 127. Noise of a worn knob is 1 or 2; a pedal goes all the way."""


class Learner:
    """Listens to any number of ports.

    taken    controller numbers that are chosen already
    """

    def __init__(self, taken: Collection[int] = ()) -> None:
        self._taken = frozenset(taken)
        self._parsers: dict[str, Parser] = {}
        self._reach: dict[int, tuple[int, int]] = {}

    def feed(self, port: str, data: bytes) -> int | None:
        """Bytes of a port. Returns the controller's number once one has moved far.

        The low half of a controller of 14 bits (32 … 63) counts as the controller that it belongs to, if that moves.
        """
        for message in self._parsers.setdefault(port, Parser()).feed(data):
            if message.kind != CONTROL or message.data[0] in RESERVED | self._taken:
                continue
            number, value = message.data
            if 32 <= number < 64 and number - 32 in self._reach:
                continue
            low, high = self._reach.get(number, (value, value))
            self._reach[number] = low, high = min(low, value), max(high, value)
            if high - low >= FAR:
                return number
        return None
