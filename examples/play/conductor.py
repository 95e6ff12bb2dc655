"""A conductor: two parts of a piece with another preset and volume each, and afterwards everything as it was."""

from __future__ import annotations

import argparse

from formant_net import Ensemble, EnsembleError

PARTS = [("choir", 0.6, ["A2", "E3", "A3"]), ("soprano", 0.9, ["A4", "C#5", "E5"])]  # preset, volume, chord

options = argparse.ArgumentParser(description=__doc__)
options.add_argument("url", nargs="?", help="join URL; without it FORMANT_URL, or a search")
options.add_argument("--seconds", type=float, default=8.0, help="length of both parts")
given = options.parse_args()

with Ensemble(given.url) as hall:
    before = {synth.id: synth.state for synth in hall.synths}
    try:
        for preset, volume, pitches in PARTS:
            try:
                hall.preset(preset)
                hall.volume(volume)
            except EnsembleError as error:  # names the synth; the others have it
                print(error)
            hall.chord(pitches, seconds=given.seconds / len(PARTS))
    finally:
        for synth, state in before.items():
            hall.only(synth).preset(state["preset"])
            hall.only(synth).volume(state["volume"])
