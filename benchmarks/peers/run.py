"""The bank next to other engines, in one run, one core, the same work: voices of five formants in real time.

    python benchmarks/peers/run.py [--rounds 5] [--only faust] [--json]

Engines take turns, and the best of each counts. `make bench-peers` installs them; what is missing is named and skipped.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
from collections.abc import Sequence
from typing import Any

from work import FORMANTS, RATE, VOICES, NotInstalled, Peer, check

MODULES = ("formant_bank", "faust", "csound", "supercollider", "pyo_engine", "dawdreamer_engine", "numpy_arrays")


def found(modules: Sequence[str] = MODULES) -> tuple[list[Peer], dict[str, str]]:
    """The peers that are installed, each heard first; and what the others lack."""
    peers: list[Peer] = []
    missing: dict[str, str] = {}
    for name in modules:
        try:
            module = importlib.import_module(name)
            for peer in module.peers():
                check(peer)
                peers.append(peer)
        except NotInstalled as what:
            missing[name] = f"{what} not installed"
    return peers, missing


def best_times(peers: list[Peer], rounds: int) -> list[float]:
    """Least processor time of each for a second of all voices; a turn is about half a second."""
    length = [4.0] * len(peers)
    best = [float("inf")] * len(peers)
    for turn in range(rounds + 2):
        for i, peer in enumerate(peers):
            took = peer.seconds_for(VOICES, length[i]) / length[i]
            if turn < 2:  # warms caches up, and finds the length
                length[i] = float(round(min(max(0.5 / took, 1.0), 120.0)))
            else:
                best[i] = min(best[i], took)
    return best


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", action="append", choices=MODULES[1:], help="compare with this module alone")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # one core for every engine, its threads included
    peers, missing = found(MODULES if options.only is None else (MODULES[0], *options.only))
    times = best_times(peers, options.rounds)
    rows: list[dict[str, Any]] = [
        {
            "name": peer.name,
            "formant_samples_per_s": round(VOICES * FORMANTS * RATE / took),
            "voices_in_real_time": round(VOICES / took, 1),
            "modfm_is_faster": round(took / times[0], 2),
            "python": peer.python,
            "differs": peer.differs,
        }
        for peer, took in zip(peers, times, strict=True)
    ]
    if options.json:
        conditions = {"machine": platform.machine(), "voices": VOICES, "sample_rate": RATE}
        print(json.dumps({**conditions, "peers": rows, "missing": missing}, indent=1, ensure_ascii=False))
        return 0
    print(f"{'':32}{'M formant-samples/s':>20}{'voices in real time':>21}{'modfm is faster':>17}")
    for row in rows:
        print(
            f"{row['name']:32}{row['formant_samples_per_s'] / 1e6:20.1f}{row['voices_in_real_time']:21.0f}"
            f"{row['modfm_is_faster']:16.1f}×  {row['differs']}"
        )
    for name, reason in missing.items():
        print(f"{name}: {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
