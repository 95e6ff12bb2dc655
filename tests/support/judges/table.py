"""Runs the judges in this process and prints the table of docs/understand/judges.md: requirements and results.

PYTHONPATH=tests python -m support.judges.table            # the table
PYTHONPATH=tests python -m support.judges.table --write    # and into docs/understand/judges.md
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from support.judges import judge as verdict

from formant_dsp import isas
from formant_dsp.bank.bench import formant_samples_per_s

ROOT = Path(__file__).parents[3]
JUDGES = ROOT / "tests" / "formant_dsp" / "judges"
PAGE = ROOT / "docs" / "understand" / "judges.md"
BEGIN, END = "<!-- begin: make judges -->\n", "<!-- end -->\n"
CHAPTERS = {
    1: "Harmonic spectrum against the formula",
    2: "Closeness to a vocal tract",
    3: "Formants, as Praat sees them",
    4: "Envelopes at high pitch",
    5: "Aliasing",
    6: "Clicks and zipper",
    7: "Pitch, noise, distortion",
    8: "Loudness",
    9: "Golden renders",
    10: "Timing",
    11: "Air, breath and growl",
    12: "Unison and vibrato",
    13: "Legato",
    14: "Swell",
    15: "Onsets and wander",
    16: "Width",
}


def table(judges: list[verdict.Judge]) -> str:
    """Markdown, a section a chapter."""
    parts = []
    for number, title in CHAPTERS.items():
        rows = [judge for judge in judges if judge.number == number]
        if not rows:
            continue
        parts.append(f"## {number}. {title}\n\n| judge | unit | pass | good | reached | |\n|---|---|---|---|---|---|\n")
        for row in rows:
            remark = row.level + (f": {row.why}" if row.why else "")
            good = row.good if row.good is not None else "–"
            parts.append(f"| {row.what} | {row.unit} | {row.passes} | {good} | {row.reached} | {remark} |\n")
        parts.append("\n")
    return "".join(parts)


def load_row() -> str:
    """How many times real time 32 voices of five formants are on one core: timed, so no test asserts it."""
    throughput = formant_samples_per_s(32, 48000, "voice", None, seconds=0.5)
    factor = throughput / (32 * 5 * 48000)
    what = f"load: 32 voices on one core, times real time ({isas()[0]}; timed here only, see performance.md)"
    return f"| {what} | × | ≥ 4 | ≥ 20 | {factor:.0f} | |\n"


def write(text: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    pattern = re.compile(re.escape(BEGIN) + ".*" + re.escape(END), re.DOTALL)
    if not pattern.search(page):
        raise SystemExit(f"{PAGE} has no place for the table: {BEGIN.strip()} … {END.strip()}")
    PAGE.write_text(pattern.sub(lambda _: BEGIN + "\n" + text + END, page), encoding="utf-8")


def main() -> int:
    writes = "--write" in sys.argv[1:]
    old_table = ["--ignore", str(JUDGES / "test_table.py")] if writes else []  # is about to be replaced
    failed = pytest.main([str(JUDGES), "-q", "--no-header", "-p", "no:cacheprovider", *old_table])
    text = table(verdict.ALL).rstrip("\n") + "\n" + load_row() + "\n"
    levels = [judge.level for judge in verdict.ALL]
    summary = f"{len(levels)} judges: " + ", ".join(f"{levels.count(x)} {x}" for x in ("good", "pass", "fails"))
    print(f"\n{text}{summary}; instruction sets {', '.join(isas())}")
    if writes and not failed:
        write(text)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
