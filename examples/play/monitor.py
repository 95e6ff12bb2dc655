"""A monitor: one line a second for each synth, with what it says about itself."""

from __future__ import annotations

import argparse
import time

from formant_net import Ensemble

options = argparse.ArgumentParser(description=__doc__)
options.add_argument("url", nargs="?", help="join URL; without it FORMANT_URL, or a search")
options.add_argument("--seconds", type=float, default=3600.0, help="length")
given = options.parse_args()

with Ensemble(given.url, wait=0, name="monitor") as hall:
    end = hall.now + given.seconds
    while hall.now < end:
        for synth in hall.synths:
            state = synth.state
            print(
                f"{synth.name:12} {'linked' if synth.open else 'LOST':6} {1000 * (synth.rtt_s or 0):5.1f} ms"
                f" {synth.loss:4.0%} lost  {state.get('preset')}  {state.get('fingers')} fingers  {state.get('audio')}",
                flush=True,
            )
        time.sleep(min(1.0, max(0.0, end - hall.now)))
