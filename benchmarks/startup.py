"""How long until a synth is ready to play, and what it weighs?

    python benchmarks/startup.py [--rounds 5] [--json]

A server runs; `formant-node synth` is started against it without a sound device. Best of the rounds, wall clock from
the start of the process: until the sound runs, and until the server knows it. Processor time beside it, because a busy
machine makes the clock lie. Then resident memory: of synth, server and controller, and of what a synth imports.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

IMPORTS = {
    "python": "",
    "numpy": "import numpy",
    "the voice (formant_dsp)": "import formant_dsp",
    "PyAV, aiortc's codecs": "import av",
    "aiortc with all it needs": "import aiortc",
    "a synth, everything imported": "import formant_net.aio.client.synth",
}
RSS = "\nimport resource; print(int(open('/proc/self/statm').read().split()[1]) * resource.getpagesize())"


def resident_mb(code: str) -> float:
    """Of a fresh Python that has run `code`, 10^6 bytes; the least of three."""
    runs = [subprocess.run([sys.executable, "-c", code + RSS], check=True, capture_output=True) for _ in range(3)]
    return round(min(int(run.stdout) for run in runs) / 1e6, 1)


def resident_of(process: int) -> float:
    """10^6 bytes."""
    return round(int(Path(f"/proc/{process}/statm").read_text().split()[1]) * resource.getpagesize() / 1e6, 1)


def controller(url: str) -> float:
    """Resident memory of a headless controller without a synth, 10^6 bytes."""
    command = [sys.executable, "-m", "formant_net", "controller", url, "--wait-synths", "0"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert any(line.startswith("Ready") for line in process.stdout)
    found = resident_of(process.pid)
    process.terminate()
    process.wait()
    return found


def start(url: str, folder: str) -> dict[str, float]:
    """One synth: seconds to its sound and to the server's answer, processor seconds, resident memory then."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "formant_net", "synth", url, "--audio", "none"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "XDG_STATE_HOME": folder},
    )
    assert process.stdout is not None
    found: dict[str, float] = {}
    for line in process.stdout:
        if line.startswith("Formant synth"):
            found["sound_s"] = round(time.monotonic() - began, 3)
        if line.startswith("Ready"):
            found["ready_s"] = round(time.monotonic() - began, 3)
            break
    found["resident_mb"] = resident_of(process.pid)
    process.terminate()
    process.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found["processor_s"] = round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 3)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    server = subprocess.Popen(
        [sys.executable, "-m", "formant_net", "server", "--port", "0", "--open", "--host", "127.0.0.1"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    try:
        url = next(line.split()[1] for line in server.stdout if line.startswith("Join:"))
        with tempfile.TemporaryDirectory() as folder:
            rounds = [start(url, folder) for _ in range(options.rounds)]
        others = {"a controller": controller(url), "a server": resident_of(server.pid)}
    finally:
        server.terminate()
        server.wait()
    report: dict[str, Any] = {
        "best": {name: min(run[name] for run in rounds) for name in rounds[0]},
        "median_ready_s": round(median(run["ready_s"] for run in rounds), 3),
        "resident_mb": {name: resident_mb(code) for name, code in IMPORTS.items()} | others,
        "load": os.getloadavg()[0],
    }
    if options.json:
        print(json.dumps(report))
        return
    for name, value in report["best"].items():
        print(f"{name:>12}  {value}")
    print(f"{'ready, median':>12}  {report['median_ready_s']}")
    for name, value in report["resident_mb"].items():
        print(f"{value:8.1f} MB  {name}")


if __name__ == "__main__":
    main()
