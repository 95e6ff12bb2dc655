"""The bank itself, with everything around its kernels: plain ModFM, and the complete voice."""

from __future__ import annotations

import numpy as np
from work import RATE, VOWEL_HZ, Audio, Peer, base_f0, timed

from formant_dsp import Bank, VoiceParams, VowelPath


def _peer(algorithm: str, isa: str | None, differs: str) -> Peer:
    path = VowelPath.sung("tenor")

    def params(f0: float, at: float, cents: float = 30.0) -> VoiceParams:
        return VoiceParams(f0_hz=f0, vowel=path.at(at), algorithm=algorithm, level_db=-20.0, vibrato_cents=cents)

    def vowel_of(voice: int, voices: int, t: float) -> float:
        return 0.5 - 0.5 * float(np.cos(2 * np.pi * (VOWEL_HZ * t + voice / voices)))

    def seconds_for(voices: int, seconds: float) -> float:
        """Ten times a second each vowel gets a new target and glides there; only rendering is timed."""
        bank = Bank(voices=voices, sample_rate=RATE, isa=isa, ring_capacity=4096)
        for v in range(voices):
            bank.note_on(v + 1, params(base_f0(v, voices), 0.0))
        bank.render(RATE)
        out = np.empty(RATE // 10, np.float32)
        took = 0.0
        for tenth in range(round(seconds * 10)):
            for v in range(voices):
                bank.update(v + 1, params(base_f0(v, voices), vowel_of(v, voices, tenth / 10)))
            took += timed(lambda: bank.render(len(out), out))
        if bank.active != voices:
            raise RuntimeError(f"{bank.active} of {voices} voices sound")
        return took

    def listen(f0: float, seconds: float) -> Audio:
        bank = Bank(voices=1, sample_rate=RATE, isa=isa)
        bank.note_on(1, params(f0, 0.0, 0.0))
        return np.asarray(bank.render(round(seconds * RATE)))

    return Peer(f"Formant, {algorithm}", seconds_for, listen, differs)


def peers() -> list[Peer]:
    """The first is the one that all others are compared with."""
    return [
        _peer("modfm", None, "smoothing, formant model, level, limiter and the ring are included"),
        _peer("voice", None, "as above, with skirts and voicing lobe"),
    ]
