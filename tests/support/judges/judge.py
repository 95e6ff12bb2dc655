"""A judge of the sound: a requirement and the figure that was reached. Each row of docs/understand/judges.md is one.

    ALIAS = Judge(5, "aliasing of sung vowels", "dB", at_most(-110.0), good=at_most(-130.0))

    def test_...():
        ALIAS.hold(alias_db(y, k), "tenor a at 220 Hz")

`hold` asserts a figure and keeps the worst one. `support.judges.table` prints the worst figures of all judges.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

ALL: list[Judge] = []
"""Every judge that was declared, in the order of its declaration."""


@dataclass(frozen=True)
class Bound:
    """What a figure may be, both ends included."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high  # NaN holds nowhere

    def __str__(self) -> str:
        if self.low == -math.inf:
            return f"≤ {self.high:g}"
        if self.high == math.inf:
            return f"≥ {self.low:g}"
        return f"± {self.high:g}" if self.low == -self.high else f"{self.low:g} … {self.high:g}"


def at_most(value: float) -> Bound:
    return Bound(-math.inf, value)


def at_least(value: float) -> Bound:
    return Bound(value, math.inf)


def between(low: float, high: float) -> Bound:
    return Bound(low, high)


def within(value: float) -> Bound:
    """± value."""
    return Bound(-value, value)


@dataclass(eq=False)
class Judge:
    """One measured quantity of the sound.

    number   chapter: 1 harmonics, 2 vocal tract, 3 formants, 4 high pitch, 5 aliasing, 6 clicks, 7 pitch and noise,
             8 loudness, 9 golden renders, 10 timing, 11 air, 12 unison, 13 legato, 14 swell, 15 onsets, 16 width
    passes   what must hold
    good     what is aimed at; asserted instead when it is reached
    why      where good is not asserted, or not even `passes`: the reason, for the table
    regress  asserted instead of `passes` where that is not reached: it may get better, not worse
    """

    number: int
    what: str
    unit: str
    passes: Bound
    good: Bound | None = None
    why: str = ""
    regress: Bound | None = None
    low: float = field(default=math.inf, init=False)
    high: float = field(default=-math.inf, init=False)

    def __post_init__(self) -> None:
        ALL.append(self)

    @property
    def asserted(self) -> Bound:
        if self.regress is not None:
            return self.regress
        return self.good if self.good is not None and not self.why else self.passes

    def hold(self, value: float | np.floating[Any], case: object = "") -> None:
        """Remember a measured value and assert it. `case` says what was measured, for the message."""
        value = float(value)
        self.low, self.high = min(self.low, value), max(self.high, value)
        assert self.asserted.holds(value), f"{self.what}: {value:.4g} {self.unit}, must be {self.asserted} ({case})"

    @property
    def reached(self) -> str:
        """The worst that was measured, or both ends where both are bounded."""
        if self.low > self.high:
            return "not measured"
        if self.passes.low == -math.inf:
            return f"{self.high:.3g}"
        if self.passes.high == math.inf:
            return f"{self.low:.3g}"
        if self.passes.low == -self.passes.high:
            return f"{max(self.low, self.high, key=abs):+.2g}"
        return f"{self.low:.3g} … {self.high:.3g}"

    @property
    def level(self) -> str:
        """good, pass or fails."""
        for name, bound in (("good", self.good), ("pass", self.passes)):
            if bound is not None and bound.holds(self.low) and bound.holds(self.high):
                return name
        return "fails"
