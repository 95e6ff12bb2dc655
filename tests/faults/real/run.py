"""The long run of real faults: every case several times, a table at the end. `make faults`, as root.

    python -m faults.real.run --trials 7 --only "without network"

Run it in `tests/`. Exit code 1 when a bound was not kept.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys

from faults.lab.numbers import percentile
from faults.real.cases import CASES, Case, Measured, measure
from faults.real.stage import Stage

AGE_S = 0.1
CLOCKS_S = 0.002
"""What two clocks may differ by, as far as a synth knows of it."""
HEAD = (
    "| what happens | fingers | silent after, p95 | back after, p50 | p95 | longest | lost | oldest touch, ms |\n"
    "|---|---|---|---|---|---|---|---|"
)


def trials(case: Case, count: int, hands: int) -> list[Measured]:
    """So many trials of a case, on one stage after the other."""
    with Stage(hands, relayed=case.relayed) as stage:
        return [measure(stage, case) for _ in range(count)]


def judge(case: Case, outcomes: list[Measured]) -> list[str]:
    """What was not kept, in words."""
    silent = [s for one in outcomes for s in one.silent_s]
    back = [s for one in outcomes for s in one.back_s]
    late_s = max(one.late_s for one in outcomes)
    faults = []
    if case.silent_s is None and silent and not case.name.startswith("synth stopped"):
        faults.append(f"{len(silent)} fingers fell silent")
    if case.silent_s is not None and percentile(silent, 0.95) > case.silent_s + late_s:
        late = f"{case.silent_s:g} s are allowed, the machine was {1000 * late_s:.0f} ms late"
        faults.append(f"silent after {percentile(silent, 0.95):.2f} s: {late}")
    if case.back_s is not None and percentile(back, 0.95) > case.back_s:
        faults.append(f"back after {percentile(back, 0.95):.2f} s (p95), {case.back_s:g} s are allowed")
    oldest_s = max(one.oldest_s for one in outcomes)
    if oldest_s > AGE_S + CLOCKS_S:
        faults.append(f"a touch {1000 * oldest_s:.0f} ms old was applied")
    return faults


def row(case: Case, outcomes: list[Measured]) -> str:
    silent = [s for one in outcomes for s in one.silent_s]
    back = [s for one in outcomes for s in one.back_s]
    figures = ["sounds on", "–", "–", "–"]
    if back:
        figures = [
            f"{s:.2f}" for s in (percentile(silent, 0.95), *(percentile(back, p) for p in (0.5, 0.95)), max(back))
        ]
    lost = f"{max(one.lost for one in outcomes):.0%}" if case.for_s >= 1.0 else "–"
    fingers = sum(len(one.silent_s) + one.sounded_on for one in outcomes)
    oldest = 1000.0 * max(one.oldest_s for one in outcomes)
    return f"| {case.name} | {fingers} | {' | '.join(figures)} | {lost} | {oldest:.0f} |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=7)
    parser.add_argument("--hands", type=int, default=3)
    parser.add_argument("--only", default="", help="cases whose name has these words")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # as on Ctrl-C, nothing is left behind
    failed, late_s = 0, 0.0
    print(HEAD, flush=True)
    for case in CASES.values():
        if asked.only not in case.name:
            continue
        try:
            outcomes = trials(case, asked.trials, asked.hands)
        except AssertionError as error:
            failed += 1
            print(f"FAILED {case.name}: {error}", file=sys.stderr, flush=True)
            continue
        if not case.name.startswith("synth stopped"):  # nothing is later than that
            late_s = max(late_s, *(one.late_s for one in outcomes))
        print(row(case, outcomes), flush=True)
        for fault in judge(case, outcomes):
            failed += 1
            print(f"FAILED {case.name}: {fault}", file=sys.stderr, flush=True)
    print(json.dumps({"failed": failed, "load": os.getloadavg(), "late_ms": round(1000.0 * late_s)}), file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
