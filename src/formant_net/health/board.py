"""What the kernel says of a board: its model, its temperature, its power supply, and why it is held back.

Each function reads a few files below a folder like /sys, and gives None for what this machine does not say. The files
of a Raspberry Pi are those that its firmware driver makes, so `vcgencmd` is not needed. They were checked against
recorded trees, not on a board.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

CAUSES = ("voltage", "frequency", "thermal", "soft")
"""Bits 0 to 3 of `get_throttled`: weak supply, frequency capped, throttled, soft limit of the temperature. Bits 16 to
19 say the same of any time since the machine was switched on."""
_PROCESSOR = re.compile(r"cpu|soc|x86_pkg_temp|bcm2835")


def read(path: Path) -> str:
    """The text of a small file of the kernel; "" if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip(" \t\r\n\0")
    except OSError:
        return ""


@dataclass(frozen=True, slots=True)
class Throttled:
    """Why the processor is held back: `now`, and at some time since the machine was switched on (`before`)."""

    now: tuple[str, ...]
    before: tuple[str, ...]


def model(sys: Path) -> str | None:
    """What the machine is called."""
    places = ("firmware/devicetree/base/model", "class/dmi/id/product_name")
    return next((text[:200] for place in places if (text := read(sys / place))), None)


def throttled(sys: Path) -> Throttled | None:
    """What the firmware of a Raspberry Pi says. Raspberry Pi OS of 2019 and later has this file."""
    platform = sys / "devices/platform"
    places = [*platform.glob("*/*firmware*/get_throttled"), *platform.glob("*firmware*/get_throttled")]
    for place in places:
        try:
            bits = int(read(place), 16)
        except ValueError:
            continue
        return Throttled(_causes(bits), _causes(bits >> 16))
    return None


def _causes(bits: int) -> tuple[str, ...]:
    return tuple(cause for place, cause in enumerate(CAUSES) if bits >> place & 1)


def undervoltage(sys: Path) -> bool | None:
    """Whether the power supply is too weak now: by the firmware, or by the driver `rpi_volt`."""
    if (found := throttled(sys)) is not None and "voltage" in found.now:
        return True
    for name in sorted(sys.glob("class/hwmon/hwmon*/name")):
        if read(name) == "rpi_volt" and (alarm := read(name.parent / "in0_lcrit_alarm")) in ("0", "1"):
            return alarm == "1"
    return None if found is None else False


def temperature(sys: Path) -> float | None:
    """Of the processor, °C. If no zone is the processor's by its name, the first zone."""
    zones = sorted(sys.glob("class/thermal/thermal_zone*"), key=lambda zone: (len(zone.name), zone.name))
    zones.sort(key=lambda zone: _PROCESSOR.search(read(zone / "type")) is None)
    for zone in zones:
        try:
            celsius = int(read(zone / "temp")) / 1000.0
        except ValueError:
            continue
        if -100.0 < celsius < 250.0:
            return celsius
    return None
