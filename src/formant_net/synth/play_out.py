"""Forward-synchronous playing: what a finger did at `t` sounds at `t + play_out_s` from every box.

Without it (the default) a box sings a touch on arrival. Latency is then least, but two boxes differ in time as their
network delays do. A choir of boxes in one room accepts some milliseconds of latency to sing together (Brandt &
Dannenberg 1999). A touch that arrives after its play-out time is sung at once.
"""

from __future__ import annotations

import heapq
import itertools

from formant_net.synth.touches import Note


class PlayOut:
    """Notes that wait for their play-out time, in order of time; equal times in order of arrival."""

    def __init__(self) -> None:
        self.late = 0
        """Count of notes that arrived after their play-out time."""
        self.latest_s = 0.0
        """How late the latest of them was, s."""
        self._waiting: list[tuple[float, int, Note]] = []
        self._order = itertools.count()

    def put(self, note: Note, earliest: float) -> None:
        """Takes a note that is to sound at `note.at`; before `earliest` nothing can sound any more."""
        at = earliest if note.at is None else note.at
        if at < earliest:
            self.late += 1
            self.latest_s = max(self.latest_s, earliest - at)
        heapq.heappush(self._waiting, (at, next(self._order), note))

    def due(self, until: float) -> list[tuple[float, Note]]:
        """Takes out what is to sound up to `until`: (when, note), in order."""
        out = []
        while self._waiting and self._waiting[0][0] <= until:
            at, _, note = heapq.heappop(self._waiting)
            out.append((at, note))
        return out

    @property
    def next(self) -> float | None:
        """When the next one is to sound."""
        return self._waiting[0][0] if self._waiting else None
