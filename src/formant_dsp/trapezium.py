"""The vowel chart as a formula: F1 from openness, F2 from backness and openness, all else from the tract.

    F1(h)    = 270 · (800/270)^h
    F2(v, h) = F2b^(1-v) · F2f^v,   F2f(h) = 2300 · (1500/2300)^h,   F2b(h) = 800 · (1150/800)^h      men, Hz

Both are straight in log frequency along every edge, so a coarse grid of vowels, interpolated in log frequency, has them
exactly; F3, F4, widths and levels, which are not straight, are exact at the nodes. Fitted to the averages of Peterson &
Barney 1952 and Hillenbrand et al. 1995 for men; other groups by their formant-wise factors (tract.py). Lip rounding is
not in the plane: F2 of ɔ comes out 20 % too high.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from formant_dsp import tract
from formant_dsp.vowels import Logs, Vowel, between, from_logs, logs

STEPS = 8
"""Cells an edge. F3 … F5 and widths at their centres are within 0.5 % of the formulas, levels within 0.5 dB."""

_F0_HZ = {"men": 132.0, "women": 220.0, "children": 250.0}


def chart_vowel(backness: float, openness: float, group: str = "men") -> Vowel:
    """The vowel at (0 back … 1 front, 0 close … 1 open), straight from the formulas; 60 µs."""
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

    nodes: tuple[tuple[Logs, ...], ...]

    def at(self, backness: float, openness: float) -> Vowel:
        """The vowel at (0 back … 1 front, 0 close … 1 open); points outside are moved to the edge."""
        x, y = min(max(backness, 0.0), 1.0) * STEPS, min(max(openness, 0.0), 1.0) * STEPS
        i, j = min(int(x), STEPS - 1), min(int(y), STEPS - 1)
        close, open_ = self.nodes[j], self.nodes[j + 1]
        return from_logs(
            between(tuple(between(close[i], close[i + 1], x - i)), tuple(between(open_[i], open_[i + 1], x - i)), y - j)
        )


@functools.cache
def trapezium(group: str = "men") -> Trapezium:
    """The chart of men, women or children; ValueError for another group."""
    steps = [i / STEPS for i in range(STEPS + 1)]
    return Trapezium(tuple(tuple(logs(chart_vowel(v, h, group)) for v in steps) for h in steps))
