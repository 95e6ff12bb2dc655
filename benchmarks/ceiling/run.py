"""Which share of this core's ceiling does the bank reach? The ceiling kernel and the bank in turn, best of each.

    python benchmarks/ceiling/run.py [--rounds 8] [--goal 80] [--json]

M formant-samples/s at 48 kHz, 128 voices; ratios to the ceiling. A round takes about 4 s. Exit 1 when plain ModFM of an
instruction set stays below the goal, percent. Both are the best of all turns, which other work on the machine can only
lower; while it leaves too little to tell, there are up to five times as many turns.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from compiled import FORMANTS, HOP, VARIANTS, Ceiling, error, some_voices

import formant_dsp
from formant_dsp.bank.bench import SINGER, formant_samples_per_s

VOICES, RATE, PATIENCE = 128, 48000, 5
SUNG: dict[str, tuple[str, dict[str, float]]] = {
    "modfm": ("modfm", {}), "voice": ("voice", {}), "with breath": ("voice", {"breath": 0.2}),
    "singer": ("voice", SINGER), "and breath": ("voice", SINGER | {"breath": 0.2}),
    "chowning": ("chowning", {}), "natural": ("natural", {}),
}  # fmt: skip
"""Algorithm, and what the voice has besides it."""


def throughput(ceiling: Ceiling, seconds: float) -> float:
    """Formant samples a second, best pass in `seconds` of wall time."""
    voices = some_voices(VOICES)
    hops = 16
    best, until = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < until:
        began = time.perf_counter()
        ceiling.render(voices, hops)
        best = min(best, time.perf_counter() - began)
    return float(VOICES * FORMANTS * HOP * hops / best)


def measure(isa: str, rounds: int, goal: float, folder: Path) -> dict[str, Any]:
    """Ceiling and bank of one instruction set."""
    built = [Ceiling(isa, variant, folder) for variant in VARIANTS]
    for ceiling in built:
        if (off := error(ceiling)) > 3e-6:
            raise RuntimeError(f"ceiling kernel {isa} {ceiling.variant} is wrong by {off:.1e}: its speed means nothing")
    best = dict.fromkeys(("ceiling", *SUNG), 0.0)
    by_variant = [0.0] * len(built)
    for done in range(PATIENCE * rounds):
        if done >= rounds and best["modfm"] >= goal * max(by_variant):
            break
        for i, ceiling in enumerate(built):
            by_variant[i] = max(by_variant[i], throughput(ceiling, 0.05))
        for name, (algorithm, sung) in SUNG.items():
            best[name] = max(best[name], formant_samples_per_s(VOICES, RATE, algorithm, isa, 0.2, **sung))
    best["ceiling"] = max(by_variant)
    return {
        "formant_samples_per_s": {name: round(value) for name, value in best.items()},
        "share_of_ceiling": {name: round(best[name] / best["ceiling"], 3) for name in SUNG},
        "variants": {
            " ".join(f"{k}={v}" for k, v in c.variant.items()): round(value)
            for c, value in zip(built, by_variant, strict=True)
        },
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--goal", type=float, default=80.0, metavar="PERCENT")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    goal = options.goal / 100.0
    with tempfile.TemporaryDirectory() as folder:
        found = {isa: measure(isa, options.rounds, goal, Path(folder)) for isa in formant_dsp.isas()}
    low = [isa for isa, result in found.items() if result["share_of_ceiling"]["modfm"] < goal]
    if options.json:
        print(
            json.dumps({"machine": platform.machine(), "voices": VOICES, "sample_rate": RATE, "isa": found}, indent=1)
        )
        return 1 if low else 0
    print(f"{'':8}{'ceiling':>9}" + "".join(f"{name:>16}" for name in SUNG))
    for isa, result in found.items():
        speed, share = result["formant_samples_per_s"], result["share_of_ceiling"]
        cells = "".join(f"{speed[name] / 1e6:9.0f} {share[name]:4.0%}  " for name in SUNG)
        verdict = f"  modfm below {goal:.0%}" if isa in low else ""
        print(f"{isa:8}{speed['ceiling'] / 1e6:9.0f}{cells}{verdict}")
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main())
