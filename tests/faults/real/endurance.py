"""Half an hour of coming and going with real processes: memory, tasks, sockets and files of each stay as they were.

    python -m faults.real.endurance --minutes 30

Run it in `tests/`, as root. A table at the end; exit code 1 when something has grown.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from statistics import median
from typing import Any

from faults.real.stage import ADDRESSES, HAND, KEY, SERVER, SYNTH, Node
from support.net.bad_cable import Cable

WARM_UP = 0.2
"""Share of the run in which caches still fill."""
FIGURES = ("rss_kb", "objects", "tasks", "sockets", "fds", "threads")
MORE = {"rss_kb": 0.05, "objects": 0.05, "tasks": 0.0, "sockets": 0.0, "fds": 0.0, "threads": 0.0}
SLACK = {"rss_kb": 2000, "objects": 2000, "tasks": 12, "sockets": 12, "fds": 12, "threads": 2}
"""What the last third may have more of than the first after the warm-up: a share, and a few that come and go."""


def grown(role: str, samples: list[dict[str, Any]]) -> list[str]:
    begin, end = thirds(samples)
    faults = []
    for name in FIGURES:
        before, after = median(one[name] for one in begin), median(one[name] for one in end)
        if after > before * (1.0 + MORE[name]) + SLACK[name]:
            faults.append(f"{role}: {name} from {before:g} to {after:g}")
    return faults


def thirds(samples: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The first third after the warm-up, and the last."""
    warm = samples[int(WARM_UP * len(samples)) :]
    part = max(1, len(warm) // 3)
    return warm[:part], warm[-part:]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--guests", type=int, default=2, help="processes of guests, each one after the other")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # as on Ctrl-C, nothing is left behind
    url = f"http://{ADDRESSES[SERVER]}:8080/#key={KEY}"
    with Cable(ADDRESSES) as cable:

        def start(host: str, *arguments: str) -> Node:
            return Node([*cable.inside(host), sys.executable, "-m", "faults.real.probe", *arguments])

        nodes = {"server": start(SERVER, "server", ADDRESSES[SERVER])}
        time.sleep(5.0)
        nodes["synth"] = start(SYNTH, "synth", url)
        for number in range(asked.guests):
            nodes[f"controllers {number + 1}"] = start(HAND, "guests", url, str(number))
        samples: dict[str, list[dict[str, Any]]] = {role: [] for role in nodes}
        end = time.monotonic() + 60.0 * asked.minutes
        try:
            while time.monotonic() < end:
                time.sleep(1.0)
                for role, node in nodes.items():
                    if node.stats and node.stats not in samples[role][-1:]:
                        samples[role].append(node.stats)
        finally:
            for node in nodes.values():
                node.kill()
    faults = [fault for role in nodes for fault in grown(role, samples[role])]
    print(f"| process | {' | '.join(FIGURES)} | guests, failed |\n{'|---' * (len(FIGURES) + 2)}|")
    for role, all_of in samples.items():
        begin, last = thirds(all_of)
        cells = [f"{median(o[name] for o in begin):g} → {median(o[name] for o in last):g}" for name in FIGURES]
        came = all_of[-1]
        print(f"| {role} | {' | '.join(cells)} | {came.get('guests', '–')}, {came.get('failed', '–')} |")
    print(json.dumps({"minutes": asked.minutes, "grown": faults, "load": os.getloadavg()}), file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
