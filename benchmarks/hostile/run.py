"""Does the sound go on while Python cannot? Our C callback against an ordinary Python one, in the same run.

    python benchmarks/hostile/run.py [--seconds 10] [--hosts pulse,jack] [--latency 0.05] [--realtime auto|on|off]
        [--peers 8] [--hz 120] [--one-core] [--json]

A chord of four tones is held in a real PulseAudio server with a null sink, and in a JACK server on the dummy driver;
what the server played is recorded from its monitor. Meanwhile another thread of the same process keeps the
interpreter's lock for 300 ms at a time (`player.py` says how), and in a second turn eight WebRTC peers play touches
while garbage is collected again and again. All pitches are multiples of 50 Hz, so the sound repeats exactly
(tests/support/sound/held_chord.py): every frame that was lost, doubled or bent is seen.

--one-core keeps everything on the first processor: the player, the peers, the sound server and the recorder.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "tests"))

from support.sound.held_chord import judge  # noqa: E402
from support.soundcard.jack import Jack  # noqa: E402
from support.soundcard.pulse import Pulse, Recorder  # noqa: E402

LOCK = ("sleep", "regex", "bigint")
NETWORK = ("network", "gc")
BEFORE_S = 1.5
"""Between the start of a stream and the first load: the recorder is there by then."""


def play(host: str, player: str, loads: Sequence[str], options: argparse.Namespace) -> dict[str, Any]:
    """One process under test, from the first sound to the last load: what it says, and what was heard for each load."""
    planned = BEFORE_S + len(loads) * (options.seconds + 0.3 + 0.5) + 1.0
    peers = None
    url = None
    if "network" in loads:
        arguments = [options.peers, options.hz, planned + 5.0]
        peers = subprocess.Popen(
            [sys.executable, HERE / "peers.py", *map(str, arguments)], stdout=subprocess.PIPE, text=True
        )
        assert peers.stdout is not None
        url = peers.stdout.readline().strip()
    realtime = options.realtime != "off"
    try:
        with Pulse(realtime=realtime) if host == "pulse" else Jack(realtime=realtime, period=options.period) as server:
            what = {
                "player": player, "device": "auto" if host == "pulse" else Jack.DEVICE, "loads": loads,
                "seconds": options.seconds, "latency": options.latency, "realtime": options.realtime,
                "before": BEFORE_S, "url": url, "peers": options.peers,
            }  # fmt: skip
            recorder = server.recorder().start() if isinstance(server, Pulse) else server.recorder(planned)
            process = subprocess.Popen(
                [sys.executable, HERE / "player.py", json.dumps(what)],
                env=server.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )  # fmt: skip
            assert process.stdout is not None
            while (line := process.stdout.readline().strip()) != "playing":
                if not line and process.poll() is not None:
                    sys.exit(process.communicate()[1])
            if isinstance(server, Jack):
                recorder.start()
            said, errors = process.communicate("go\n", timeout=planned + 90)
            if process.returncode:
                sys.exit(errors)
            sound = recorder.stop_stereo()[:, 0] if isinstance(recorder, Recorder) else recorder.stop()
    finally:
        if peers is not None:
            peers.kill()
            peers.wait()
    report: dict[str, Any] = json.loads(said.splitlines()[-1])
    report |= {"host": host, "player": player}
    for segment in report["segments"]:
        name, start, end, longest_ms, touches = segment
        # A JACK client can be recorded only once it is there.
        lead = BEFORE_S + (report["unrecorded_s"] if host == "pulse" else 0.0)
        heard = judge(sound, max(0.3, start + lead), end + lead)
        report[name] = {**asdict(heard), "lock_held_ms": round(longest_ms), "touches": touches}
    return report


def machine() -> str:
    names = [
        line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    return f"{names[0] if names else '?'}, {len(os.sched_getaffinity(0))} cores, Linux {os.uname().release}"


def main(arguments: Sequence[str] | None = None) -> list[dict[str, Any]]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each load")
    parser.add_argument("--hosts", default="pulse,jack")
    parser.add_argument("--turns", default="lock,network")
    parser.add_argument("--loads", default=",".join(LOCK), help="of the turn `lock`")
    parser.add_argument("--players", default="formant,python")
    parser.add_argument("--latency", type=float, default=0.05, help="of the stream, s; the same for both players")
    parser.add_argument("--period", type=int, default=256, help="of the JACK server, frames")
    parser.add_argument("--realtime", choices=("auto", "on", "off"), default="auto")
    parser.add_argument("--peers", type=int, default=8)
    parser.add_argument("--hz", type=float, default=120.0)
    parser.add_argument("--one-core", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    if options.one_core:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    reports = []
    for host in options.hosts.split(","):
        for turn in options.turns.split(","):
            for player in options.players.split(","):
                report = play(host, player, options.loads.split(",") if turn == "lock" else NETWORK, options)
                reports.append(report)
                if not options.json:
                    show(report)
    if options.json:
        print(json.dumps({"machine": machine(), "load": os.getloadavg(), "reports": reports}))
    return reports


def show(report: dict[str, Any]) -> None:
    granted = ", ".join(report.get("granted", ()))
    print(
        f"{report['host']}, {report['player']} callback, latency {report['latency_ms']} ms, "
        f"underflows {report['underflows']}" + (f" ({granted})" if granted else "")
    )
    if "late" in report:
        names = ("late", "late_us_max", "render_us_max", "shed", "limited", "peers")
        print("  " + ", ".join(f"{name} {report[name]:.0f}" for name in names if name in report))
    for name, *_ in report["segments"]:
        row = report[name]
        print(
            f"  {name:8} {row['seconds']:5.1f} s, lock held up to {row['lock_held_ms']:4d} ms: "
            f"{row['breaks']:3d} breaks, {row['silent_ms']:7.0f} ms silent, {row['phase_jumps']:3d} phase jumps, "
            f"else {row['worst_db']:.0f} dB" + f", {row['touches']} touches" * bool(row["touches"])
        )


if __name__ == "__main__":
    main()
