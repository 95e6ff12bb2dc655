"""SuperCollider's server, rendering out of real time: five Formant unit generators a voice."""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from scsynth_def import ADD, AUDIO, CONTROL, MULTIPLY, POWER, Out, SynthDef, message, score
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


def _voice() -> bytes:
    d = SynthDef("voice", {"f0": 220.0, "moving": 1.0})
    f0, moving = d.control("f0"), d.control("moving")
    octaves = d.binary(MULTIPLY, d.unit("SinOsc", CONTROL, [VIBRATO_HZ, 0.0]), VIBRATO_CENTS / 1200.0)
    pitch = d.binary(MULTIPLY, f0, d.binary(POWER, 2.0, d.binary(MULTIPLY, octaves, moving)))
    swing = d.binary(MULTIPLY, d.unit("SinOsc", CONTROL, [VOWEL_HZ, -math.pi / 2]), 0.5)
    share = d.binary(MULTIPLY, d.binary(ADD, swing, 0.5), moving)
    total: Out | None = None
    for j in range(FORMANTS):
        centre = d.binary(MULTIPLY, CENTRE_HZ[0][j], d.binary(POWER, CENTRE_HZ[1][j] / CENTRE_HZ[0][j], share))
        grain = d.unit("Formant", AUDIO, [pitch, centre, WIDTH_HZ[j] + 220.0])
        one = d.binary(MULTIPLY, grain, GAIN[j] * 0.1, AUDIO)
        total = one if total is None else d.binary(ADD, total, one, AUDIO)
    assert total is not None
    d.unit("Out", AUDIO, [0.0, total], outputs=0)
    return d.file()


class Renderer:
    """`scsynth -N`: a score in, a sound file out."""

    def __init__(self) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="scsynth")
        self.folder = Path(self._temporary.name)
        self.out = self.folder / "out.wav"

    def _run(self, f0s: list[float], seconds: float, moving: float) -> None:
        notes = [message("/s_new", "voice", 1000 + i, 0, 0, "f0", f0, "moving", moving) for i, f0 in enumerate(f0s)]
        bundles = [(0.0, [message("/d_recv", _voice()), *notes]), (seconds, [message("/c_set", 0, 0)])]
        path = self.folder / "score.osc"
        path.write_bytes(score(bundles))
        command = ["scsynth", "-N", str(path), "_", str(self.out), str(RATE), "WAV", "float"]
        command += ["-o", "1", "-i", "0", "-z", str(HOP)]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"}
        )
        if done.returncode or "FAILURE" in done.stdout:
            raise RuntimeError(f"scsynth failed: {done.stdout[-1000:]}{done.stderr[-1000:]}")

    def seconds_for(self, voices: int, seconds: float) -> float:
        """Start and end of the program are taken off: a run of a tenth of a second."""
        f0s = [base_f0(v, voices) for v in range(voices)]
        start = timed(lambda: self._run(f0s, 0.1, 1.0))
        return max(timed(lambda: self._run(f0s, seconds + 0.1, 1.0)) - start, 1e-9)

    def listen(self, f0: float, seconds: float) -> Audio:
        self._run([f0], seconds, 0.0)
        return np.asarray(soundfile.read(self.out, dtype="float32")[0])


def peers() -> list[Peer]:
    """One synth definition."""
    if shutil.which("scsynth") is None:
        raise NotInstalled("scsynth")
    renderer = Renderer()
    differs = "PAF-like pulse from a sine table, one carrier, no skirt; parameters step once a hop; writes a file"
    return [Peer("SuperCollider, Formant", renderer.seconds_for, renderer.listen, differs)]
