"""Csound: five fof opcodes a voice (its own singing voice), and the bank's formula in opcodes."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from work import (
    CENTRE_HZ,
    FORMANTS,
    GAIN,
    HOP,
    RATE,
    VIBRATO_CENTS,
    VIBRATO_HZ,
    VOWEL_HZ,
    WIDTH_HZ,
    Audio,
    NotInstalled,
    Peer,
    base_f0,
    timed,
)

_CONTROL = """
  kf0 = p4 * cent(p6 * poscil:k({vibrato}, {vibrato_hz}))
  kshare = p6 * (0.5 - 0.5 * poscil:k(1, {vowel_hz}, giCosine))
"""
_FOF = """
  kcentre{j} = {a} * pow({b} / {a}, kshare)
  a{j} fof {gain} * 0.1, kf0, kcentre{j}, 0, {width}, 0.003, 0.02, 0.007, 60, giSine, giRise, p3
"""
_MODFM_SHARED = """
  aphase phasor kf0
  atheta = aphase * $M_PI * 2
  ac1 = cos(atheta) - 1
"""
_MODFM = """
  knu{j} = {a} * pow({b} / {a}, kshare) / kf0
  kbeta{j} = {width} / kf0
  kk{j} = kbeta{j} < 2 ? kbeta{j} : kbeta{j} * kbeta{j} * 0.3607 + 0.4427
  kn{j} = int(knu{j})
  kw{j} = knu{j} - kn{j}
  a{j} = {gain} * 0.1 * exp(kk{j} * ac1) * ((1 - kw{j}) * sin(kn{j} * atheta) + kw{j} * sin((kn{j} + 1) * atheta))
"""
_HEAD = f"""
sr = {RATE}
ksmps = {HOP}
nchnls = 1
0dbfs = 1
giSine ftgen 1, 0, 16384, 10, 1
giCosine ftgen 2, 0, 16384, 11, 1
giRise ftgen 3, 0, 1024, 19, 0.5, 0.5, 270, 0.5
"""


def _orchestra(per_formant: str, shared: str) -> str:
    rows = "".join(
        per_formant.format(j=j, a=CENTRE_HZ[0][j], b=CENTRE_HZ[1][j], width=WIDTH_HZ[j], gain=GAIN[j])
        for j in range(FORMANTS)
    )
    control = _CONTROL.format(vibrato=VIBRATO_CENTS, vibrato_hz=VIBRATO_HZ, vowel_hz=VOWEL_HZ)
    mix = " + ".join(f"a{j}" for j in range(FORMANTS))
    return f"{_HEAD}\ninstr 1\n{control}{shared}{rows}\n  out {mix}\nendin\n"


class Program:
    """One orchestra, run by the command line."""

    def __init__(self, orchestra: str) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="csound")
        self.folder = Path(self._temporary.name)
        self.orchestra = self.folder / "voices.orc"
        self.orchestra.write_text(orchestra, encoding="utf-8")

    def _run(self, f0s: list[float], seconds: float, moving: bool, *flags: str) -> None:
        score = self.folder / "voices.sco"
        notes = "".join(f"i1 0 {seconds} {f0} 0 {int(moving)}\n" for f0 in f0s)
        score.write_text(notes + "e\n", encoding="utf-8")
        command = ["csound", "-d", "-m0", "-O", "null", *flags, str(self.orchestra), str(score)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"csound failed: {done.stderr[-2000:]}")

    def seconds_for(self, voices: int, seconds: float) -> float:
        """Start and end of the program are taken off: a run of a tenth of a second."""
        f0s = [base_f0(v, voices) for v in range(voices)]
        start = timed(lambda: self._run(f0s, 0.1, True, "-n"))
        return max(timed(lambda: self._run(f0s, seconds + 0.1, True, "-n")) - start, 1e-9)

    def listen(self, f0: float, seconds: float) -> Audio:
        path = self.folder / "out.raw"
        self._run([f0], seconds, False, "-h", "-f", "-o", str(path))
        return np.fromfile(path, np.float32)


def peers() -> list[Peer]:
    """Two orchestras."""
    if shutil.which("csound") is None:
        raise NotInstalled("csound")
    fof = Program(_orchestra(_FOF, ""))
    modfm = Program(_orchestra(_MODFM, _MODFM_SHARED))
    return [
        Peer(
            "Csound, fof",
            fof.seconds_for,
            fof.listen,
            "FOF grains from tables, cost grows with f0; steps a hop; float64",
        ),
        Peer(
            "Csound, modfm",
            modfm.seconds_for,
            modfm.listen,
            "same formula in opcodes; parameters step once a hop; float64",
        ),
    ]
