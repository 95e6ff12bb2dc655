"""Reads the compiler's report: every sample and control loop must be vectorised for every instruction set.

    python tests/formant_dsp/vectorised.py [BUILD_FOLDER]

Exit 1 when a loop fell back to scalar code. Works on a build by gcc, whose report the build keeps beside the C files.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

LOOPS = {
    "fill_phase",
    "fill_shared",
    "fill_poisson",
    "set_voicing",
    "add_skirted_5",
    "add_skirted",
    "add_plain_5",
    "add_plain",
    "add_fm",
    "add_poisson",
    "fill_period",
    "set_decay",
    "add_residue",
    "subtract",
    "bend_phase",
    "fill_ring",
    "add_fundamental",
    "pulse_modfm",
    "pulse_skirted",
    "pulse_poisson",
    "add_coloured",
    "add_ringing",
    "add_fm_bent",
    "add_row",
    "fold",
    "add_band",
    "voice_share",
    "smooth_row",
    "exp2_row",
    "inverse_row",
    "follow",
    "pitch_rows",
    "control_pitch",
    "control_shared",
    "control_formant",
    "times",
    "inverse_root",
    "mix",
    "mix_gains",
    "scale",
    "peak",
}
"""Functions of _kernels.pyx whose innermost loop runs over frames or over voices."""

JOINED = {"add_plain_3", "add_skirted_3"}
"""Used where a vector has four lanes only (FORMANT_TOGETHER in native/vec.h)."""

_FUNCTION = re.compile(r"^static .*__pyx_f_11formant_dsp_\d+_kernels_[a-z0-9]+?_(\w+)\(.*\{$")
_LOOP = re.compile(r"^(\s+)for \(__pyx_t_\d+ = 0; __pyx_t_\d+ < ")


def loops(source: Path) -> dict[str, int]:
    """Function name to line of its innermost (most indented, last) loop in the generated C."""
    found: dict[str, tuple[int, int]] = {}
    function = None
    for number, line in enumerate(source.read_text(encoding="utf-8").splitlines(), 1):
        if match := _FUNCTION.match(line):
            function = match[1]
        elif line == "}":
            function = None
        elif function and (match := _LOOP.match(line)):
            depth = len(match[1])
            if function not in found or depth >= found[function][0]:
                found[function] = (depth, number)
    return {name: line for name, (_, line) in found.items()}


def scalar_loops(report: Path, source: Path) -> list[str]:
    """Loops that the report does not name as vectorised."""
    done = {
        int(line.split(":")[1])
        for line in report.read_text(encoding="utf-8").splitlines()
        if "loop vectorized" in line and source.name in line
    }
    lines = loops(source)
    unused = JOINED if report.stem.endswith(("avx2", "avx512", "neon")) else set()
    return sorted(name for name in LOOPS - unused if lines.get(name) not in done)


def main() -> int:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("build")
    reports = sorted(root.rglob("vectorised-*.txt"))
    if not reports:
        print(f"no compiler report under {root}: build with gcc first (make dev)", file=sys.stderr)
        return 1
    bad = 0
    for report in reports:
        isa = report.stem.removeprefix("vectorised-")
        missing = scalar_loops(report, report.with_name(f"_kernels_{isa}.c"))
        print(
            f"{isa}: {'all' if not missing else 'not all'} loops vectorised"
            + (f"; scalar: {', '.join(missing)}" if missing else "")
        )
        bad += len(missing)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
