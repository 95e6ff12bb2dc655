"""The vowel chart as a formula: F1 from openness, F2 from backness and openness, the rest from the tract.

    F1(h)    = 270 · (800/270)^h
    F2(v, h) = F2b^(1-v) · F2f^v,   F2f(h) = 2300 · (1500/2300)^h,   F2b(h) = 800 · (1150/800)^h      men, Hz

Both are linear in log frequency along every edge, so a coarse grid of vowels, interpolated in log frequency, contains
them exactly. F3, F4, widths and levels are not linear; they are exact at the nodes. The formulas are fitted to the
averages of Peterson & Barney 1952 and Hillenbrand et al. 1995 for men. Other groups have a factor for each formant
(tract.py). The plane does not contain lip rounding: its F2 of ɔ is 20 % too high.
"""

from __future__ import annotations

import functools
from array import array
from dataclasses import dataclass, field

from formant_dsp.model import tract
from formant_dsp.model.vowels import WAY_GRID, Vowel, on_way, rows_of

STEPS = 8
"""Cells per edge. At the centre of a cell F3 … F5 and widths are within 0.5 % of the formulas, levels within 0.5 dB."""

_F0_HZ = {"men": 132.0, "women": 220.0, "children": 250.0}


def chart_vowel(backness: float, openness: float, group: str = "men") -> Vowel:
    """The vowel at (0 back … 1 front, 0 close … 1 open), computed from the formulas. It takes 60 µs.

    error   ValueError for a group other than men, women, children
    """
    size, f0_hz = tract.group(group), _F0_HZ[group]
    front = 2300.0 * (1500.0 / 2300.0) ** openness
    back = 800.0 * (1150.0 / 800.0) ** openness
    f1 = size.f1 * 270.0 * (800.0 / 270.0) ** openness
    f2 = size.f2 * back ** (1.0 - backness) * front**backness
    f3 = size.third_hz(f1, f2)
    f4 = size.fourth_hz(f3)
    centres = (f1, f2, f3, f4, f4 + tract.FIFTH_ABOVE_FOURTH_HZ)
    widths = tuple(tract.bandwidth_hz(f, f0_hz) for f in centres)
    return Vowel(centres, widths, tract.lobe_levels(tract.tract_levels(centres, widths), centres, widths))


@dataclass(frozen=True, slots=True)
class Trapezium:
    """A grid of vowels over the chart, nodes[openness][backness]."""

    nodes: tuple[tuple[Vowel, ...], ...]
    code: array[float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        rows = (value for row in self.nodes for value in rows_of(row))
        object.__setattr__(self, "code", array("d", (WAY_GRID, 0, STEPS, *rows)))

    def at(self, backness: float, openness: float) -> Vowel:
        """The vowel at (0 back … 1 front, 0 close … 1 open); both are clamped."""
        return on_way(self.code, 0.0, (backness, openness))


@functools.cache
def trapezium(group: str = "men") -> Trapezium:
    """The chart of men, women or children. ValueError for another group."""
    steps = [i / STEPS for i in range(STEPS + 1)]
    return Trapezium(tuple(tuple(chart_vowel(v, h, group) for v in steps) for h in steps))
