"""What one MIDI channel remembers: bend, pressure, controllers, pedals, tuning."""

from __future__ import annotations

from collections.abc import Container

from formant_net.midi.mapping import Use
from formant_net.midi.registered import Registered

PEDAL_DOWN = 0.5
"""64 of 127, and 64 with any low bits."""
_HIGH = range(32)
"""Controllers whose low 7 bits come as this number plus 32."""


class ChannelState:
    """The state of one channel. Values are 0…1 unless they say otherwise."""

    def __init__(self) -> None:
        self.tuning = 0.0
        """Semitones of RPN 1 and 2 together."""
        self.fine = self.coarse = 0.0
        self.registered = Registered()
        self.mono = False
        self.stack: list[tuple[int, float]] = []
        """Mono: keys that are down with their velocities, the newest last."""
        self._values: dict[int, int] = {}
        self._low: dict[int, int] = {}
        self.rest()

    def rest(self) -> None:
        """CC 121 (RP-015): bend, pressure, vowel, effort and pedals as at the start; tuning and ranges stay."""
        self.bend = 0.0
        """Semitones, as far as the range meant at the time of the message."""
        self.bent = False
        """Whether a bend or a slide came since the channel was last forgotten."""
        self.slide: float | None = None
        self.pressure = 0.0
        self.vowel: float | None = None
        self.named: str | None = None
        """The vowel by its name, which a synth sings at its own place; `vowel` counts where it has none like it."""
        self.efforts: dict[int, float] = {}
        """Factors on effort, by controller number."""
        self.sustain = self.sostenuto = self.soft = False
        self.registered.clear()
        self._values.clear()
        self._low.clear()

    def forget_note(self) -> None:
        """The last note of a member channel ended: what it did to its pitch is not meant for the next one."""
        self.bend, self.slide, self.pressure, self.bent = 0.0, None, 0.0, False

    @property
    def effort(self) -> float:
        """All factors on effort."""
        product = 0.7 if self.soft else 1.0
        for each in self.efforts.values():
            product *= each
        return product

    def value(self, number: int, value: int, uses: Container[int]) -> tuple[int, float | None]:
        """The controller that a message sets, and its value 0…1.

        An MSB sets the low bits to 0. A controller that never sent low bits reaches 1 at 127. The value is None for
        low bits without an MSB before them: they are no value on their own.
        uses    mapped controller numbers; one of 32…63 among them is no low half
        """
        if number - 32 in _HIGH and number not in uses:
            number -= 32
            if number not in self._values:
                return number, None
            self._low[number] = value
        else:
            self._values[number] = value
            if number in self._low:
                self._low[number] = 0
        if number in self._low:
            return number, (self._values[number] << 7 | self._low[number]) / 16383.0
        return number, self._values[number] / 127.0

    def take(self, use: Use, number: int, value: float) -> None:
        """A controller with this use has this value."""
        if use is Use.VOWEL:
            self.vowel, self.named = value, None
        elif use is Use.SLIDE:
            self.slide, self.bent = value, True
        elif use is Use.EFFORT:
            self.efforts[number] = value
        elif use is Use.SOFT:
            self.soft = value >= PEDAL_DOWN
