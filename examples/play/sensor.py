"""A sensor plays: a number from a file (a GPIO pin, a thermometer) is pitch and effort of one held voice.

Without --file the number walks at random. Linux shows sensors as files: /sys/class/thermal/thermal_zone0/temp is one.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

from formant_net import Ensemble

options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
options.add_argument("url", nargs="?", help="join URL; without it FORMANT_URL, or a search")
options.add_argument("--seconds", type=float, default=20.0, help="length")
options.add_argument("--file", type=Path, help="a file with one number in it, read ten times a second")
options.add_argument("--low", type=float, default=0.0, help="the number that is the lowest pitch")
options.add_argument("--high", type=float, default=1.0, help="the number that is the highest pitch")
given = options.parse_args()
walk = 0.5


def measured() -> float:
    """Where the sensor is between low and high, 0 … 1."""
    global walk
    walk = min(1.0, max(0.0, walk + random.gauss(0.0, 0.05)))
    if given.file is None:
        return walk
    share: float = (float(given.file.read_text()) - given.low) / (given.high - given.low)
    return min(1.0, max(0.0, share))


with Ensemble(given.url) as hall:
    end = hall.now + given.seconds
    value = measured()
    with hall.sing(45 + 24 * value, vowel="o") as voice:
        while hall.now < end:
            value = measured()
            voice.glide(45 + 24 * value, effort=0.2 + 0.6 * value, seconds=0.1)
