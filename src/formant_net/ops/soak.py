"""A soak test's player and its verdict: it plays at random for a long time and samples the node meanwhile.

A `RandomHand` plays: its fingers come down, glide, rest and lift at random from a seed. A `Sample` is the state of a
node at one moment. `summarise` turns many samples into a verdict.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random
from statistics import median
from typing import Any

import msgspec
from msgspec import Struct

from formant_net.protocol.gesture import TimedTouch

FINGERS = 5
DOWN_S = 0.6
UP_S = 0.9
"""Mean seconds of a finger on the glass (DOWN_S) and off it (UP_S). Both times are exponentially distributed."""
GLIDE_S = 0.4
WARM_UP = 0.1
"""Share of a run in which memory may grow, because caches fill, codecs load and each link sees every preset once."""
JUDGED_S = 300.0
"""Seconds that a run must last for its memory to be judged. Memory settles only after some dozens of departures."""
FLAT_MB = 2.0
FLAT_SHARE = 0.02
"""Resident memory is flat if it grew by at most the larger of FLAT_MB and this share of the first quarter's."""
COUNTED = (
    "notes",
    "touches",
    "rejoins",
    "underflows",
    "late",
    "overruns",
    "ring_dropped",
    "shed",
    "limited",
    "invalid",
)


class RandomHand:
    """Plays up to five fingers at random. Call `touches(now)` as often as a surface reports; `now` is s, monotonic."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._down: dict[int, tuple[float, float, float, float]] = {}
        self._change = [random.expovariate(1.0 / UP_S) for _ in range(FINGERS)]
        self._at = 0.0

    def touches(self, now: float) -> list[TimedTouch]:
        """The touches that a surface reports at `now`: every finger that is down, and those that have just lifted."""
        step, self._at = max(0.0, now - self._at) if self._at else 0.0, now
        out = []
        for finger in range(FINGERS):
            self._change[finger] -= step
            if finger in self._down:
                x, y, dx, dy = self._down[finger]
                x, y = min(max(x + dx * step, 0.0), 1.0), min(max(y + dy * step, 0.0), 1.0)
                if self._change[finger] <= 0.0:
                    del self._down[finger]
                    self._change[finger] = self._random.expovariate(1.0 / UP_S)
                    out.append(TimedTouch(now, finger, x, y, active=False))
                    continue
                self._down[finger] = x, y, dx, dy
                out.append(TimedTouch(now, finger, x, y))
            elif self._change[finger] <= 0.0:
                x, y = self._random.random(), self._random.random()
                dx, dy = (self._random.gauss(0.0, 0.2 / GLIDE_S) * (self._random.random() < 0.5) for _ in range(2))
                self._down[finger] = x, y, dx, dy
                self._change[finger] = self._random.expovariate(1.0 / DOWN_S)
                out.append(TimedTouch(now, finger, x, y))
        return out


class Sample(Struct, frozen=True, kw_only=True):
    """The state of a node `t_s` seconds after the start. `rss_mb` is the process's resident memory, 10^6 bytes."""

    t_s: float
    rss_mb: float
    active: int
    links: int
    fingers: int
    ring_waiting: int
    objects: int
    render_us_mean: float
    render_us_max: float
    late_us_max: float
    notes: int
    touches: int
    rejoins: int
    underflows: int
    late: int
    overruns: int
    ring_dropped: int
    shed: int
    limited: int
    invalid: int


def summarise(samples: Sequence[Sample]) -> dict[str, Any]:
    """The totals, the memory in the first and the last quarter after the warm-up, and `ok` with the reasons in `why`.

    error   ValueError for fewer than 8 samples, too few to judge memory
    """
    if len(samples) < 8:
        raise ValueError(f"{len(samples)} samples are too few: run longer, or sample more often")
    last = samples[-1]
    warm = [s for s in samples if s.t_s >= WARM_UP * last.t_s]
    quarter = max(1, len(warm) // 4)
    first_mb, last_mb = (median(s.rss_mb for s in part) for part in (warm[:quarter], warm[-quarter:]))
    grew_mb = last_mb - first_mb
    flat = last.t_s < JUDGED_S or grew_mb <= max(FLAT_MB, FLAT_SHARE * first_mb)
    hours = (warm[-1].t_s - warm[0].t_s) / 3600.0
    why = []
    if not flat:
        why.append(f"resident memory grew by {grew_mb:.1f} MB")
    if last.invalid:
        why.append(f"{last.invalid} hops were not finite and were muted")
    if last.notes == 0:
        why.append("nothing was played")
    return {
        "minutes": round(last.t_s / 60.0, 2),
        **{name: getattr(last, name) for name in COUNTED},
        "rss_first_mb": round(first_mb, 1),
        "rss_last_mb": round(last_mb, 1),
        "rss_max_mb": round(max(s.rss_mb for s in samples), 1),
        "rss_mb_per_hour": round(_slope(warm), 2) if hours > 0 else math.nan,
        "render_us_mean": round(last.render_us_mean, 1),
        "render_us_max": round(last.render_us_max, 1),
        "late_us_max": round(last.late_us_max, 1),
        "most_active": max(s.active for s in samples),
        "ok": not why,
        "why": why,
    }


def _slope(samples: Sequence[Sample]) -> float:
    """The growth of memory by least squares, MB an hour."""
    n = len(samples)
    t = [s.t_s / 3600.0 for s in samples]
    mean_t, mean_y = sum(t) / n, sum(s.rss_mb for s in samples) / n
    spread = sum((x - mean_t) ** 2 for x in t)
    if spread == 0.0:
        return 0.0
    return sum((x - mean_t) * (s.rss_mb - mean_y) for x, s in zip(t, samples, strict=True)) / spread


def line(sample: Sample) -> str:
    """A sample as one JSON line."""
    return msgspec.json.encode(sample).decode()
