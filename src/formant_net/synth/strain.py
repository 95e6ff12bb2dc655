"""What the audio side's counters mean: how busy it is, and one warning a minute when the sound broke."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

COUNTED = ("underflows", "late", "overruns", "shed", "ring_dropped")
"""Counters that a synth reports of its sound: underflows of the device, late callbacks, blocks that took longer to make
than to play, voices released to save time, events dropped because the ring was full."""
HEARD = ("underflows", "overruns", "shed", "ring_dropped")
"""The counters of faults that can be heard or that lose a touch. A late callback alone does neither."""
EVERY_S = 60.0
BINS_A_PERIOD = 32
"""Of the render-time histogram (callback.pyx)."""


def busy(histogram: Sequence[int], share: float) -> float:
    """The render time that a `share` (0…1) of all blocks did not exceed, in percent of a block's period, to 3 %.

    0 before the first block.
    """
    left = share * sum(histogram)
    for bin, count in enumerate(histogram):
        left -= count
        if count and left <= 0.0:
            return 100.0 * (bin + 1) / BINS_A_PERIOD
    return 0.0


class Strain:
    """Reports audible faults: `news` gives the increments since the last report, at most once in `EVERY_S`."""

    def __init__(self) -> None:
        self._told = dict.fromkeys(COUNTED, 0)
        self._next = 0.0

    def news(self, now: float, counters: Mapping[str, float]) -> dict[str, int]:
        """Increments by name, without zeros. `now` is s, monotonic; `counters` count up since the start."""
        if now < self._next or not any(counters.get(name, 0) > self._told[name] for name in HEARD):
            return {}
        grown = {name: int(counters.get(name, 0)) - self._told[name] for name in COUNTED}
        self._told = {name: int(counters.get(name, 0)) for name in COUNTED}
        self._next = now + EVERY_S
        return {name: more for name, more in grown.items() if more > 0}
