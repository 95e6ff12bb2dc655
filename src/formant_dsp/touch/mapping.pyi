from array import array
from collections.abc import Sequence
from typing import Protocol

HEADER_NUMBERS: int
COUNT: int

class _Vowel(Protocol):
    @property
    def frequency_hz(self) -> tuple[float, ...]: ...
    @property
    def bandwidth_hz(self) -> tuple[float, ...]: ...
    @property
    def level_db(self) -> tuple[float, ...]: ...

def voices(
    code: array[float],
    x: float | None,
    y: float,
    z: float | None,
    note: float | None,
    place: tuple[float, float] | None,
    lease_s: float,
    width: float = 0.0,
    vel: float | None = None,
) -> list[tuple[float, ...]]: ...
def pitch(code: array[float], x: float | None, note: float | None) -> float: ...
def effort(code: array[float], z: float | None) -> float: ...
def vowel_on(way: array[float], position: float, place: tuple[float, float] | None) -> tuple[float, ...]: ...
def place_on(way: array[float], position: float) -> tuple[float, float]: ...
def sung(
    numbers: Sequence[float],
    vowel: _Vowel,
    algorithm: int,
    expression: Sequence[float],
    effort: float,
    least: Sequence[float],
    most: Sequence[float],
) -> tuple[float, ...]: ...
def as_singer(
    numbers: Sequence[float], vowel: _Vowel, member: Sequence[float], least: Sequence[float], most: Sequence[float]
) -> tuple[float, ...]: ...
def error_db(numbers: Sequence[float], vowel: _Vowel, algorithm: int) -> float: ...
def row(numbers: Sequence[float], vowel: _Vowel, algorithm: int) -> tuple[float, ...]: ...
def smooth_max(a: float, b: float, softness: float) -> float: ...
