"""Holds a benchmark run against budget.toml; exit 1 with a clear line when a block takes longer than it may.

python benchmarks/budget.py bench.json
"""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path


def check(results: Path, budget: Path) -> list[str]:
    """One line for each pinned benchmark that is over its budget or was not run."""
    pinned = tomllib.loads(budget.read_text(encoding="utf-8"))
    run = json.loads(results.read_text(encoding="utf-8"))
    found = {b["name"]: b for b in run["benchmarks"]}
    complaints = []
    for name, limit in pinned["percent_of_period"].items():
        if name not in found:
            complaints.append(f"{name}: not in {results}, so its budget of {limit} % could not be checked")
            continue
        info = found[name]["extra_info"]
        share = 100.0 * found[name]["stats"]["median"] * 1e6 / info["period_us"]
        line = f"{name}: median {share:.2f} % of a block's period, budget {limit} % ({info['isa']})"
        print(("OVER   " if share > limit else "within ") + line)
        if share > limit:
            complaints.append(line)
    for name, figures in pinned["at_most"].items():
        for figure, limit in figures.items():
            if name not in found:
                complaints.append(f"{name}: not in {results}, so {figure} <= {limit} could not be checked")
                continue
            value = found[name]["extra_info"][figure]
            line = f"{name}: {figure} {value}, at most {limit}"
            print(("OVER   " if value > limit else "within ") + line)
            if value > limit:
                complaints.append(line)
    return complaints


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    complaints = check(Path(sys.argv[1]), Path(__file__).with_name("budget.toml"))
    for line in complaints:
        print(f"latency budget exceeded: {line}", file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
