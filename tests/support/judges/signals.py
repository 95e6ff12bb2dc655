"""Test signals of the judges: steady voices, moving voices, and every vowel."""

from __future__ import annotations

import functools
import itertools

import numpy as np
from support.sound.spectrum import Array

from formant_dsp import HOP, Bank, VoiceParams, Vowel
from formant_dsp.model.tables import table, tables

RATE = 48000
KS = (115, 151, 205, 301, 451, 601, 1201)
"""Pitches of the judges, as bins of `support.sound.spectrum`: 84, 111, 150, 220, 330, 440, 880 Hz."""


def still(**fields: object) -> VoiceParams:
    """A voice that nothing moves."""
    return VoiceParams(**{"vibrato_cents": 0.0, **fields})  # type: ignore[arg-type]


def steady(params: VoiceParams, isa: str | None = None, seconds: float = 1.6, seed: int = 0) -> Array:
    """One held note from its beginning on; at 0.2 s, before the last 65,536 frames, its gain stands to -168 dB."""
    bank = Bank(voices=2, isa=isa, seed=seed)
    assert bank.note_on(1, params)
    return bank.render(int(seconds * RATE)).astype(np.float64)


def held(params: VoiceParams, seconds: float = 1.0, seed: int = 0) -> Array:
    """The steady part of a note: from half a second on."""
    return steady(params, seconds=seconds + 0.5, seed=seed)[RATE // 2 :]


def moved(start: VoiceParams, path: list[tuple[float, VoiceParams]], seconds: float = 1.2) -> Array:
    """A note that goes through (time in s, parameters); each is applied at its own time."""
    bank = Bank(voices=2, ring_capacity=4096)
    assert bank.note_on(1, start)
    for at, params in path:
        assert bank.update(1, params, frame=int(at * RATE))
    return bank.render(int(seconds * RATE)).astype(np.float64)


def sweep(start: VoiceParams, stop: VoiceParams, seconds: float) -> list[tuple[float, VoiceParams]]:
    """Updates once a hop from 0.5 s on: pitch and formants in log frequency, level in dB."""
    steps = max(1, round(seconds * RATE / HOP))
    return [
        (
            0.5 + i * HOP / RATE,
            still(
                f0_hz=start.f0_hz * (stop.f0_hz / start.f0_hz) ** (i / steps),
                vowel=start.vowel.toward(stop.vowel, i / steps),
                level_db=start.level_db + (stop.level_db - start.level_db) * i / steps,
            ),
        )
        for i in range(1, steps + 1)
    ]


@functools.cache
def every_vowel() -> tuple[tuple[str, Vowel], ...]:
    """(name, vowel) of all rows of all tables; "sung" stands for "csound_sung", whose rows it corrects."""
    names = [name for name in tables() if name != "csound_sung"]
    groups = itertools.chain.from_iterable((table(n, g) for g in tables()[n].groups) for n in names)
    return tuple((f"{t.name} {t.group} {key}", t[f"key:{key}"]) for t in groups for key in t)


def one_lobe(nu: float, beta: float, f0: float) -> Vowel:
    """A single formant at `nu` harmonics, `beta` harmonics wide."""
    return Vowel((nu * f0,) * 5, (beta * f0,) * 5, (0.0, -120.0, -120.0, -120.0, -120.0))
