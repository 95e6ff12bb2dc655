"""Chords at their moments: the whole progression is scheduled at once, then the program waits."""

from __future__ import annotations

import argparse

from formant_net import Ensemble

CHORDS = [
    ("I", ["C3", "G3", "E4", "C5"]),
    ("IV", ["F3", "A3", "F4", "C5"]),
    ("V", ["G3", "B3", "D4", "B4"]),
    ("I", ["C3", "G3", "E4", "C5"]),
]

options = argparse.ArgumentParser(description=__doc__)
options.add_argument("url", nargs="?", help="join URL; without it FORMANT_URL, or a search")
options.add_argument("--seconds", type=float, default=8.0, help="length")
given = options.parse_args()
length = given.seconds / len(CHORDS)

with Ensemble(given.url) as hall:
    start = hall.now + 0.2
    for number, (_, pitches) in enumerate(CHORDS):
        hall.chord(pitches, vowel="o", effort=0.4, seconds=0.95 * length, at=start + number * length)
    for number, (name, pitches) in enumerate(CHORDS):
        hall.wait_until(start + number * length)
        print(name, *pitches, flush=True)
    hall.wait()
