"""Gestures: timed touches, written down one JSON line each (docs/gestures.md)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from formant_net.messages import MAX_FINGERS, FingerId, Unit

MAX_LINE_BYTES = 4096
MAX_SECONDS = 86_400.0


class GestureError(ValueError):
    """A line of a gesture that cannot be played; the text names the line and says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class TimedTouch:
    """One finger at one moment: t in s from the start of the gesture; x, y, z in 0…1; active False lifts the finger."""

    t: float
    id: int | str
    x: float
    y: float
    z: float | None = None
    active: bool = True


class _Line(Struct, frozen=True, forbid_unknown_fields=True):
    t: Annotated[float, Meta(ge=0.0, le=MAX_SECONDS)] | None = None
    id: FingerId = 0
    x: Unit | None = None
    y: Unit | None = None
    z: Unit | None = None
    active: bool = True


class GestureReader:
    """Reads a gesture line by line and remembers which fingers are down.

    live    True for lines that are played as they come: `t` is the moment of reading, one in the line is ignored
    """

    def __init__(self, *, live: bool = False) -> None:
        self._live = live
        self._decoder = msgspec.json.Decoder(_Line)
        self._number = 0
        self._t = 0.0
        self._down: dict[int | str, TimedTouch] = {}

    def read(self, line: str | bytes, now: float = 0.0) -> TimedTouch | None:
        """The touch of one line, or None for an empty line and one that begins with `#`.

        now       s since the start; becomes `t` of a live line
        raises    GestureError naming the line; the line then has changed nothing but the line number
        """
        self._number += 1
        text = line.strip()
        if not text or text[:1] in ("#", b"#"):
            return None
        if len(text) > MAX_LINE_BYTES:
            raise self._error(f"{len(text)} characters are too long for one touch ({MAX_LINE_BYTES} at most)")
        try:
            parsed = self._decoder.decode(text)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise self._error(f"{error}; a line looks like " + '{"t": 0.5, "x": 0.3, "y": 0.0}') from error
        touch = self._touch(parsed, now)
        self._t = touch.t
        if touch.active:
            self._down[touch.id] = touch
        else:
            del self._down[touch.id]
        return touch

    def releases(self) -> list[TimedTouch]:
        """Lifts of all fingers that are still down, at the time of the last line. They are down no longer."""
        lifts = [TimedTouch(self._t, f.id, f.x, f.y, f.z, active=False) for f in self._down.values()]
        self._down.clear()
        return lifts

    def _touch(self, line: _Line, now: float) -> TimedTouch:
        t = now if self._live else line.t
        if t is None:
            raise self._error("`t` is missing: seconds from the start of the gesture")
        if t < self._t:
            raise self._error(f"t = {t:g} s lies before the line above ({self._t:g} s): sort the lines by time")
        last = self._down.get(line.id)
        if not line.active and last is None:
            raise self._error(f"finger {line.id!r} is lifted but was not down: check `id`")
        if line.active and last is None and len(self._down) >= MAX_FINGERS:
            raise self._error(f"more than {MAX_FINGERS} fingers are down: lift one first")
        x = line.x if line.x is not None or last is None else last.x
        y = line.y if line.y is not None or last is None else last.y
        if x is None or y is None:
            raise self._error("a finger that comes down needs `x` and `y`, both in 0…1")
        z = line.z if line.z is not None or last is None else last.z
        return TimedTouch(t, line.id, x, y, z, line.active)

    def _error(self, text: str) -> GestureError:
        return GestureError(f"line {self._number}: {text}")


def read_gesture(lines: Iterable[str | bytes]) -> list[TimedTouch]:
    """The touches of a whole gesture, times non-decreasing; fingers still down at its end are lifted there.

    raises    GestureError naming the first line that cannot be played
    """
    reader = GestureReader()
    touches = [touch for line in lines if (touch := reader.read(line)) is not None]
    return touches + reader.releases()


def write_gesture(touches: Iterable[TimedTouch]) -> str:
    """Text of a gesture file that reads back as the same touches."""
    lines = []
    for touch in touches:
        fields: dict[str, object] = {"t": touch.t, "id": touch.id, "x": touch.x, "y": touch.y}
        if touch.z is not None:
            fields["z"] = touch.z
        lines.append(msgspec.json.encode(fields | {"active": touch.active}).decode() + "\n")
    return "".join(lines)
