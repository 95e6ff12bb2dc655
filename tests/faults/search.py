"""Random schedules of faults until time is up, or one of them again.

    python -m faults.search --seconds 60 --jobs 2       as many seeds as fit, from a random one on
    python -m faults.search --first 0 --count 500       these seeds
    python -m faults.search --seed 4711                 one seed again, told step by step
    python -m faults.search --seed 4711 --keep 0,3      only these of its steps

Run it in `tests/`. Exit code 1 when a rule was broken; the last lines say how to see it again.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator

from faults.lab.numbers import percentile
from faults.lab.schedule import Report, Schedule, draw_schedule, rule_of, run_schedule, shrink


def replay_command(seed: int, kept: list[int] | None = None) -> str:
    """What shows a schedule again."""
    keep = f" --keep {','.join(map(str, kept))}" if kept is not None else ""
    return f"cd tests && python -m faults.search --seed {seed}{keep}"


def explain(schedule: Schedule, violation: str) -> str:
    """A failure for people: the fewest steps that still break the rule, and how to see it again."""
    smaller, kept = shrink(schedule, violation)
    again = run_schedule(smaller).violation
    return f"{again or violation}\n{smaller}\nsee it again: {replay_command(schedule.seed, kept)}"


def _one(seed: int) -> Report:
    return run_schedule(draw_schedule(seed))


def _seeds(first: int, count: int | None, seconds: float) -> Iterator[int]:
    end = time.monotonic() + seconds
    seed = first
    while (count is None and time.monotonic() < end) or (count is not None and seed < first + count):
        yield seed
        seed += 1


def search(seeds: Iterator[int], jobs: int) -> list[Report]:
    """The reports of all seeds."""
    if jobs == 1:
        return [_one(seed) for seed in seeds]
    with multiprocessing.Pool(jobs) as pool:
        return list(pool.imap_unordered(_one, _paced(seeds, pool), chunksize=1))


def _paced(seeds: Iterator[int], pool: object) -> Iterator[int]:
    """`imap` would draw all seeds at once: without end where time decides."""
    queued = getattr(pool, "_taskqueue", None)
    for seed in seeds:
        while queued is not None and queued.qsize() > 32:
            time.sleep(0.005)
        yield seed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, help="only this one")
    parser.add_argument("--keep", help="numbers of the steps to keep, with --seed")
    parser.add_argument("--tell", action="store_true", help="every line that clients have to say, with --seed")
    parser.add_argument("--first", type=int, default=None, help="first seed; default: random")
    parser.add_argument("--count", type=int, help="how many seeds; default: what fits into --seconds")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--jobs", type=int, default=1)
    asked = parser.parse_args()

    if asked.seed is not None:
        schedule = draw_schedule(asked.seed)
        if asked.keep is not None:
            schedule = schedule.keep([int(n) for n in asked.keep.split(",") if n])
        print(schedule)
        report = run_schedule(schedule, tell=print if asked.tell else None)
        print(report.violation or "no rule is broken")
        return 1 if report.violation else 0

    first = random.SystemRandom().randrange(10**9) if asked.first is None else asked.first
    began = time.monotonic()
    reports = search(_seeds(first, asked.count, asked.seconds), asked.jobs)
    took_s = time.monotonic() - began
    recoveries = [s for report in reports for s in report.recoveries]
    failed = [report for report in reports if report.violation]
    print(
        json.dumps(
            {
                "first_seed": first,
                "schedules": len(reports),
                "per_minute": round(60.0 * len(reports) / took_s),
                "virtual_hours": round(sum(r.virtual_s for r in reports) / 3600.0, 2),
                "events": sum(r.events for r in reports),
                "recoveries": len(recoveries),
                "recovery_p50_s": round(percentile(recoveries, 0.5), 2),
                "recovery_p95_s": round(percentile(recoveries, 0.95), 2),
                "recovery_max_s": round(max(recoveries, default=0.0), 2),
                "oldest_touch_ms": round(1000.0 * max((r.oldest_s for r in reports), default=0.0), 1),
                "longest_voice_ms": round(1000.0 * max((r.longest_s for r in reports), default=0.0), 1),
                "failed": len(failed),
            }
        )
    )
    if not failed:
        return 0
    for rule, count in Counter(rule_of(report.violation) for report in failed).most_common():
        print(f"{count} times: {rule}")
    seen: set[str] = set()
    for report in sorted(failed, key=lambda report: len(draw_schedule(report.seed).steps)):
        rule = rule_of(report.violation)
        if rule not in seen:
            seen.add(rule)
            print()
            print(explain(draw_schedule(report.seed), report.violation))
    return 1


if __name__ == "__main__":
    sys.exit(main())
