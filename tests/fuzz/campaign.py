"""A long run over all targets: `python tests/fuzz/campaign.py FOLDER [MILLIONS]`; one JSON line a target, and a sum.

FOLDER keeps what was found: inputs that reach new code, and `crash-…` files. Begin with the kept corpus and the seeds.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
SHARES = {
    "packets": 1.5, "head": 1, "claims": 3, "fleet": 3, "desk": 1, "announcement": 2, "preset": 3, "midi": 1, "song": 2,
    "media": 6, "keys": 4, "query": 6, "frames": 1.5, "hub": 0.6, "synth": 0.8, "controller": 1, "edges": 8, "osc": 2,
    "tuning": 3, "gesture": 4, "token": 6, "request": 4, "address": 2, "description": 10, "candidate": 20,
    "channel": 20, "signaling": 20,
}  # fmt: skip
"""Parts of the inputs, the newest targets first. A hub's input is a whole story of sixty frames."""


def run(target: str, folder: Path, runs: int) -> dict[str, object]:
    """One target and its number of inputs."""
    corpus = folder / target
    corpus.mkdir(parents=True, exist_ok=True)
    for kept in (HERE / "corpus" / target).glob("*"):
        shutil.copy(kept, corpus)
    began = time.monotonic()
    command = [sys.executable, str(HERE / "run.py"), target, str(corpus), f"-runs={runs}", "-max_len=8192"]
    command += [f"-dict={HERE / 'words.dict'}", f"-artifact_prefix={folder}/crash-{target}-", "-print_final_stats=1"]
    done = subprocess.run(
        [*command, "-verbosity=1", "-rss_limit_mb=2048", "-timeout=20"], capture_output=True, text=True, cwd=folder
    )
    said = done.stderr
    count = re.findall(r"stat::number_of_executed_units: (\d+)", said)
    covered = re.findall(r"cov: (\d+) ft: (\d+)", said)
    return {
        "target": target,
        "inputs": int(count[-1]) if count else 0,
        "seconds": round(time.monotonic() - began),
        "edges": int(covered[-1][0]) if covered else 0,
        "features": int(covered[-1][1]) if covered else 0,
        "corpus": len(list(corpus.iterdir())),
        "crash": "" if done.returncode == 0 else said[-1500:],
    }


def main() -> None:
    folder, millions = Path(sys.argv[1]).resolve(), float(sys.argv[2]) if len(sys.argv) > 2 else 10.3
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, str(HERE / "seeds.py"), str(folder)], check=True)
    total = 0
    for target, share in SHARES.items():
        result = run(target, folder, round(millions * 1e6 * share / sum(SHARES.values())))
        total += int(str(result["inputs"]))
        print(json.dumps(result), flush=True)
    print(json.dumps({"target": "all", "inputs": total}), flush=True)


if __name__ == "__main__":
    main()
