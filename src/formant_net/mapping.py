"""What a touch means to the ear: x is pitch, y is the vowel, z is effort."""

from __future__ import annotations

from dataclasses import dataclass
from math import log2


@dataclass(frozen=True, slots=True)
class Mapping:
    """The laws that turn one finger into voice parameters. Pure; coordinates outside 0…1 are clamped.

    f0_low_hz           Hz at x = 0, > 0
    octaves             range from x = 0 to x = 1, > 0
    phonation_z         z at which the voice sets in, 0 ≤ z < 1
    dynamic_range_db    level between that threshold and z = 1, dB, ≥ 0
                        20 dB: a phone that estimates pressure from the size of a finger gives 0.3 … 0.6 to an ordinary
                        touch, which has to stay well audible (z = 0.5 is -13 dB)
    source              effort law with a phonation threshold: Feugère, d'Alessandro, Doval, Perrotin,
                        "Cantor Digitalis: chironomic parametric synthesis of singing", EURASIP JASMP 2017:2
    """

    f0_low_hz: float = 110.0
    octaves: float = 3.0
    phonation_z: float = 0.05
    dynamic_range_db: float = 20.0

    def __post_init__(self) -> None:
        if not (self.f0_low_hz > 0.0 and self.octaves > 0.0):
            raise ValueError(f"f0_low_hz={self.f0_low_hz} and octaves={self.octaves} must be above 0")
        if not (0.0 <= self.phonation_z < 1.0 and self.dynamic_range_db >= 0.0):
            raise ValueError(
                f"phonation_z={self.phonation_z} must be in 0 <= z < 1 and "
                f"dynamic_range_db={self.dynamic_range_db} at least 0"
            )

    def f0_hz(self, x: float) -> float:
        """Fundamental in Hz: equal distances on the surface are equal intervals. 110·8^x, 110…880 Hz by default."""
        return float(self.f0_low_hz * 2.0 ** (self.octaves * _unit(x)))

    def x_of(self, f0_hz: float) -> float:
        """Where on the surface `f0_hz` (Hz, > 0) lies; outside 0…1 when the surface does not reach it."""
        return log2(f0_hz / self.f0_low_hz) / self.octaves

    def vowel(self, y: float) -> float:
        """Position on the vowel path, 0…1: a, e, i, o, u at 0, 1/4, 1/2, 3/4, 1."""
        return _unit(y)

    def level_db(self, z: float | None) -> float:
        """Level in dB, ≤ 0, of effort E = ((z − z0)/(1 − z0))^1.5; 0 dB where the surface has no pressure (z None)."""
        if z is None:
            return 0.0
        above = max(0.0, _unit(z) - self.phonation_z) / (1.0 - self.phonation_z)
        return float(self.dynamic_range_db * (above**1.5 - 1.0))


def _unit(value: float) -> float:
    return min(1.0, max(0.0, value))
