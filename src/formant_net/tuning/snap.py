"""Fingers in tune: each finger's pitch gets an offset that puts it on a step, and its own movement stays as it is.

A law of place alone (rounding, or bending the surface towards the steps) changes every vibrato and every glide. Here
the offset is set when the finger comes down. After that it changes only while the finger is slow, and slowly.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator
from dataclasses import dataclass

from formant_net.tuning.steps import Steps

SMOOTH_S = 0.15
"""Time constant of each of the two filters that tell where a finger rests. At 5.5 Hz they leave 4 % of a vibrato."""
RELAX_S = 0.4
"""Time constant with which the offset of a slow finger goes to what puts it on a step."""
SLOW_PER_S = 0.6
"""Smoothed speed in semitones a second from which a finger is not corrected at all. Slower ones are corrected the more,
the slower they are. A glide of 300 cents a second is five times as fast."""
STILL_PER_S = 0.15
"""Smoothed speed below which a finger has arrived: from then on its step is kept (steps.py)."""
TICK_S = 0.02
"""Seconds between two corrections of a finger at rest."""
REST_S = 3.0
"""Seconds after which a finger that did not move is where it stays: longer gaps are computed as this long."""
_SETTLED = 0.002
"""Semitones of change that nobody hears."""


@dataclass(slots=True)
class _Held:
    pitch: float
    """Where the finger is, MIDI number."""
    once: float
    twice: float
    """The pitch after one and after both filters."""
    step: float | None
    """The step that is kept; None: the finger is on its way."""
    offset: float
    at: float


class Snap:
    """The offsets of the fingers of one player. Times are s of one clock that never decreases.

    strength    share of the way to the step, 0…1
    """

    def __init__(self, steps: Steps, strength: float = 1.0) -> None:
        self.steps = steps
        self.strength = strength
        self._held: dict[Hashable, _Held] = {}

    def sung(self, finger: Hashable, pitch: float, now: float) -> float:
        """The pitch that a finger at `pitch` sounds with. A finger that is not known comes down now."""
        held = self._held.get(finger)
        if held is None:
            step = self.steps.nearest(pitch)
            held = _Held(pitch, pitch, pitch, step, self.strength * (step - pitch), now)
            self._held[finger] = held
        else:
            self._pass(held, now)
            held.pitch = pitch
        return pitch + held.offset

    def lift(self, finger: Hashable) -> None:
        """The finger is up, or is forgotten."""
        self._held.pop(finger, None)

    def unsettled(self) -> Iterator[Hashable]:
        """Fingers whose pitch would change although they do not move: ask for them again within TICK_S."""
        for finger, held in self._held.items():
            resting = abs(held.pitch - held.once) < _SETTLED and abs(held.pitch - held.twice) < _SETTLED
            if not resting or abs(self._wanted(held) - held.offset) >= _SETTLED:
                yield finger

    def _wanted(self, held: _Held) -> float:
        return self.strength * (self.steps.nearest(held.twice, held.step) - held.twice)

    def _pass(self, held: _Held, now: float) -> None:
        """Time passes for a finger that stayed where it was since `held.at`."""
        left_s = min(max(now - held.at, 0.0), REST_S)
        held.at = max(now, held.at)
        while left_s > 0.0:
            step_s = min(left_s, TICK_S)
            left_s -= step_s
            share = 1.0 - math.exp(-step_s / SMOOTH_S)
            held.once += share * (held.pitch - held.once)
            held.twice += share * (held.once - held.twice)
            speed = abs(held.once - held.twice) / SMOOTH_S
            if speed >= SLOW_PER_S:
                held.step = None
                continue
            slowness = 1.0 - speed / SLOW_PER_S
            held.offset += (1.0 - math.exp(-slowness * step_s / RELAX_S)) * (self._wanted(held) - held.offset)
            if held.step is not None or speed < STILL_PER_S:
                held.step = self.steps.nearest(held.twice, held.step)
