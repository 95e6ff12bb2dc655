"""The pitches that fingers are corrected to."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from formant_net.tuning.scl import Scale, TuningError

LOW, HIGH = 0.0, 135.0
"""Range of a note, MIDI numbers."""
MOST = 20_000
KEEP = 1.5
"""A step is kept until the pitch is so many times nearer to another one. Without this, a finger that rests half-way
between two steps would change its mind again and again."""
_SAME = 1e-6


class Steps:
    """Pitches as MIDI numbers, at least one, in any order; doubles are one."""

    def __init__(self, pitches: Iterable[float]) -> None:
        found: list[float] = []
        for pitch in sorted(pitches):
            if not found or pitch - found[-1] > _SAME:
                found.append(pitch)
        if not found:
            raise TuningError("no step lies within the range of notes: choose another scale or root")
        self.pitches: tuple[float, ...] = tuple(found)

    def nearest(self, pitch: float, kept: float | None = None) -> float:
        """The step nearest to a pitch; the lower of two. `kept` is the step that held until now, if there was one."""
        at = bisect_left(self.pitches, pitch)
        around = self.pitches[max(at - 1, 0) : at + 1]
        step = min(around, key=lambda one: abs(one - pitch))
        if kept is not None and abs(kept - pitch) <= KEEP * abs(step - pitch):
            return kept
        return step


def steps_of(tuning: Scale, degrees: Sequence[int], root: float) -> Steps:
    """The steps of some degrees of a tuning within LOW…HIGH; degree 0 lies at `root` and a period above and below."""
    base = [tuning.degree(degree) / 100.0 for degree in degrees]
    period = abs(tuning.period) / 100.0
    if period <= _SAME:
        return Steps(each for each in (root + one for one in base) if LOW <= each <= HIGH)
    found: list[float] = []
    for one in base:
        first = -int((root + one - LOW) // period)
        last = int((HIGH - root - one) // period)
        if len(found) + last - first > MOST:
            raise TuningError(f"more than {MOST} steps: a period of {100.0 * period:g} cents is too small")
        found += [root + one + number * period for number in range(first, last + 1)]
    return Steps(each for each in found if LOW <= each <= HIGH)
