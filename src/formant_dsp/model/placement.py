"""Panning: the gains of the channels for one place.

A voice between two neighbouring loudspeakers has the gains cos and sin of its way between them. So its power is the
same at every place and for every number of channels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LAYOUTS = ("line", "ring")
"""line: the channels stand side by side, from the first at pan -1 to the last at 1 (two channels are stereo);
ring: they stand around the room; pan -1 and 1 are the same place (channel 0), 0 is opposite."""
MOST_CHANNELS = 8


def gains(pan: float, channels: int, layout: str = "line") -> NDArray[np.float64]:
    """The gains of all channels: float64[channels] ≥ 0 whose squares add up to 1.

    pan       -1 … 1; a line clamps other numbers, a ring wraps them
    channels  1 … 8
    layout    "line" or "ring"
    error     ValueError for another layout or number of channels
    source    equal-power law, pairwise amplitude panning: Pulkki, "Virtual sound source positioning using vector base
              amplitude panning", JAES 45(6), 1997 (its two-dimensional case, without the tangent correction)
    """
    import numpy as np  # not at the top: a bank imports this module and needs NumPy only to render (test_import.py)

    if layout not in LAYOUTS:
        raise ValueError(f"layout={layout!r}: choose one of {', '.join(LAYOUTS)}")
    if not 1 <= channels <= MOST_CHANNELS:
        raise ValueError(f"channels={channels} must be within 1 … {MOST_CHANNELS}")
    out = np.zeros(channels)
    if channels == 1:
        out[0] = 1.0
        return out
    way = (pan + 1.0) / 2.0
    place = (way % 1.0) * channels if layout == "ring" else min(max(way, 0.0), 1.0) * (channels - 1)
    near = min(int(place), channels - 1 if layout == "ring" else channels - 2)
    angle = (place - near) * np.pi / 2.0
    out[near] += np.cos(angle)
    out[(near + 1) % channels] += np.sin(angle)
    return out


def pan_of(x: float, width: float, pan: float = 0.0) -> float:
    """Pan of a touch, -1 … 1: low notes on the left.

    x       0 … 1, clamped: the place on the surface
    width   0 … 1: how far the surface is spread over the channels
    pan     -1 … 1: the middle of the surface
    """
    return min(max(pan + width * (2.0 * min(max(x, 0.0), 1.0) - 1.0), -1.0), 1.0)
