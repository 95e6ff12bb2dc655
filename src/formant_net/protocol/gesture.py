"""Gestures: timed touches in a text file, one JSON object a line (docs/play/gestures.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Annotated, BinaryIO

import msgspec
from msgspec import Meta, Struct

from formant_net.protocol.messages import MAX_FINGERS, FingerId, NoteNumber, Unit

MAX_LINE_BYTES = 4096
MAX_SECONDS = 86_400.0
_MARK = "\ufeff"


Named = str | float
"""A vowel by its name, or by its place 0…1 on whatever surface sings it."""
Vowel = Named | tuple[tuple[Named, float], ...]
"""One vowel, or several with weights that sum to 1: a point on the way from one to another."""


class GestureError(ValueError):
    """A line of a gesture that cannot be played; the text names the line and says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class TimedTouch:
    """One finger at one moment.

    t         s from the start of the gesture
    x, y, z   0…1, as in a touch. x may be None if `note` is given: then the pitch gives the place on the surface
    active    False lifts the finger
    note      pitch as a MIDI number, 0…135 (69 = 440 Hz), or None: x says it
    vel       how hard it was struck, 0…1, or None
    vowel     by name: each synth sings it at its place on its own surface. Where it has none like it, or if this is
              None, `y` counts. Gesture files do not have it
    """

    t: float
    id: int | str
    x: float | None
    y: float
    z: float | None = None
    active: bool = True
    note: float | None = None
    vel: float | None = None
    vowel: Vowel | None = None


class _Line(Struct, frozen=True, forbid_unknown_fields=True):
    t: Annotated[float, Meta(ge=0.0, le=MAX_SECONDS)] | None = None
    id: FingerId = 0
    x: Unit | None = None
    y: Unit | None = None
    z: Unit | None = None
    active: bool = True
    note: NoteNumber | None = None
    vel: Unit | None = None


class GestureReader:
    """Reads a gesture line by line and remembers which fingers are down.

    live    True for lines that are played as they arrive: `t` is the time of reading, and a `t` in the line is ignored
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
        if self._number == 1:  # some editors and shells of Windows begin with a byte order mark
            text = text.removeprefix(_MARK) if isinstance(text, str) else text.removeprefix(_MARK.encode())
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
        """Lifts all fingers that are still down, at the time of the last line."""
        lifts = [replace(finger, t=self._t, active=False) for finger in self._down.values()]
        self._down.clear()
        return lifts

    def _touch(self, line: _Line, now: float) -> TimedTouch:
        t = now if self._live else line.t
        if t is None:
            raise self._error("`t` is missing: seconds from the start of the gesture")
        if t < self._t:
            raise self._error(f"t = {t:g} s is before the previous line ({self._t:g} s): sort the lines by time")
        last = self._down.get(line.id)
        if not line.active and last is None:
            raise self._error(f"finger {line.id!r} is lifted but was not down: check `id`")
        if line.active and last is None and len(self._down) >= MAX_FINGERS:
            raise self._error(f"at most {MAX_FINGERS} fingers can be down: lift one first")
        x, y, z, note, vel = line.x, line.y, line.z, line.note, line.vel
        if last is not None:  # what a line does not say stays as it was
            x = last.x if x is None else x
            y = last.y if y is None else y
            z = last.z if z is None else z
            note = last.note if note is None else note
            vel = last.vel if vel is None else vel
        if y is None or (x is None and note is None):
            raise self._error("a finger that comes down needs `x` and `y`, both in 0…1, or `note` (0…135) and `y`")
        return TimedTouch(t, line.id, x, y, z, line.active, note, vel)

    def _error(self, text: str) -> GestureError:
        return GestureError(f"line {self._number}: {text}")


def lines_of(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file or a pipe. A line that is too long is cut, and `GestureReader` refuses what is left of it."""
    while line := file.readline(MAX_LINE_BYTES + 2):
        yield line
        while line and not line.endswith(b"\n"):
            line = file.readline(MAX_LINE_BYTES)


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
        fields: dict[str, object] = {"t": touch.t, "id": touch.id, "x": touch.x, "y": touch.y, "z": touch.z}
        fields |= {"note": touch.note, "vel": touch.vel, "active": touch.active}
        given = {name: value for name, value in fields.items() if value is not None}
        lines.append(msgspec.json.encode(given).decode() + "\n")
    return "".join(lines)
