"""A canon: every synth sings the same tune, each one two beats after the one before it."""

from __future__ import annotations

import argparse

from formant_net import Ensemble

TUNE = [("C4", 1), ("D4", 1), ("E4", 1), ("C4", 1), ("E4", 1), ("F4", 1), ("G4", 2)]  # pitch, beats
VOWELS = "aeiou"

options = argparse.ArgumentParser(description=__doc__)
options.add_argument("url", nargs="?", help="join URL; without it FORMANT_URL, or a search")
options.add_argument("--seconds", type=float, default=8.0, help="how long the tune is for one synth")
given = options.parse_args()
beat = given.seconds / sum(beats for _, beats in TUNE)

with Ensemble(given.url) as hall:
    start = hall.now + 0.2
    for number, synth in enumerate(hall.synths):
        part, at = hall.only(synth.id), start + 2 * beat * number
        for step, (pitch, beats) in enumerate(TUNE):
            part.play(pitch, vowel=VOWELS[step % 5], seconds=0.9 * beats * beat, at=at)
            at += beats * beat
    hall.wait()
