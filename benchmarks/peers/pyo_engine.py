"""pyo, offline: the bank's formula in its audio objects, and what its users do: a sawtooth through five filters."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile
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

_TEMPORARY = tempfile.TemporaryDirectory(prefix="pyo")
_OUT = Path(_TEMPORARY.name) / "out.wav"


def render(kind: str, f0s: list[float], seconds: float, moving: bool) -> float:
    """Renders to a file and returns the wall time of the rendering alone, s."""
    import pyo

    server = pyo.Server(sr=RATE, nchnls=1, buffersize=HOP, audio="offline")
    server.setVerbosity(0)
    server.boot()
    server.recordOptions(dur=seconds, filename=str(_OUT), fileformat=0, sampletype=3)
    depth = float(moving)
    keep = []
    for f0 in f0s:
        vibrato = pyo.Sine(VIBRATO_HZ, mul=depth * VIBRATO_CENTS * 0.000577789, add=1.0)
        pitch = vibrato * f0
        share = pyo.Sine(VOWEL_HZ, mul=depth * 0.5, add=depth * 0.5)
        keep += [vibrato, pitch, share]
        centres = [share * (CENTRE_HZ[1][j] - CENTRE_HZ[0][j]) + CENTRE_HZ[0][j] for j in range(FORMANTS)]
        keep += centres
        if kind == "filters":
            saw = pyo.LFO(pitch, sharp=1.0, type=1, mul=0.1)
            keep.append(saw)
            for j in range(FORMANTS):
                keep.append(pyo.Reson(saw, centres[j], q=CENTRE_HZ[0][j] / WIDTH_HZ[j], mul=GAIN[j]).out())
            continue
        theta = pyo.Phasor(pitch, mul=2 * np.pi)
        c1 = pyo.Cos(theta) - 1.0
        keep += [theta, c1]
        for j in range(FORMANTS):
            nu = centres[j] / pitch
            n = pyo.Floor(nu)
            w = nu - n
            pulse = pyo.Exp(c1 * (WIDTH_HZ[j] / f0))
            pair = pyo.Sin(n * theta) * (1.0 - w) + pyo.Sin((n + 1.0) * theta) * w
            keep += [nu, n, w, pulse, pair, (pulse * pair * (GAIN[j] * 0.1)).out()]
    took = timed(server.start)
    server.shutdown()
    return took


def _in_own_process(kind: str, f0s: list[float], seconds: float, moving: bool) -> float:
    """pyo has one server a process, and its objects outlive it."""
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); "
    code += "import pyo_engine as p; from pathlib import Path; "
    code += f"p._OUT = Path({str(_OUT)!r}); print('took', p.render({kind!r}, {f0s!r}, {seconds!r}, {moving!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("took ")]
    if not lines:
        raise RuntimeError(f"pyo failed: {done.stderr[-2000:]}")
    return float(lines[-1].split()[1])


def _peer(kind: str, name: str, differs: str) -> Peer:
    def seconds_for(voices: int, seconds: float) -> float:
        return _in_own_process(kind, [base_f0(v, voices) for v in range(voices)], seconds, True)

    def listen(f0: float, seconds: float) -> Audio:
        _in_own_process(kind, [f0], seconds, False)
        return np.asarray(soundfile.read(_OUT, dtype="float32")[0])

    return Peer(name, seconds_for, listen, differs, python=True)


def peers() -> list[Peer]:
    """Two ways to a voice."""
    if importlib.util.find_spec("pyo") is None:
        raise NotInstalled("pyo")
    return [
        _peer("modfm", "pyo, modfm", "same formula, an object an operation, in C; parameters at audio rate"),
        _peer("filters", "pyo, filters", "not FM: a band-limited sawtooth through five two-pole filters"),
    ]
