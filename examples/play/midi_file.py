"""A MIDI file, a minute of it at most, with every synth."""

from __future__ import annotations

import argparse
import threading
from pathlib import Path

from formant_net import Ensemble

options = argparse.ArgumentParser(description=__doc__)
options.add_argument("url", nargs="?", help="join URL; without it FORMANT_URL, or a search")
options.add_argument("--file", type=Path, default=Path(__file__).with_name("round.mid"))
options.add_argument("--seconds", type=float, default=60.0, help="stop after this")
given = options.parse_args()

with Ensemble(given.url) as hall:
    song = hall.midi(given.file)
    print(f"{given.file.name}: {song.seconds:.1f} s")
    timer = threading.Timer(given.seconds, song.stop)
    timer.start()
    song.play()
    timer.cancel()
