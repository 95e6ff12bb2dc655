"""Faust: the same formula, to C++ by faust and compiled by g++ for this processor; scalar, vectorised, fast math."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from work import FORMANTS, HOP, RATE, Audio, NotInstalled, Peer, trajectories

from formant_dsp import Bank

HERE = Path(__file__).parent
ISA = Bank(voices=1).isa
MACHINE = {"sse2": "-march=x86-64", "avx2": "-march=x86-64-v3"}.get(ISA, "-march=native")
"""The instruction set that the bank uses: FORMANT_ISA compares them on equal terms."""
OURS = ["-O3", MACHINE, "-fno-math-errno", "-fno-trapping-math", "-fno-signed-zeros"]
VECTOR = ["-vec", "-vs", "64", "-lv", "1"]
FAST = ["-Ofast", MACHINE, "-mprefer-vector-width=512"]
BUILDS: dict[str, tuple[list[str], list[str], str]] = {
    "scalar": ([], OURS, "scalar code; sine and exp of libm"),
    "vectorised": (VECTOR, OURS, "faust -vec -vs 64, the kernels' flags; sine and exp of libm, one at a time"),
    "vectorised, fast math": (VECTOR, FAST, "faust -vec -vs 64, g++ -Ofast: vector sine and exp of libmvec"),
}


class Build:
    """One compiled renderer and the table of parameters that it reads."""

    def __init__(self, faust_flags: list[str], cxx_flags: list[str]) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="faust")
        self.folder = Path(self._temporary.name)
        self.main = self.folder / "main"
        source = self.main.with_suffix(".cpp")
        architecture = ["-a", str(HERE / "faust_main.cpp"), str(HERE / "faust_voice.dsp"), "-o", str(source)]
        subprocess.run(["faust", "-lang", "cpp", "-cn", "Voice", *faust_flags, *architecture], check=True)
        subprocess.run(["g++", "-w", *cxx_flags, str(source), "-o", str(self.main)], check=True)

    def _run(self, voices: int, hops: int, hold_f0: float | None = None) -> float:
        rows = trajectories(voices, hops, hold_f0)
        flat = np.concatenate([rows["increment"][..., None], rows["nu"], rows["k"], rows["gain"]], axis=-1)
        table = np.empty((hops, voices, 1 + 3 * FORMANTS, 2), np.float32)
        table[..., 0] = flat[:-1]
        table[..., 1] = (flat[1:] - flat[:-1]) / HOP
        path = self.folder / "table"
        table.tofile(path)
        command = [str(self.main), str(path), str(voices), str(hops), str(self.folder / "out")]
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    def seconds_for(self, voices: int, seconds: float) -> float:
        hops = round(seconds * RATE / HOP)
        return self._run(voices, hops)

    def listen(self, f0: float, seconds: float) -> Audio:
        self._run(1, round(seconds * RATE / HOP), f0)
        return np.fromfile(self.folder / "out", np.float32)


def peers() -> list[Peer]:
    """Three builds of the same program."""
    for tool in ("faust", "g++"):
        if shutil.which(tool) is None:
            raise NotInstalled(tool)
    made = []
    for name, (faust_flags, cxx_flags, differs) in BUILDS.items():
        build = Build(faust_flags, cxx_flags)
        made.append(Peer(f"Faust, {name}", build.seconds_for, build.listen, differs))
    return made
