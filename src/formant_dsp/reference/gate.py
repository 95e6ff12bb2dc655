"""The follower of envelopes in float64; bank/voice/gate.pxd has the formulas."""

from __future__ import annotations

import math


class Gate:
    """A critically damped follower of a target."""

    def __init__(self, tau_frames: float, x: float = 0.0) -> None:
        self.x, self.v, self.target, self.tau = x, 0.0, x, tau_frames

    def step(self, frames: int) -> None:
        """Advance by a number of frames."""
        e = self.x - self.target
        a = self.v + e / self.tau
        decay = math.exp(-frames / self.tau)
        self.x = self.target + (e + a * frames) * decay
        self.v = (self.v - a * frames / self.tau) * decay
