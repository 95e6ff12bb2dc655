"""The vibrato of one note in float64: the law of bank/voice/vibrato.pxd."""

from __future__ import annotations

import math

import numpy as np

from formant_dsp.model.params import VoiceParams
from formant_dsp.reference.noise import bell, spline_noise, white

CHARACTER = 7
"""Added to the seed: the stream of the values that are drawn once a note."""


class Vibrato:
    """Cents of one note over time, re the extent that was asked for."""

    def __init__(self, p: VoiceParams, seed: int) -> None:
        def drawn(number: int) -> float:
            return min(max(bell(seed + CHARACTER, number), -2.0), 2.0)

        spread = float(np.float32(p.vibrato_spread))
        self.seed = seed
        self.drift = 0.01 * p.vibrato_drift_percent
        self.hz = float(np.float32(p.vibrato_hz)) * (1.0 + 0.06 * spread * drawn(0))
        self.note_extent = 1.0 + 0.25 * spread * drawn(1)
        self.start = 0.125 * spread * (1.0 + white(seed + CHARACTER, 6))
        later = 0.125 * spread * (1.0 + white(seed + CHARACTER, 7))
        self.delay_s = float(np.float32(float(np.float32(p.vibrato_delay_s)) + later))
        self.fade_s = float(np.float32(p.vibrato_fade_s))
        self.joined = -1e9
        self.slide = 0.0
        self.turns, self.extent = self.start, self.note_extent

    def hop(self, seconds: float, hop_s: float, slide: float) -> None:
        """Set phase and extent at the end of a hop.

        seconds   since the note began
        slide     speed of a sliding finger, semitones a second
        """
        sung = seconds - self.delay_s
        self.turns, self.extent = self.start, self.note_extent
        if sung > 0.0 and self.drift:
            self.turns += self.drift * self.hz / (1.3 * 1.166) * spline_noise(self.seed + 3, 1.3 * sung)
            self.extent *= max(1.0 + 3.0 * self.drift * spline_noise(self.seed + 4, 1.3 * sung), 0.0)
        self.slide = max(self.slide * (1.0 - hop_s / 0.15), slide)
        if self.slide > 1e-3:
            u = min(self.slide / 12.0, 1.0)
            self.extent *= 1.0 - u * u * (3.0 - 2.0 * u)
        if 0.0 <= seconds - self.joined < 0.3:
            self.extent *= 1.0 - 0.5 * math.sin(math.pi * (seconds - self.joined) / 0.3) ** 2

    def value(self, seconds: float) -> float:
        """The deviation, re the extent: about -1 … 1."""
        sung = max(seconds - self.delay_s, 0.0)
        u = min(sung / self.fade_s, 1.0)
        phase = 2.0 * math.pi * (self.hz * sung + self.turns)
        wave = math.sin(phase) + 0.05 * math.sin(2.0 * phase) - 0.06 * math.sin(3.0 * phase)
        return self.extent * u * u * (3.0 - 2.0 * u) * wave
