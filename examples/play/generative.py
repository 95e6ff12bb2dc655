"""A piece that makes itself: a walk through a scale. The same seed gives the same piece."""

from __future__ import annotations

import argparse
import random
import time

from formant_net import Ensemble

SCALE = [0, 2, 3, 5, 7, 8, 11]  # harmonic minor

options = argparse.ArgumentParser(description=__doc__)
options.add_argument("url", nargs="?", help="join URL; without it FORMANT_URL, or a search")
options.add_argument("--seconds", type=float, default=30.0, help="length")
options.add_argument("--seed", type=int, default=1)
given = options.parse_args()
dice = random.Random(given.seed)

with Ensemble(given.url) as hall:
    degree, at = 7, hall.now + 0.2
    end = at + given.seconds
    while at < end:
        degree = min(16, max(0, degree + dice.choice([-2, -1, -1, 1, 1, 2, 4])))
        octave, step = divmod(degree, len(SCALE))
        seconds = dice.choice([0.15, 0.15, 0.3, 0.6])
        hall.play(48 + 12 * octave + SCALE[step], vowel=dice.choice("aeiou"), vel=dice.random(), seconds=seconds, at=at)
        at += seconds
        time.sleep(max(0.0, at - hall.now - 0.5))  # half a second ahead is enough
    hall.wait()
