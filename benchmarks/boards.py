"""ESTIMATES of how many voices small boards sing, from what the compiler makes for them. Nothing is measured there.

    python benchmarks/boards.py [--json]          needs a build by gcc (make dev), aarch64-linux-gnu-gcc and llvm-mca

The kernels are compiled for aarch64; every loop in a voice kernel is one over the frames of a hop, four at a time. Its
instructions are counted (straight code once, loop bodies 16 times) and their cycles taken from LLVM's models of the
cores, which follow Arm's software optimisation guides (LLVM 14 models the A76 as an A57, which is half as wide). What a
voice needs besides (control, pitch, mix, notes) is counted in instructions on this machine and taken at the same rate.
The same is done for this machine's SSE2 build and compared with what it really does; where that shows the model to be
too fast, the estimates are divided by the ratio. `formant-node bench` on the board itself replaces all this.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "formant_dsp" / "kernels"))

import vectorised  # noqa: E402

from formant_dsp import HOP  # noqa: E402
from formant_dsp.bank.bench import BUDGET, formant_samples_per_s  # noqa: E402
from formant_dsp.model.vowels import FORMANTS  # noqa: E402

RATE, LANES = 48000, 4
TRIPS = HOP // LANES
KERNELS = {"modfm": "voice_modfm", "voice": "voice_full"}
BOARDS = (
    ("Raspberry Pi Zero 2 W", "cortex-a53", 1.0),
    ("Raspberry Pi 3 B", "cortex-a53", 1.2),
    ("Raspberry Pi 3 B+", "cortex-a53", 1.4),
    ("Raspberry Pi 4 B", "cortex-a72", 1.5),
    ("Raspberry Pi 4 B, later", "cortex-a72", 1.8),
    ("Raspberry Pi 5", "cortex-a76", 2.4),
)
"""Core and clock, GHz: product briefs of Raspberry Pi Ltd."""

BESIDES = 800
"""Instructions a voice and hop outside its kernel: callgrind, SSE2 build, 64 voices of modfm (voice: 910)."""


def assembly(command: list[str], source: Path, folder: Path) -> str:
    """What the compiler makes of the kernels."""
    target = folder / "kernels.s"
    subprocess.run([*command, "-S", "-fno-asynchronous-unwind-tables", str(source), "-o", str(target)], check=True)
    return target.read_text(encoding="utf-8")


def pieces(text: str, function: str) -> tuple[list[str], list[list[str]]]:
    """Instructions of a function outside its loops, and of each of its innermost loops."""
    found = re.search(rf"^(__pyx_f_\w*_{function}):\n(.*?)^\s+\.size\s+\1", text, re.S | re.M)
    if found is None:
        raise ValueError(f"no function {function} in the compiler's output")
    code: list[str] = []
    labels: dict[str, int] = {}
    loops: list[tuple[int, int]] = []
    for line in found[2].splitlines():
        if label := re.match(r"(\.L\w+):", line):
            labels[label[1]] = len(code)
        elif re.match(r"\t[a-z]", line):
            code.append(line.strip())
            target = re.search(r"(\.L\w+)$", code[-1])
            if re.match(r"(b\.|b[a-z]{2}\t|cb|j)", code[-1]) and target and target[1] in labels:
                loops.append((labels[target[1]], len(code)))
    inner = [loop for loop in loops if not any(loop[0] <= a and b <= loop[1] and (a, b) != loop for a, b in loops)]
    inside = {i for begin, end in inner for i in range(begin, end)}
    return [c for i, c in enumerate(code) if i not in inside], [code[begin:end] for begin, end in inner]


def cycles(code: list[str], core: str, triple: str, times: int) -> int:
    """Cycles of `times` turns of straight code or of a loop body on a core, as LLVM models it."""
    text = "\n".join(re.sub(r"\.L\w+$", "1b", c) if i == len(code) - 1 else c for i, c in enumerate(code))
    text = "\n".join(line for line in ("1:\n" + text).splitlines() if not re.match(r"(call|bl\t|ret)", line))
    options = [f"-mtriple={triple}", f"-mcpu={core}", f"-iterations={times}"]
    done = subprocess.run(["llvm-mca", *options], input=text, capture_output=True, text=True)
    match = re.search(r"Total Cycles:\s+(\d+)", done.stdout)
    if match is None:
        raise RuntimeError(f"llvm-mca cannot model this code for {core}: {done.stderr[:400]}")
    return int(match[1])


def cost(text: str, function: str, core: str, triple: str) -> tuple[int, int]:
    """Instructions and modelled cycles of a kernel for one hop of one voice."""
    straight, loops = pieces(text, function)
    if len(loops) < 2:
        raise ValueError(f"{function}: {len(loops)} loops found, expected those for phase, pulse and formants")
    instructions = len(straight) + TRIPS * sum(map(len, loops))
    return instructions, cycles(straight, core, triple, 1) + sum(cycles(loop, core, triple, TRIPS) for loop in loops)


def clock_hz(folder: Path) -> float:
    """Of this core: one addition that waits for the last takes one cycle; 200 of them a turn of a loop."""
    step = 200 * "addq $1, %%rax\\n" + '" : : : "rax'
    source = folder / "chain.c"
    source.write_text(f'#include <stdint.h>\nvoid chain(uint64_t n) {{ while (n--) __asm__ volatile("{step}"); }}\n')
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", source, "-o", folder / "chain.so"], check=True)
    chain = ctypes.CDLL(str(folder / "chain.so")).chain
    best = float("inf")
    for _ in range(50):
        began = time.perf_counter()
        chain(ctypes.c_uint64(10_000))
        best = min(best, time.perf_counter() - began)
    return 200 * 10_000 / best


def estimate(folder: Path, build: Path) -> dict[str, Any]:
    """Cycles a voice and hop on each core, this machine's check, and voices on each board."""
    source = build / "_kernels_sse2.c"
    here = assembly(vectorised.commands(build)["sse2"], source, folder)
    there = assembly(vectorised.cross_command(build, folder), source, folder)
    hz = clock_hz(folder)
    check: dict[str, Any] = {}
    for algorithm, function in KERNELS.items():
        instructions, modelled = cost(here, function, "znver3", "x86_64-linux-gnu")
        whole = modelled * (1.0 + BESIDES / instructions)
        real = float("inf")
        for done in range(40):  # other work only makes it slower: more turns while it seems slower than the model
            if done >= 8 and real <= whole:
                break
            real = min(real, hz * FORMANTS * HOP / formant_samples_per_s(64, RATE, algorithm, "sse2", 0.25))
        check[algorithm] = {
            "instructions": instructions, "modelled_cycles": round(whole), "measured_cycles": round(real),
            "measured_to_modelled": round(real / whole, 2),
        }  # fmt: skip
    rows = []
    for board, core, ghz in BOARDS:
        row: dict[str, Any] = {"board": board, "core": core, "ghz": ghz}
        for algorithm, function in KERNELS.items():
            instructions, modelled = cost(there, function, core, "aarch64-linux-gnu")
            whole = modelled * (1.0 + BESIDES / instructions) * max(check[algorithm]["measured_to_modelled"], 1.0)
            row[algorithm] = {
                "instructions": instructions, "cycles": round(whole),
                "voices": int(BUDGET * ghz * 1e9 / (whole * RATE / HOP)),
            }  # fmt: skip
        rows.append(row)
    return {"budget": BUDGET, "sample_rate": RATE, "clock_ghz_here": round(hz / 1e9, 2), "check": check, "boards": rows}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    build = vectorised.latest_build(ROOT / "build")
    missing = [name for name in (vectorised.CROSS, "llvm-mca", "cc") if shutil.which(name) is None]
    if build is None or not (build / "_kernels_sse2.c").exists():
        print("no build for x86-64 found: make dev", file=sys.stderr)
        return 1
    if missing:
        print(f"{', '.join(missing)} not installed: apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross llvm")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        result = estimate(Path(folder), build)
    if options.json:
        print(json.dumps(result, indent=1))
        return 0
    print(f"ESTIMATES, voices in {result['budget']:.0%} of one core, {RATE} Hz; measure with formant-node bench")
    for row in result["boards"]:
        cells = "".join(f"{a:>8}: {row[a]['voices']:4} voices, {row[a]['cycles']:6} cycles a hop" for a in KERNELS)
        print(f"{row['board']:26}{row['core']:11}{row['ghz']:4} GHz{cells}")
    for algorithm, check in result["check"].items():
        print(
            f"check, {algorithm} with this machine's SSE2 at {result['clock_ghz_here']} GHz: {check['instructions']}"
            f" instructions, {check['modelled_cycles']} cycles modelled, {check['measured_cycles']} measured"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
