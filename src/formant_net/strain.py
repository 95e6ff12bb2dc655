"""What the audio side's counters mean: how busy it is, and one warning a minute when the sound broke."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

COUNTED = ("underflows", "late", "overruns", "shed", "ring_dropped")
"""What a synth tells of its sound: breaks that the device reported, callbacks after their time, blocks that took longer
to make than to play, voices let go to save time, events that found the ring full."""
HEARD = ("underflows", "overruns", "shed", "ring_dropped")
"""Those that can be heard, or lose what was played; a late callback alone is neither."""
EVERY_S = 60.0
BINS_A_PERIOD = 32
"""Of the render-time histogram (callback.pyx)."""


def busy(histogram: Sequence[int], share: float) -> float:
    """What so great a share of all blocks took at most, in percent of a block's period, to 3 %; 0 before the first."""
    left = share * sum(histogram)
    for bin, count in enumerate(histogram):
        left -= count
        if count and left <= 0.0:
            return 100.0 * (bin + 1) / BINS_A_PERIOD
    return 0.0


class Strain:
    """`news(now, counters)`: what was added since the last ones, at most once in `EVERY_S`, if it can be heard."""

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
