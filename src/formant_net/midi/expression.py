"""Vowel and effort of a finger, from controllers, velocity and pressure."""

from __future__ import annotations

from formant_net.midi.devices import Slide

FADE_S = 0.03
"""Seconds from the first pressure of a note until pressure alone is its effort."""


def vowel(base: float, slide: float | None, master: float | None, how: Slide) -> float:
    """y, 0…1.

    base      the vowel of CC 1, 0…1
    slide     CC 74 of the note's channel, 0…1; None: it has not come
    master    CC 74 of its master channel, 0…1, which moves all notes of the zone
    """
    y = base
    if slide is not None:
        y = slide if how is Slide.ABSOLUTE else base + (slide - 64.0 / 127.0 if how is Slide.RELATIVE else slide)
    if master is not None:
        y += master - 64.0 / 127.0
    return min(max(y, 0.0), 1.0)


def effort(struck: float, pressure: float, pressed_s: float | None, factor: float) -> float:
    """z, 0…1: velocity until the first pressure of the note, then over to the pressure within FADE_S.

    struck       velocity, 0…1
    pressure     0…1 and above (a master's comes on top)
    pressed_s    seconds since the first pressure above 0; None: there was none
    factor       0…1, of pedals and controllers
    """
    share = 0.0 if pressed_s is None else min(max(pressed_s / FADE_S, 0.0), 1.0)
    z = (1.0 - share) * struck + share * min(pressure, 1.0)
    return min(max(z * factor, 0.0), 1.0)
