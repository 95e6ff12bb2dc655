"""Touches in tune: those of a gesture or a stream go in, and the same with corrected pitches come out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from formant_net.protocol.gesture import TimedTouch
from formant_net.tuning.snap import TICK_S, Snap
from formant_net.tuning.steps import HIGH, LOW


class TunedTouches:
    """Corrects the fingers of one player.

    note_at    the pitch (MIDI number) of a place x 0…1 on the surface, or None while no surface is known. A touch that
               has only `x` is corrected by it; without it the touch stays as it is
    """

    def __init__(self, snap: Snap, note_at: Callable[[float], float | None]) -> None:
        self._snap = snap
        self._note_at = note_at
        self._down: dict[int | str, tuple[TimedTouch, float]] = {}
        """Each finger as it was played and the pitch that was given out."""
        self._tick_at: float | None = None

    def take(self, touches: Iterable[TimedTouch], now: float) -> list[TimedTouch]:
        """Fingers that came down, moved or were lifted at `now`."""
        out = [self._tuned(touch, now) for touch in touches]
        self._arm(now)
        return out

    def due_at(self) -> float | None:
        """When `tick` has something to do, s; None: every finger is where it stays."""
        return self._tick_at

    def tick(self, now: float) -> list[TimedTouch]:
        """The fingers whose pitch changed although they did not move."""
        out = []
        for finger in list(self._snap.unsettled()):
            played, given = self._down[finger]  # type: ignore[index]
            touch = self._tuned(played, now)
            if touch.note != given:
                out.append(touch)
        self._arm(now)
        return out

    def _arm(self, now: float) -> None:
        self._tick_at = now + TICK_S if any(True for _ in self._snap.unsettled()) else None

    def _tuned(self, touch: TimedTouch, now: float) -> TimedTouch:
        if not touch.active:
            self._snap.lift(touch.id)
            before = self._down.pop(touch.id, None)
            return touch if before is None else replace(touch, note=before[1])
        pitch = touch.note
        if pitch is None and touch.x is not None:
            pitch = self._note_at(touch.x)
        if pitch is None:
            return touch
        note = round(min(max(self._snap.sung(touch.id, pitch, now), LOW), HIGH), 4)
        self._down[touch.id] = touch, note
        return replace(touch, note=note)
