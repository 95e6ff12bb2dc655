"""What comes out of a bridge's core, whatever it is that goes in."""

from __future__ import annotations

from dataclasses import dataclass

from formant_net.protocol.gesture import TimedTouch


@dataclass(frozen=True, slots=True)
class Touches:
    """Fingers that changed, all at one moment: one message."""

    touches: list[TimedTouch]


@dataclass(frozen=True, slots=True)
class Said:
    """What the player should know, in words."""

    text: str
    warning: bool = False
