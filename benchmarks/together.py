"""How far apart do two boxes sing one touch? With a play-out time and without, over a bad cable, in one recording.

    python benchmarks/together.py [--taps 60] [--play-out 0 60] [--json]

A server, a controller and two synths, each on its own host (network namespaces, as root), joined by a switch that
delays each synth's frames by 8 ± 8 and 16 ± 8 ms and loses 1 %. Both synths play into one real PulseAudio server, one
left, one right; the onsets of its recording are compared. In it are the links, the clocks, and the sound output.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

TESTS = Path(__file__).parents[1] / "tests"
sys.path.insert(0, str(TESTS))

from support.net.bad_cable import Cable  # noqa: E402
from support.sound.spectrum import Array  # noqa: E402
from support.soundcard.pulse import RATE, Pulse  # noqa: E402

KEY = "cantabile"
HOSTS = {"server": "10.77.0.1", "hand": "10.77.0.2", "left": "10.77.0.3", "right": "10.77.0.4"}
WAYS: dict[str, dict[str, Any]] = {
    "left": {"delay_ms": 8.0, "jitter_ms": 8.0},
    "right": {"delay_ms": 16.0, "jitter_ms": 8.0},
}
URL = f"http://{HOSTS['server']}:8080/#key={KEY}"
SETTLE_S = 12.0
"""What is known of a clock is best after some echoes."""


def onsets(channel: Array) -> NDArray[np.intp]:
    """Frames at which a tap becomes audible: -40 dB re the loudest, after 50 ms below it."""
    loud = np.flatnonzero(np.abs(channel) > 0.01 * np.abs(channel).max())
    return loud[np.diff(loud, prepend=-RATE) > 0.05 * RATE]


def play(play_out_ms: float, taps: int) -> dict[str, float]:
    draw = random.Random(1)
    with Cable(HOSTS) as cable, Pulse(realtime=True) as pulse:
        running: list[subprocess.Popen[str]] = []

        def node(host: str, *arguments: str) -> subprocess.Popen[str]:
            command = [*cable.inside(host), sys.executable, "-m", "formant_net", *arguments]
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=pulse.env
            )
            running.append(process)
            return process

        try:
            node("server", "server", "--host", "0.0.0.0", "--advertise", HOSTS["server"], "--key", KEY)
            for host, channels in (("left", "1,-"), ("right", "-,1")):
                for a, b in ((host, "hand"), ("hand", host)):
                    cable.set(a, b, loss=0.01, **WAYS[host])
                voice = ("--channel-map", channels, "--vibrato", "0", "--preset", "reed")
                node(host, "synth", URL, "--id", f"synth-{host}", "--play-out", str(play_out_ms), *voice)
            hand = node("hand", "controller", URL, "--id", "ctrl-a")
            assert hand.stdin is not None
            time.sleep(SETTLE_S)
            recorder = pulse.recorder().start()
            for tap in range(taps):
                for active in (True, False):
                    hand.stdin.write(json.dumps({"id": tap, "x": 0.4, "y": 0.5, "active": active}) + "\n")
                    hand.stdin.flush()
                    time.sleep(draw.uniform(0.2, 0.25))
            time.sleep(0.3)
            sound = recorder.stop_stereo()
        finally:
            for process in running:
                process.kill()
                process.wait()
    left, right = onsets(sound[:, 0]), onsets(sound[:, 1])
    nearest = right[np.abs(right[None, :] - left[:, None]).argmin(axis=1)]
    apart = 1000.0 * (left - nearest) / RATE
    size = np.abs(apart - np.median(apart))
    return {
        "play_out_ms": play_out_ms,
        "heard_left": len(left),
        "heard_right": len(right),
        "median_ms": round(float(np.median(np.abs(apart))), 2),
        "p95_ms": round(float(np.percentile(np.abs(apart), 95)), 2),
        "right_later_ms": round(float(-np.median(apart)), 2),
        "spread_median_ms": round(float(np.median(size)), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--taps", type=int, default=60)
    parser.add_argument("--play-out", type=float, nargs="+", default=[0.0, 60.0])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    for play_out_ms in options.play_out:
        found = play(play_out_ms, options.taps)
        print(json.dumps(found) if options.json else "  ".join(f"{name} {value}" for name, value in found.items()))


if __name__ == "__main__":
    main()
