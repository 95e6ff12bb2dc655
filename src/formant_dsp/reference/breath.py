"""Breath in float64: bands, skirts, floor and bursts; kernels/breath_loops.pxd has the formulas."""

from __future__ import annotations

import numpy as np

from formant_dsp.model.formant import Array
from formant_dsp.model.params import HOP
from formant_dsp.reference.noise import mix32, spline_noise, spline_slope, whites

TURN = 2.0**32
"""Phase of one turn: phases are uint32."""


SKIRT = 0.24
"""Amplitude of the skirts re the bands, both of rms 1."""


def skirt(seed: int, frame: int) -> Array:
    """Noise of the skirts over a hop: values every 16 frames, joined by straight lines."""
    at = frame // 16 + np.arange(HOP // 16 + 1)
    values = SKIRT * 2.1213203 * whites(seed, at)
    return np.asarray(np.interp(np.arange(HOP) / 16.0, np.arange(len(values)), values))


def skirt_shares(khz: Array) -> Array:
    """Amplitude of each band's skirt re that of a uniform tube: narrower beside a gap wider than 1.18 kHz."""
    gaps = np.diff(khz)
    widest = np.maximum(np.append(gaps, 0.0), np.append(0.0, gaps))
    return np.asarray(1.18 / np.maximum(widest, 1.18))


def floor(seed: int, frame: int) -> Array:
    """White noise through five taps over a hop, rms sqrt(10/3)."""
    u = whites(seed, frame + np.arange(-4, HOP))
    return np.asarray(u[4:] + 2.0 * u[3:-1] - 2.0 * u[1:-3] - u[:-4])


def bursts(theta: Array, voiced: Array) -> Array:
    """Gain of the noise: 1 a tenth of a period after the pulse."""
    return np.asarray(1.0 + voiced * (np.cos(theta - 0.2 * np.pi) - 1.0) / 3.0)


class Band:
    """One unvoiced band: spline noise times a carrier; within a hop the noise is a Hermite cubic."""

    def __init__(self, seed: int, j: int) -> None:
        self.seed = seed + j
        self.position = mix32(seed, 100 + j) * 1e-6
        self.phase = mix32(seed, 200 + j)
        self.increment = 0
        self.noise = (0.0, 0.0)
        self.gain = 0.0
        self.skirt = 0.0

    def hop(self, turns: float, knots: float, gain: float, share: float, fresh: bool, wide: Array) -> Array:
        """One hop of the band, float64[HOP].

        turns   of the carrier per frame, at the end of the hop
        knots   of the noise per hop, at the end of the hop
        gain    linear, at the end of the hop
        share   of the skirt, at the end of the hop
        fresh   first hop: these are also the values at its start
        wide    noise of the skirt, float64[HOP]
        """
        increment = int(turns * TURN)
        if fresh:
            self.increment, self.gain, self.skirt = increment, gain, share * gain
            self.noise = spline_noise(self.seed, self.position), knots * spline_slope(self.seed, self.position)
        step = int((increment - self.increment) / HOP)
        self.position += knots
        following = spline_noise(self.seed, self.position), knots * spline_slope(self.seed, self.position)
        (n0, m0), (n1, m1) = self.noise, following
        i = np.arange(HOP, dtype=np.int64)
        u = i / HOP
        noise = n0 + u * (m0 + u * (3 * (n1 - n0) - 2 * m0 - m1 + u * (2 * (n0 - n1) + m0 + m1)))
        phase = (self.phase + i * self.increment + i * (i - 1) // 2 * step) % 2**32
        skirts = (self.skirt + (share * gain - self.skirt) * u) * wide
        out = ((self.gain + (gain - self.gain) * u) * noise + skirts) * np.cos(2 * np.pi * phase / TURN)
        self.noise, self.gain, self.skirt = following, gain, share * gain
        self.phase = (self.phase + HOP * self.increment + HOP * (HOP - 1) // 2 * step) % 2**32
        self.increment += HOP * step
        return np.asarray(out)
