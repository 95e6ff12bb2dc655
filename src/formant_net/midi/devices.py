"""What is known of controllers by the names of their ports: whether they speak MPE unasked, and what CC 74 means."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Slide(Enum):
    """How CC 74 becomes the vowel (0…1)."""

    ABSOLUTE = "absolute"
    """0…127 is the whole way of vowels."""
    RELATIVE = "relative"
    """64 is the vowel that CC 1 chose; half the way to either side."""
    FROM_ZERO = "from-zero"
    """0 is the vowel that CC 1 chose; it only goes up."""


@dataclass(frozen=True, slots=True)
class Device:
    """A controller. `members` of the lower zone that it uses unasked; 0: it sends a configuration message, or no MPE.

    skip    a second port that would play everything twice
    """

    name: str
    members: int = 0
    slide: Slide = Slide.ABSOLUTE
    skip: bool = False


TABLE = (
    (("midi through",), Device("MIDI Through", skip=True)),
    (("osmose", "port 2"), Device("Osmose, port 2", skip=True)),
    (("osmose", "midi 2"), Device("Osmose, port 2", skip=True)),
    (("osmose",), Device("Osmose", 15, Slide.FROM_ZERO)),
    (("seaboard",), Device("Seaboard", 15, Slide.RELATIVE)),
    (("lightpad",), Device("Lightpad Block", 15, Slide.RELATIVE)),
    (("continuum",), Device("Continuum", 15, Slide.ABSOLUTE)),
    (("linnstrument",), Device("LinnStrument", 0, Slide.ABSOLUTE)),
    (("sensel",), Device("Sensel Morph", 15, Slide.ABSOLUTE)),
    (("soundplane",), Device("Soundplane", 15, Slide.ABSOLUTE)),
)
"""Words of a port's name, in lower case, and what they mean; the first row with all its words counts."""
UNKNOWN = Device("")


def device_of(port: str) -> Device:
    """What is known of the controller at a port of this name."""
    name = port.lower()
    return next((device for words, device in TABLE if all(word in name for word in words)), UNKNOWN)
