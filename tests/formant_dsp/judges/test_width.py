"""Judge 16, width: a choir between two loudspeakers is one body below, and open above."""

from __future__ import annotations

import numpy as np
from scipy.signal import butter, sosfiltfilt
from support.judges.judge import Judge, at_least, at_most
from support.judges.signals import RATE
from support.sound.spectrum import Array

from formant_dsp import Bank
from formant_dsp.model.choir import ChoirBank
from formant_dsp.model.presets import load

LOW = Judge(
    16, "a choir in two channels: coherence, 125 to 500 Hz", "", at_least(0.7), at_least(0.9),
    why="every formant of a singer has the same place",
)  # fmt: skip
HIGH = Judge(16, "same, 2 to 8 kHz", "", at_most(0.85), at_most(0.75), why="six places and one seed of singers")


def coherence(y: Array, low_hz: float, high_hz: float) -> float:
    """Correlation of the two channels in a band, over the whole sound."""
    sos = butter(4, (low_hz, high_hz), "bandpass", fs=RATE, output="sos")
    left, right = (sosfiltfilt(sos, y[:, channel]) for channel in (0, 1))
    return float(np.sum(left * right) / np.sqrt(np.sum(left**2) * np.sum(right**2)))


def test_a_choir_is_solid_below_and_open_above() -> None:
    preset = load("choir")
    below, above = [], []
    for seed in range(4):
        real = Bank(voices=64, channels=2, seed=seed)
        bank = ChoirBank(real)
        for key, x in enumerate((0.1, 0.35, 0.6), start=1):
            assert bank.note_on(key, preset.voice_params(x, 0.25 * seed))
        y = real.render(5 * RATE)[RATE:].astype(np.float64)
        below.append(coherence(y, 125.0, 500.0))
        above.append(coherence(y, 2000.0, 8000.0))
    LOW.hold(np.mean(below))
    HIGH.hold(np.mean(above))
