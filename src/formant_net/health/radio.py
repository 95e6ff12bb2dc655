"""Wi-Fi: which interfaces have a radio, and how well each hears its access point.

Whether a radio sleeps stands in no file: aio/machine/nl80211.py asks the kernel.
"""

from __future__ import annotations

import re
from pathlib import Path

_LINE = re.compile(r"^\s*([^\s:]+):\s+\S+\s+(-?\d+)\.?\s+(-?\d+)\.?\s", re.M)


def radios(sys: Path) -> list[str]:
    """Interfaces with Wi-Fi that are up, sorted by name."""
    found = {*sys.glob("class/net/*/wireless"), *sys.glob("class/net/*/phy80211")}
    up = {place.parent for place in found if _state(place.parent) not in ("down", "dormant", "lowerlayerdown")}
    return sorted(place.name for place in up)


def _state(interface: Path) -> str:
    try:
        return (interface / "operstate").read_text("utf-8", errors="replace").strip()
    except OSError:
        return ""


def signals(proc: Path) -> dict[str, float]:
    """The signal of each interface, dBm. Drivers that give another unit are left out."""
    try:
        text = (proc / "net/wireless").read_text("utf-8", errors="replace")
    except OSError:
        return {}
    levels = {name: float(level) for name, _, level in _LINE.findall(text)}
    return {name: level for name, level in levels.items() if -128.0 < level < 0.0}
