"""The table of single faults in the deterministic laboratory, as it stands in docs/measurements/faults.md.

    python -m faults.table --trials 100

Run it in `tests/`.
"""

from __future__ import annotations

import argparse

from faults.lab.cases import CASES, Case, Outcome, try_case
from faults.lab.numbers import percentile


def row(case: Case, outcomes: list[Outcome]) -> str:
    silences = [outcome.silent_s for outcome in outcomes if outcome.silent_s is not None]
    recoveries = [outcome.recovery_s for outcome in outcomes]
    bound = "sounds on" if case.silent_s is None else f"{case.silent_s:.2f}"
    silent = f"{max(silences):.2f}" if silences else "–"
    back = "–" if case.silent_s is None else f"{case.recovery_s:.1f}"
    figures = (
        " – | – | –"
        if not silences
        else f" {percentile(recoveries, 0.5):.2f} | {percentile(recoveries, 0.95):.2f} | {max(recoveries):.2f}"
    )
    return f"| {case.name} | {bound} | {silent} | {back} |{figures} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=100)
    asked = parser.parse_args()
    print("| what happens | silent within, s | longest | back within (p95), s | p50 | p95 | longest |")
    print("|---|---|---|---|---|---|---|")
    for case in CASES.values():
        print(row(case, [try_case(case, seed) for seed in range(asked.trials)]), flush=True)


if __name__ == "__main__":
    main()
