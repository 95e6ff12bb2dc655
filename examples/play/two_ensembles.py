"""Two ensembles, in two rooms with a server each: one calls, the other answers a fifth higher."""

from __future__ import annotations

import argparse

from formant_net import Ensemble

CALL = [57, 60, 62, 64]

options = argparse.ArgumentParser(description=__doc__)
options.add_argument("here", help="join URL of one ensemble")
options.add_argument("there", help="join URL of the other one")
options.add_argument("--seconds", type=float, default=8.0, help="length")
given = options.parse_args()
step = given.seconds / (2 * len(CALL))

with Ensemble(given.here) as here, Ensemble(given.there) as there:
    for number, pitch in enumerate(CALL):
        here.play(pitch, vowel="a", seconds=0.8 * step, at=here.now + 0.1 + 2 * step * number)
        there.play(pitch + 7, vowel="i", seconds=0.8 * step, at=there.now + 0.1 + 2 * step * number + step)
    here.wait()
    there.wait()
