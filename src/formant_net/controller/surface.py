"""Where a pitch and a vowel lie on the surface of a synth, as that synth describes it in its state."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

_EDGE = 1e-6
"""How far outside 0…1 a computed x still counts as the edge: rounding must not cost the lowest note."""


def takes_notes(state: Mapping[str, Any]) -> bool:
    """Whether a synth with this state uses `note`. A synth whose state does not say so uses only `x`."""
    takes = state.get("takes")
    return isinstance(takes, list | tuple) and "note" in takes


def x_of(note: float, state: Mapping[str, Any]) -> float | None:
    """Where a pitch lies on the surface that a state describes.

    note      MIDI number, 69 = 440 Hz
    state     from a pong; it is remote input, so every field is checked
    returns   x = log2(hz / low_hz) / octaves; outside 0…1 when the surface does not reach it, None when it is unknown
    """
    reach = _reach(state)
    return None if reach is None else (note - reach[0]) / reach[1]


def note_at(x: float, state: Mapping[str, Any]) -> float | None:
    """The pitch (MIDI number) of a place 0…1 on the surface that a state describes; None when it is unknown."""
    reach = _reach(state)
    return None if reach is None else reach[0] + x * reach[1]


def _reach(state: Mapping[str, Any]) -> tuple[float, float] | None:
    """The lowest pitch (MIDI number) of a surface and its semitones."""
    surface = state.get("surface")
    if not isinstance(surface, Mapping):
        return None
    low_hz, octaves = _positive(surface.get("low_hz")), _positive(surface.get("octaves"))
    if low_hz is None or octaves is None:
        return None
    return 69.0 + 12.0 * math.log2(low_hz / 440.0), 12.0 * octaves


def reaches(note: float, state: Mapping[str, Any]) -> bool:
    """Whether a synth with this state can sing a pitch (MIDI number)."""
    if takes_notes(state):
        return True
    x = x_of(note, state)
    return x is not None and -_EDGE <= x <= 1.0 + _EDGE


def vowels_of(state: Mapping[str, Any]) -> list[str]:
    """The names of the vowels of a surface, at equal steps of y; empty if its state does not say them."""
    surface = state.get("surface")
    names = surface.get("vowels") if isinstance(surface, Mapping) else None
    known = isinstance(names, list | tuple) and all(isinstance(name, str) for name in names)
    return list(names) if known and names else []


def _positive(value: object) -> float | None:
    number = isinstance(value, int | float) and not isinstance(value, bool) and 1e-3 <= value <= 1e6
    return float(value) if number else None  # type: ignore[arg-type]
