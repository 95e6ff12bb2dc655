"""Scala scale files (`.scl`): the steps of a tuning up to its period."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

MOST_BYTES = 100_000
MOST_STEPS = 1024

_CENTS = re.compile(r"([-+]?(?:[0-9]{1,7}\.[0-9]*|\.[0-9]+))(?=\s|!|$)")
_RATIO = re.compile(r"([-+]?[0-9]{1,30})(?:[ \t]*/[ \t]*([-+]?[0-9]{1,30}))?(?=\s|!|$)")
_COUNT = re.compile(r"([0-9]{1,6})(?=\s|!|$)")
NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
"""A number as both languages read it. Each alone knows more: `4_40`, digits of other scripts, `0x1b8`."""
_LINE_END = re.compile(r"\r{0,2}\n|\r")
"""With two returns, too: what becomes of a file of Windows that is written as text there once more."""
_OCTAVES_WITHOUT_A_DOT = 2
"""A whole number above so many octaves was probably meant as cents."""


class TuningError(ValueError):
    """A tuning that cannot be used. The text says what is wrong, what is allowed and what to do."""


@dataclass(frozen=True, slots=True)
class Scale:
    """A tuning.

    cents       of each degree from the second on, above the first; the last one is the period. May fall and be negative
    warnings    what was understood in a way that its writer may not have meant
    """

    description: str
    cents: tuple[float, ...]
    warnings: tuple[str, ...] = ()

    @property
    def period(self) -> float:
        """Cents after which the degrees repeat."""
        return self.cents[-1]

    def degree(self, number: int) -> float:
        """Cents of a degree, 0 for the first; any whole number."""
        periods, rest = divmod(number, len(self.cents))
        return periods * self.period + (self.cents[rest - 1] if rest else 0.0)


def lines_of(data: bytes) -> list[str]:
    """The lines of a Scala file without its comments. UTF-8, or else Latin-1, with any kind of line end."""
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return [line for line in _LINE_END.split(text) if not line.startswith("!")]


def parse_scl(data: bytes) -> Scale:
    """The scale of a file.

    error     TuningError, which names the line
    source    Scala scale file format, huygens-fokker.org/scala/scl_format.html
    """
    if len(data) > MOST_BYTES:
        raise TuningError(f"{len(data)} bytes are too many for a scale ({MOST_BYTES} at most)")
    lines = lines_of(data)
    if not lines:
        raise TuningError("the file is empty: a scale has a description, the number of its notes, and a line for each")
    description = lines[0].strip()
    rest = [line.strip() for line in lines[1:] if line.strip() and not line.lstrip().startswith("!")]
    count = _COUNT.match(rest[0]) if rest else None
    if count is None:
        found = repr(rest[0][:40]) if rest else "nothing"
        raise TuningError(
            f"the number of notes is missing after the description {description[:40]!r}: there is {found}. "
            "The description must not begin with '!', which makes it a comment"
        )
    number = int(count[1])
    if not 1 <= number <= MOST_STEPS:
        raise TuningError(f"{number} notes: a scale has 1 … {MOST_STEPS}")
    pitches = rest[1:]
    if len(pitches) < number:
        raise TuningError(f"{number} notes are announced and {len(pitches)} follow: correct the number or add lines")
    warnings: list[str] = []
    cents = tuple(_pitch(line, place, warnings) for place, line in enumerate(pitches[:number], 1))
    if len(pitches) > number:
        warnings.append(f"{len(pitches) - number} lines after the {number} announced notes are ignored")
    plain = "".join(c if c.isprintable() else " " for c in description)  # a terminal may show it
    return Scale(plain, cents, tuple(warnings))


def _pitch(line: str, place: int, warnings: list[str]) -> float:
    """Cents of one line. A number with a dot is in cents; any other is a ratio."""
    if (cents := _CENTS.match(line)) is not None:
        return float(cents[1])
    ratio = _RATIO.match(line)
    if ratio is None:
        hint = (
            "write a point for the comma" if re.match(r"[-+]?\d+,\d", line) else "write cents, 701.955, or a ratio, 3/2"
        )
        raise TuningError(f"note {place}: {line[:40]!r} is no pitch: {hint}")
    above, below = int(ratio[1]), int(ratio[2] or 1)
    if above <= 0 or below <= 0:
        raise TuningError(f"note {place}: the ratio {ratio[0]} is not above 0: write it with whole numbers above 0")
    if ratio[2] is None and above > 2**_OCTAVES_WITHOUT_A_DOT:
        warnings.append(f"note {place}: {above} is the ratio {above}/1. If cents are meant, write {above}.0")
    return 1200.0 * (math.log2(above) - math.log2(below))
