"""More voices than the processor can sing, on a real device: what breaks with shedding, and what without.

    python benchmarks/overload.py [--voices 1024] [--seconds 3] [--isa sse2] [--algorithm natural] [--json]

A private PulseAudio server with a null sink is the device. Every voice begins at once, twice: with a budget of 80 % of
a hop's time, and without one. Reported are underflows (as PortAudio tells them), the load (time to make over time to
play, median of the blocks), and how many voices were left.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from support.soundcard.pulse import Pulse

PLAY = """
import json, sys, time
from formant_dsp import Bank, VoiceParams
from formant_dsp.output.stream import open_sink
voices, seconds, isa, algorithm, budget, latency = json.loads(sys.argv[1])
bank = Bank(voices=voices, isa=isa, ring_capacity=4096)
sink = open_sink(bank, "auto", latency=latency, on_note=lambda line: sys.exit(line))
sink._state.budget = budget
notes = [
    VoiceParams(f0_hz=80.0 + key, level_db=-50.0 + 40.0 * key / voices, algorithm=algorithm) for key in range(voices)
]
sink.start()
time.sleep(0.5)
before = sink.counters()
for key, params in enumerate(notes):
    bank.note_on(key + 1, params)
time.sleep(seconds)
after, counters = sink.counters(), bank.counters()
load = [b - a for a, b in zip(before["render_histogram"], after["render_histogram"])]
half, seen = sum(load) / 2, 0
for median, n in enumerate(load):
    seen += n
    if seen >= half:
        break
print(json.dumps({"underflows": after["underflows"] - before["underflows"], "load": (median + 0.5) / 32,
                  "sounding": counters["active"], "shed": counters["shed"], "limit": counters["voices_limit"]}))
sink.stop()
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--voices", type=int, default=1024)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--latency", type=float, default=0.03, help="of the stream, seconds")
    parser.add_argument("--isa")
    parser.add_argument("--algorithm", default="natural")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    report = {}
    with Pulse() as pulse:
        for name, budget in (("shedding", 0.8), ("without", 0.0)):
            what = [options.voices, options.seconds, options.isa, options.algorithm, budget, options.latency]
            done = subprocess.run(
                [sys.executable, "-c", PLAY, json.dumps(what)],
                env={**os.environ, **pulse.env},
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            if done.returncode:
                sys.exit(done.stderr)
            report[name] = json.loads(done.stdout)
    if options.json:
        print(json.dumps(report))
        return
    for name, row in report.items():
        print(f"{name:9} {row['underflows']:4d} underflows, load {100 * row['load']:.0f} %, {row['sounding']} of "
              f"{options.voices} voices sound, {row['shed']} shed")  # fmt: skip


if __name__ == "__main__":
    main()
