"""Measures until the machine was quiet for long enough, or until it is sure that the code is too slow."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

Figures = dict[str, float]

PATIENCE = 12
LIMITS: Mapping[str, Mapping[str, float]] = tomllib.loads(
    Path(__file__).with_name("budget.toml").read_text(encoding="utf-8")
)["at_most"]
"""By benchmark and figure."""


def patiently(measure: Callable[[], Figures], limits: Mapping[str, float], patience: int = PATIENCE) -> Figures:
    """The figures of the first measurement that is within all limits, or of the last.

    measure   adds turns to the same least times at each call, so that its figures come closer to the truth: other work
              on the machine can lengthen a block and never shorten it
    patience  most measurements, 1 or more
    """
    for _ in range(patience):
        figures = measure()
        if all(figures[name] <= limit for name, limit in limits.items()):
            break
    return figures
