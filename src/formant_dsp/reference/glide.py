"""How the pitch of a note moves, in float64: the law of bank/voice/glide.pxd."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from formant_dsp.model.params import HOP, VoiceParams
from formant_dsp.reference.noise import bell, white
from formant_dsp.reference.vibrato import CHARACTER

FOLLOW_S, SLIDE_S = 0.02, 0.04
NEAR = 35.0 / 1200.0


def damping(semitones: float) -> float:
    """ζ of a jump, which sets its overshoot."""
    return float(np.interp(semitones, (4.0, 12.0, 24.0), (0.6, 0.685, 0.8)))


def middle_s(semitones: float) -> float:
    """Seconds of the middle 75 % of a jump by this many semitones; below 0: downwards."""
    size = abs(semitones)
    return (0.090 + 0.009 * size if semitones > 0.0 else 0.100 + 0.006 * size) / 2.0


class Glide:
    """log2 of the pitch of one note, without vibrato and noise."""

    def __init__(self, p: VoiceParams, seed: int, sample_rate: int, others: Iterable[float]) -> None:
        self.seed, self.rate = seed, sample_rate
        self.asked = math.log2(p.f0_hz)
        self.own = p.detune_cents / 1200.0 * min(max(bell(seed + CHARACTER, 3), -2.0), 2.0)
        self.joins = self.left = 0
        self.v = 0.0
        self.step, self.stepped = 0.0, -1e9
        self.dipped, self.dip_s = -1e9, 0.0
        self.omega, self.zeta = 3.357 / (FOLLOW_S * sample_rate), 1.0
        self.tau = 0.0
        self.tuning = self.tuned(p, others)
        self.x = self.target = self.asked + self.tuning
        self.aim(p, 0.0, ())

    def tuned(self, p: VoiceParams, others: Iterable[float]) -> float:
        """Octaves by which the note is off: its own mistuning, and that of a unison with a held note."""
        if p.unison_cents == 0.0 or not any(abs(other - math.log2(p.f0_hz)) < NEAR for other in others):
            return self.own
        u = white(self.seed + CHARACTER, 12 + self.joins)
        return self.own + p.unison_cents / 1200.0 * (0.8 * u + math.copysign(0.6, u))

    def turn_to(self, omega: float, zeta: float) -> None:
        """Go on with another oscillator."""
        self.v *= min(omega / self.omega, 1.0)
        self.omega, self.zeta = omega, zeta

    def aim(self, p: VoiceParams, seconds: float, others: Iterable[float]) -> bool:
        """Aim at another pitch. True when this begins a legato join."""
        tau = float(np.float32(max(p.portamento_s, 0.005) * self.rate / 3.357)) if p.portamento_s else 0.0
        if tau != self.tau:
            self.tau = tau
            if tau:
                self.left = 0
                self.turn_to(1.0 / tau, 1.0)
        joins = self._moves(math.log2(p.f0_hz), p.legato, seconds)
        if joins:
            self.tuning = self.tuned(p, others)
        self.target = self.asked + self.tuning
        return joins

    def _moves(self, log2_f0: float, legato: float, seconds: float) -> bool:
        step = 12.0 * (log2_f0 - self.asked)
        if step == 0.0:
            return False
        sliding = abs(self.step) >= 0.25 and self.step * step > 0.0 and seconds - self.stepped <= SLIDE_S
        self.step, self.stepped, self.asked = step, seconds, log2_f0
        if self.tau or abs(step) < 0.999 or sliding:
            return False
        way = 12.0 * (log2_f0 + self.own - self.x)
        seconds_75, zeta = middle_s(way) * legato, damping(abs(way))
        self.joins += 1
        self.left = int(3.0 * seconds_75 * self.rate / HOP) + 1
        self.turn_to((1.7 + (zeta - 0.6) * (2.3 + 2.0 * (zeta - 0.6))) / (seconds_75 * self.rate), zeta)
        self.dipped, self.dip_s = seconds, seconds_75
        return True

    def dip(self, seconds: float) -> float:
        """How far the dip of level and brightness of a join is, 0 … 1."""
        u = (seconds - self.dipped) / self.dip_s if self.dip_s else 1.0
        return math.sin(math.pi * u) ** 2 if 0.0 <= u < 1.0 else 0.0

    def hop(self) -> float:
        """Advance by one hop: x'' = ω²·(target - x) - 2 ζω·x', solved exactly.

        Returns the speed of a finger that is followed, semitones a second, at the start of the hop; 0 in a jump.
        """
        if not self.tau:
            self.left = max(self.left - 1, 0)
            if not self.left:
                self.turn_to(3.357 / (FOLLOW_S * self.rate), 1.0)
        slide = 12.0 * abs(self.v) * self.rate if not self.left and not self.tau else 0.0
        e, v, a = self.x - self.target, self.v, self.zeta * self.omega
        decay = math.exp(-a * HOP)
        if self.zeta >= 1.0:
            rest = v + a * e
            self.x = self.target + (e + rest * HOP) * decay
            self.v = (v - a * rest * HOP) * decay
            return slide
        w = self.omega * math.sqrt(1.0 - self.zeta**2)
        co, si = math.cos(w * HOP), math.sin(w * HOP)
        self.x = self.target + decay * (e * co + (v + a * e) / w * si)
        self.v = decay * (v * co - (a * v + self.omega**2 * e) / w * si)
        return slide
