"""A seeded sample of small faults over the pure cores, and which of them the tests find. Run it in `tests/`.

    python -m mutants.run                               120 faults of seed 1; exit code 1 below 95 %
    python -m mutants.run --seed 7 --count 40 --jobs 2
    python -m mutants.run --only 'Touches._lift'        every fault whose words contain this
    python -m mutants.run --afresh                      nothing is taken from the run before
    python -m mutants.run --show 'Touches._lift'        their sources as a diff, nothing is run

A fault is found when a test fails. Those tests run that enter its function (hunt.py): first the test of its module,
then those of its room and of the cores round it, at last the random schedules of the fault laboratory. Faults that
change nothing are listed in equivalent.py with the reason. Outcomes are kept in build/mutants.jsonl: a run that was
interrupted goes on where it ended, and one after a new test tries only what was missed.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import random
import sys
import time
from pathlib import Path

import pytest

from mutants.equivalent import EQUIVALENT
from mutants.hunt import Hunt
from mutants.journal import Journal
from mutants.plant import Fault, faults, modules, path_of, planted

TESTS = Path(__file__).parents[1]
GOAL = 0.95
CORES = ("synth", "controller", "client", "server", "protocol", "timers", "test_faults.py")
SCHEDULES = "faults/test_laboratory.py::test_whatever_fails_everything_comes_right_by_itself"
LOOKING = (*(f"formant_net/{part}" for part in CORES), SCHEDULES)
"""The tests that look for faults, from the folder of tests."""
QUIET = ("-p", "no:cacheprovider", "-p", "no:benchmark", "-p", "no:xdist", "-o", "timeout=0", "-s", "-q")


def sample(seed: int, count: int) -> list[Fault]:
    """So many faults of all, each as likely as any other."""
    every = [fault for module in modules() for fault in faults(module)]
    return random.Random(seed).sample(every, min(count, len(every)))


def show(fault: Fault) -> str:
    """The fault as a diff."""
    plain = ast.unparse(ast.parse(path_of(fault.module).read_text())).splitlines()
    return "\n".join(
        difflib.unified_diff(plain, planted(fault).splitlines(), fault.module, fault.words, lineterm="", n=4)
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=120)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--journal", type=Path, default=TESTS.parent / "build" / "mutants.jsonl", help="outcomes")
    parser.add_argument("--looking", nargs="+", default=LOOKING, help="other tests than those of the cores")
    parser.add_argument("--afresh", action="store_true", help="try every fault, also those of the run before")
    parser.add_argument("--only", nargs="+", help="every fault whose words contain one of these")
    parser.add_argument("--show", nargs="+", help="the same, shown and not run")
    asked = parser.parse_args()
    chosen = sample(asked.seed, asked.count)
    if texts := asked.only or asked.show:
        chosen = [fault for m in modules() for fault in faults(m) if any(text in fault.id for text in texts)]
    if asked.show:
        for fault in chosen:
            print(show(fault), end="\n\n")
        return 0
    began = time.monotonic()
    same = [fault for fault in chosen if fault.id in EQUIVALENT]
    tried = [fault for fault in chosen if fault.id not in EQUIVALENT]
    journal = Journal(asked.journal, (TESTS / room for room in ("formant_net", "faults", "support")))
    known = {} if asked.afresh else journal.known()
    missed = []

    def outcome(fault: Fault, by: str) -> None:
        print(f"{path_of(fault.module).name}:{fault.line} {fault.id} <- {by or 'MISSED'}", flush=True)
        if not by:
            missed.append(fault)

    def new(fault: Fault, by: str) -> None:
        journal.add(fault, by)
        outcome(fault, by)

    for fault in tried:
        if (fault.id, fault.number) in known:
            outcome(fault, known[fault.id, fault.number])
    if rest := [fault for fault in tried if (fault.id, fault.number) not in known]:
        where = [str(TESTS / part) for part in asked.looking]
        hunt = Hunt(rest, asked.jobs, journal.notes(asked.jobs), new)
        done = pytest.main([*QUIET, *where], plugins=[hunt])
        if done not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            return 2
    share = 1.0 - len(missed) / max(1, len(tried))
    print(
        f"seed {asked.seed}: {len(tried) - len(missed)} of {len(tried)} found ({share:.1%}), "
        f"{len(same)} change nothing, {sum((f.id, f.number) in known for f in tried)} known from before, "
        f"{time.monotonic() - began:.0f} s"
    )
    for fault in missed:
        print("\n" + show(fault))
    return 0 if share >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
