"""How much one player may ask of a synth."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What a synth takes from one controller (synth/play_limits.py), with room to spare."""

    fingers: int = 16
    notes_per_s: float = 50.0
    notes_burst: int = 48
