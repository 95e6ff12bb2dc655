"""DawDreamer: the bank's formula in Faust, compiled in memory by LLVM and rendered from Python."""

from __future__ import annotations

import importlib.util

import numpy as np
from work import (
    CENTRE_HZ,
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
    timed,
)


def _program(voices: int, first_hz: float, moving: bool) -> str:
    def table(values: tuple[float, ...]) -> str:
        return ", ".join(str(v) for v in values)

    return f"""
import("stdfaust.lib");
voices = {voices};
first(v) = {first_hz} * pow(4.0, v / max(voices - 1, 1));
lfo(hz) = sin(2.0 * ma.PI * (+(hz / ma.SR) : ma.frac) ~ _);
ca = ({table(CENTRE_HZ[0])}); cb = ({table(CENTRE_HZ[1])}); width = ({table(WIDTH_HZ)}); gain = ({table(GAIN)});
vibrato = lfo({VIBRATO_HZ}) * {VIBRATO_CENTS * 0.000577789 * moving} + 1.0;
share = (0.5 + 0.5 * lfo({VOWEL_HZ})) * {float(moving)};
voice(v) = sum(j, 5, formant(j))
with {{
  f0 = first(v) * vibrato;
  theta = 2.0 * ma.PI * ((+(f0 / ma.SR) : ma.frac) ~ _);
  c1 = cos(theta) - 1.0;
  formant(j) = 0.1 * ba.take(j + 1, gain) * exp(k * c1) * ((1.0 - w) * sin(n * theta) + w * sin((n + 1.0) * theta))
  with {{
    nu = (ba.take(j + 1, ca) + share * (ba.take(j + 1, cb) - ba.take(j + 1, ca))) / f0;
    n = floor(nu); w = nu - n;
    k = ba.take(j + 1, width) / first(v);
  }};
}};
process = sum(v, voices, voice(v));
"""


class Engine:
    """A program and what it rendered last; compiling is not timed."""

    def __init__(self) -> None:
        self._ready: dict[tuple[int, float, bool], object] = {}

    def _engine(self, voices: int, first_hz: float, moving: bool) -> object:
        import dawdreamer

        key = (voices, first_hz, moving)
        if key not in self._ready:
            engine = dawdreamer.RenderEngine(RATE, HOP)
            faust = engine.make_faust_processor("voices")
            faust.set_dsp_string(_program(voices, first_hz, moving))
            if not faust.compile():
                raise RuntimeError("DawDreamer could not compile its Faust program")
            engine.load_graph([(faust, [])])
            engine.render(0.01)
            self._ready[key] = (engine, faust)
        return self._ready[key][0]  # type: ignore[index]

    def seconds_for(self, voices: int, seconds: float) -> float:
        engine = self._engine(voices, 110.0, True)
        return timed(lambda: engine.render(seconds))  # type: ignore[attr-defined]

    def listen(self, f0: float, seconds: float) -> Audio:
        engine = self._engine(1, f0, False)
        engine.render(seconds)  # type: ignore[attr-defined]
        return np.asarray(engine.get_audio()[0], np.float32)  # type: ignore[attr-defined]


def peers() -> list[Peer]:
    """One, with vibrato and vowel inside the program, at audio rate."""
    if importlib.util.find_spec("dawdreamer") is None:
        raise NotInstalled("dawdreamer")
    engine = Engine()
    differs = "same formula in Faust, LLVM in memory, scalar; parameters at audio rate"
    return [Peer("DawDreamer (Faust)", engine.seconds_for, engine.listen, differs, python=True)]
