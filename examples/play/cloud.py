"""A cloud: sixteen voices that begin anywhere, glide anywhere, and meet on one chord."""

from __future__ import annotations

import argparse
import random

from formant_net import Ensemble

CHORD = ["A2", "E3", "A3", "C#4", "E4", "A4", "C#5", "E5"]

options = argparse.ArgumentParser(description=__doc__)
options.add_argument("url", nargs="?", help="join URL; without it FORMANT_URL, or a search")
options.add_argument("--seconds", type=float, default=12.0, help="length")
given = options.parse_args()

with Ensemble(given.url) as hall:
    start = hall.now + 0.2
    meet, end = start + 0.7 * given.seconds, start + given.seconds
    voices = []
    for number in range(16):
        at = start + random.uniform(0.0, 0.3) * given.seconds
        voice = hall.sing(random.uniform(40, 80), vowel="u", effort=0.2, at=at)
        voice.glide(CHORD[number % len(CHORD)], vowel="a", effort=0.7, seconds=meet - at, at=at)
        voice.stop(end)
        voices.append(voice)
    hall.wait()
