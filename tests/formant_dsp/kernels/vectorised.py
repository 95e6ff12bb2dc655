"""Reads the compiler's report: every sample and control loop must be vectorised for every instruction set.

    python tests/formant_dsp/kernels/vectorised.py [BUILD_FOLDER]

Exit 1 when a loop fell back to scalar code, in any of the places where it was inlined. Compiles the kernels of the
latest build by gcc once more, as that build did, and on x86-64 for aarch64 too, if the cross-compiler is there (`make
vectorised` installs it; in CI it has to be).
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections import defaultdict
from pathlib import Path

OUTER = {
    "aim_bands", "formants", "formants_move", "smooth", "mean",
    "voice_full", "voice_modfm", "voice_fm", "voice_poisson", "voice_natural",
    "colour_full", "colour_modfm", "colour_fm", "colour_poisson", "colour_natural",
}  # fmt: skip
"""Functions whose loop runs over five formants, over rows, or over a last few sums. All others are sample loops."""

EITHER = (
    ("add_plain", "set_plain_5"), ("add_skirted", "add_skirted_5"),
    ("add_straight", "set_straight_5"), ("add_classic", "set_classic_5"),
    ("add_band", "set_bands_5"),
)  # fmt: skip
"""One formant a pass, or five in one: an instruction set uses one of the two (FORMANT_JOINED in native/vec.h)."""

CROSS = "aarch64-linux-gnu-gcc"

_FUNCTION = re.compile(r"^static .*__pyx_f_11formant_dsp_7kernels_(\d+)(\w+)\(.*\{$")
"""Cython names a function by its module and itself; each part of the module's name comes after its length."""
_VERDICT = re.compile(r"_kernels_\w+\.c:(\d+):\d+: (optimized:.*loop vectorized|missed: couldn't vectorize loop)")
_LOOP = re.compile(r"^\s+for \(__pyx_t_\d+ = 0; __pyx_t_\d+ < ")


def loops(source: str) -> dict[str, list[int]]:
    """Function name to lines of its loops in the generated C, `OUTER` left out."""
    found: dict[str, list[int]] = defaultdict(list)
    function = None
    for number, line in enumerate(source.splitlines(), 1):
        if match := _FUNCTION.match(line):
            function = match[2][int(match[1]) + 1 :]
        elif line == "}":
            function = None
        elif function and function not in OUTER and _LOOP.match(line):
            found[function].append(number)
    return found


def scalar_loops(report: str, source: str) -> list[str]:
    """Functions with a loop that the compiler did not vectorise, or not everywhere, or did not compile at all."""
    done: set[int] = set()
    failed: set[int] = set()
    for line in report.splitlines():
        if match := _VERDICT.search(line):
            (done if match[2].startswith("optimized") else failed).add(int(match[1]))
    found = loops(source)
    good = {name for name, lines in found.items() if set(lines) <= done - failed}
    unused = {name for name, lines in found.items() if not (done | failed).intersection(lines)}
    for one, five in EITHER:
        if len(unused & {one, five}) == 1:
            good |= unused & {one, five}
    return sorted(found.keys() - good)


def commands(build: Path) -> dict[str, list[str]]:
    """How the build compiled the kernels of each instruction set: compiler and flags, without input and outputs."""
    found = {}
    for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        if match := re.fullmatch(r"_kernels_(\w+)\.c", Path(entry["file"]).name):
            words = shlex.split(entry["command"])
            paths = {words.index(flag) + n for flag in ("-o", "-c") for n in (0, 1)}
            found[match[1]] = [word for i, word in enumerate(words) if i not in paths]
    return found


def compile_report(command: list[str], source: Path, target: Path) -> str:
    """What the compiler says of the loops of `source`, compiled to `target`."""
    report = target.with_suffix(".txt")
    report.unlink(missing_ok=True)  # gcc appends
    subprocess.run([*command, f"-fopt-info-vec-all={report}", "-c", str(source), "-o", str(target)], check=True)
    return report.read_text(encoding="utf-8")


def cross_command(build: Path, folder: Path) -> list[str]:
    """The same for aarch64: the flags of the baseline with the other compiler.

    Python's own headers serve (both have 64-bit longs and pointers); the one file that Debian keeps for each
    architecture is put where the other one would be.
    """
    flags = [flag for flag in commands(build)["sse2"][1:] if not flag.startswith("-m")]
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for config in Path("/usr/include").glob(f"*/{version}/pyconfig.h"):
        theirs = folder / "aarch64-linux-gnu" / version
        theirs.mkdir(parents=True, exist_ok=True)
        shutil.copy(config, theirs)
    return [CROSS, *flags, f"-isystem{folder}", f"-isystem{sysconfig.get_paths()['include']}"]


def latest_build(root: Path) -> Path | None:
    """The folder of the latest build by gcc under `root`."""
    found = sorted(root.rglob("compile_commands.json"), key=lambda path: path.stat().st_mtime)
    return found[-1].parent if found else None


def main() -> int:
    build = latest_build(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("build"))
    if build is None:
        print("no build found: build with gcc first (make dev)", file=sys.stderr)
        return 1
    bad = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        todo = {isa: (command, build / f"_kernels_{isa}.c") for isa, command in commands(build).items()}
        if "sse2" in todo and shutil.which(CROSS):
            todo["neon"] = (cross_command(build, folder), build / "_kernels_sse2.c")
        elif "sse2" in todo:
            print(f"neon: not checked, {CROSS} is not installed: make vectorised installs it", file=sys.stderr)
            bad += bool(os.environ.get("CI"))
        for isa, (command, path) in todo.items():
            source = path.read_text(encoding="utf-8")
            missing = scalar_loops(compile_report(command, path, folder / f"{isa}.o"), source)
            print(
                f"{isa}: "
                + (f"scalar: {', '.join(missing)}" if missing else f"all {len(loops(source))} loops vectorised")
            )
            bad += len(missing)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
