"""The same sound in plain NumPy float64: slow, obvious, and what the kernels are held to.

One voice is one object, one hop one call; no vector over voices, no polynomial for a sine. Phase is the same uint32
as in the kernels, because that is a definition and not an approximation: two renders of an hour agree in every cycle.
Stealing is not modelled: give it no more notes than the bank has voices.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from formant_dsp import formant
from formant_dsp import reference_colour as coloured
from formant_dsp.formant import Array
from formant_dsp.params import HOP, ROW_TAU_S, VOICE_RMS, VoiceParams
from formant_dsp.reference_residue import Harmonics, Tract
from formant_dsp.score import Event

CEILING = 0.84
SILENT = 1.5e-5
TURN = 2.0**32
F, B, A = slice(0, 5), slice(5, 10), slice(10, 15)
LEVEL, SKIRT, SKIRT_WIDTH, VOICING, VOICING_WIDTH, RESONANCE, VIBRATO = range(15, 22)
DRIFT, JITTER, SHIMMER, FLUTTER, VOICED, BREATH = range(22, 28)
TILT = 32
SLOPE_HZ, APART_HZ, FAR_APART_HZ = 50.0, 30.0, 2000.0
HARMONICS, HARMONICS_HZ = 32, 750.0


def mix32(a: int, b: int) -> int:
    """The hash of noise.pxd."""
    h = (a * 0x9E3779B9 + b * 0x85EBCA6B + 0x27220A95) & 0xFFFFFFFF
    h ^= h >> 16
    h = h * 0x85EBCA6B & 0xFFFFFFFF
    h ^= h >> 13
    h = h * 0xC2B2AE35 & 0xFFFFFFFF
    return h ^ h >> 16


def white(seed: int, i: int) -> float:
    """Uniform in -1 … 1."""
    return mix32(seed, i & 0xFFFFFFFF) / 2.0**31 - 1.0


def spline_noise(seed: int, t: float) -> float:
    """Cubic B-spline over white values at whole t, rms 1."""
    i = math.floor(t)
    u = t - i
    weights = ((1 - u) ** 3, 3 * u**3 - 6 * u**2 + 4, -3 * u**3 + 3 * u**2 + 3 * u + 1, u**3)
    return sum(w * white(seed, i - 1 + k) for k, w in enumerate(weights)) * 2.5026087 / 6.0


def spline_slope(seed: int, t: float) -> float:
    """Derivative of spline_noise by t."""
    i = math.floor(t)
    u = t - i
    weights = (-((1 - u) ** 2), 3 * u**2 - 4 * u, 1 + 2 * u - 3 * u**2, u**2)
    return sum(w * white(seed, i - 1 + k) for k, w in enumerate(weights)) * 2.5026087 / 2.0


def bell(seed: int, i: int) -> float:
    """About normal: a sum of three uniform values."""
    return white(seed, 3 * i) + white(seed, 3 * i + 1) + white(seed, 3 * i + 2)


def row_of(params: VoiceParams) -> Array:
    """Targets as the bank gets them: rounded to float32, computed with in float64."""
    return np.array(params.target_row(), np.float32).astype(np.float64)


def ramp(start: Array, end: Array) -> Array:
    """From one value to the other over a hop, along a new last axis."""
    return np.asarray(start[..., None] + (end - start)[..., None] * np.arange(HOP) / HOP)


class Gate:
    """Critically damped follower of 0 or 1."""

    def __init__(self, tau_frames: float, x: float = 0.0) -> None:
        self.x, self.v, self.target, self.tau = x, 0.0, x, tau_frames

    def step(self, frames: int) -> None:
        e = self.x - self.target
        a = self.v + e / self.tau
        decay = math.exp(-frames / self.tau)
        self.x = self.target + (e + a * frames) * decay
        self.v = (self.v - a * frames / self.tau) * decay


class Band:
    """One unvoiced band: spline noise on a carrier; between the ends of a hop the Hermite cubic of the noise."""

    def __init__(self, seed: int, j: int) -> None:
        self.seed = seed + j
        self.position = mix32(seed, 100 + j) * 1e-6
        self.phase = mix32(seed, 200 + j)
        self.increment = 0
        self.noise = (0.0, 0.0)
        self.gain = 0.0

    def hop(self, turns: float, knots: float, gain: float, fresh: bool) -> Array:
        """float64[HOP]; turns a frame of the carrier, knots a hop of the noise and gain, all at the end of the hop."""
        increment = int(turns * TURN)
        if fresh:
            self.increment, self.gain = increment, gain
            self.noise = spline_noise(self.seed, self.position), knots * spline_slope(self.seed, self.position)
        step = int((increment - self.increment) / HOP)
        self.position += knots
        following = spline_noise(self.seed, self.position), knots * spline_slope(self.seed, self.position)
        (n0, m0), (n1, m1) = self.noise, following
        i = np.arange(HOP, dtype=np.int64)
        u = i / HOP
        noise = n0 + u * (m0 + u * (3 * (n1 - n0) - 2 * m0 - m1 + u * (2 * (n0 - n1) + m0 + m1)))
        phase = (self.phase + i * self.increment + i * (i - 1) // 2 * step) % 2**32
        out = (self.gain + (gain - self.gain) * u) * noise * np.cos(2 * np.pi * phase / TURN)
        self.noise, self.gain = following, gain
        self.phase = (self.phase + HOP * self.increment + HOP * (HOP - 1) // 2 * step) % 2**32
        self.increment += HOP * step
        return np.asarray(out)


class Voice:
    """One note, from its first frame to its last."""

    def __init__(self, event: Event, number: int, sample_rate: int, bank_seed: int) -> None:
        p = event.params
        if p is None:
            raise ValueError("a voice starts with parameters, not with a release")
        self.rate = sample_rate
        self.algorithm = p.algorithm
        self.x = row_of(p)
        self.v = np.zeros_like(self.x)
        self.target = self.x.copy()
        self.log2_f0 = self.f0_target = math.log2(p.f0_hz)
        self.f0_slope = 0.0
        self.f0_tau = float(np.float32(p.portamento_s * self.rate / 3.357))
        self.vibrato_delay_s = float(np.float32(p.vibrato_delay_s))
        self.vibrato_fade_s = float(np.float32(p.vibrato_fade_s))
        self.f0_khz = np.float32(0.0)
        self.cycles = 0.0
        self.seed = mix32(bank_seed, number)
        self.vibrato_hz = float(np.float32(p.vibrato_hz)) * (1.0 + 0.03 * white(self.seed, 1))
        first = event.frame % HOP + round(p.delay_s * sample_rate)
        self.wait, self.starts = divmod(first, HOP)
        self.delay, self.ends = round(p.delay_s * sample_rate), -1
        self.scoop = float(np.float32(p.scoop_cents)), float(np.float32(p.scoop_s))
        self.lead_s, self.onset_tilt_db = float(np.float32(p.breath_lead_s)), float(np.float32(p.onset_tilt_db))
        self.wander = 0.01 * p.vibrato_drift_percent
        self.seconds = -first / sample_rate
        self.phase = self.increment = 0
        self.gate = Gate(p.attack_s * sample_rate / 3.357)
        self.release_tau = p.release_s * sample_rate / 9.233
        self.edges: list[tuple[int, float, float]] = [(self.starts, 1.0, self.gate.tau)]
        self.level = float(self.x[LEVEL])
        self.voiced = float(self.x[VOICED]) * self.led(0.0)
        self.bands: list[Band] | None = None
        self.past: tuple[Array, ...] | None = None
        self.harmonics: Harmonics = np.zeros(0, np.complex128)
        self.past_harmonics = self.harmonics
        self.tract: Tract | None = None
        self.colour: coloured.Colour | None = None
        self.direct = Gate(coloured.DIRECT_TAU_S * sample_rate)
        self.rising = 0.0
        self.done = False

    def aim(self, p: VoiceParams) -> None:
        self.target = row_of(p)
        self.f0_target = math.log2(p.f0_hz)
        before, self.f0_tau = self.f0_tau, float(np.float32(p.portamento_s * self.rate / 3.357))
        self.f0_slope *= min(before / self.f0_tau, 1.0)

    def release(self, offset: int) -> None:
        if self.wait or (self.past is None and offset < self.starts):
            self.ends = offset + self.delay
        else:
            self.edges.append((offset, 0.0, self.release_tau))

    def led(self, seconds: float) -> float:
        """Share of the voiced part while breath is ahead of it."""
        u = min(max(0.5 * seconds / self.lead_s, 0.0), 1.0) if self.lead_s > 0.0 else 1.0
        return u * u * (3.0 - 2.0 * u)

    def smooth(self) -> None:
        rho = HOP / (np.array(ROW_TAU_S) * self.rate)
        e = self.x - self.target
        a = self.v + e * rho
        self.x = self.target + (e + a) * np.exp(-rho)
        self.v = (self.v - a * rho) * np.exp(-rho)

    def pitch(self) -> float:
        """f0 in Hz at the end of this hop."""
        rho = HOP / self.f0_tau
        e = self.log2_f0 - self.f0_target
        a = self.f0_slope + e * rho
        self.log2_f0 = self.f0_target + (e + a) * math.exp(-rho)
        self.f0_slope = (self.f0_slope - a * rho) * math.exp(-rho)
        self.cycles += 1e3 * float(self.f0_khz) * HOP / self.rate
        self.seconds += HOP / self.rate
        cents, sung = 0.0, self.seconds - self.vibrato_delay_s
        if sung > 0.0:
            u = min(sung / self.vibrato_fade_s, 1.0)
            turns, extent = self.vibrato_hz * sung, 1.0
            if self.wander:
                turns += self.wander * self.vibrato_hz / (1.3 * 1.166) * spline_noise(self.seed + 3, 1.3 * sung)
                extent = max(1.0 + 3.0 * self.wander * spline_noise(self.seed + 4, 1.3 * sung), 0.0)
            cents = extent * self.x[VIBRATO] * u * u * (3 - 2 * u) * math.sin(2 * math.pi * turns)
        u = max(self.seconds, 0.0) * 3.357 / self.scoop[1]
        cents -= self.scoop[0] * (1.0 + u) * math.exp(-u)
        cents += self.x[DRIFT] * spline_noise(self.seed, self.seconds * 40.0)
        t = self.seconds + (self.seed & 0xFFFF) * 1e-3
        sines = sum(math.sin(2 * math.pi * hz * t) for hz in (12.7, 7.1, 4.7))
        cents += self.x[FLUTTER] * 2e-4 * 1200 / math.log(2) * sines
        cents += self.x[JITTER] * 0.01 * 1200 / math.log(2) * bell(self.seed + 1, math.floor(self.cycles))
        f0 = float(2.0 ** (self.log2_f0 + cents / 1200.0))
        self.f0_khz = np.float32(f0 * 1e-3)
        return f0

    def model(self, f0: float) -> tuple[Array, ...]:
        """(ν, index, bell, skirt) of five formants, then skirt ratio, voicing ratio and gain, at the end of the hop."""
        x = self.x
        centre, width, amp = 1000.0 * 2.0 ** x[F], 100.0 * 2.0 ** x[B], 2.0 ** x[A]
        skirt_width, voicing_width = 100.0 * 2.0 ** x[SKIRT_WIDTH], 100.0 * 2.0 ** x[VOICING_WIDTH]
        nu, beta = np.maximum(centre / f0, 1.0), width / f0
        k, top = formant.index_of_width(beta), self.rate / (2.0 * f0)
        reach = formant.reach(k)
        if self.algorithm == "poisson":
            reach = 13.3 * beta
        amp = amp * formant.fade((nu + reach) / top)
        reach = 13.3 * skirt_width / f0
        q = x[SKIRT] * formant.fade((nu + reach) / top)
        rho = formant.resonance_gain(nu, beta, x[RESONANCE])
        r, r_v = formant.poisson_ratio(f0, skirt_width), formant.poisson_ratio(f0, voicing_width)
        voicing = x[VOICING] * 2.0 ** x[A][0] * width[0] / f0 * max(0.0, 1.0 - (f0 / centre[0]) ** 2)
        if self.algorithm == "poisson":
            index = formant.poisson_ratio(f0, width)
            centre_level, bell_power = np.array(1.0), (1.0 + index**2) / (1.0 - index**2)
        else:
            classic = self.algorithm == "chowning"
            index = formant.classic_index(k) if classic else k
            centre_level = formant.j0(index) if classic else formant.i0e(k)
            bell_power = formant.lobe_power(k)
        skirt_power = (1.0 + r * r) / (1.0 - r * r)
        share = 1.0 - x[SKIRT]
        lobe = share**2 * bell_power + q**2 * skirt_power + 2.0 * q * share * np.sqrt(bell_power * skirt_power)
        norm = 1.0 / np.sqrt(0.5 * np.sum(amp**2 * lobe) + 0.5 * voicing**2 / (1.0 - r_v**2) + 1e-12)
        return (
            nu, index, norm * amp * rho * share / centre_level, norm * amp * rho * q,
            np.array(r), np.array(r_v), np.array(norm * voicing),
        )  # fmt: skip

    def residues(self, f0: float, dim: float) -> tuple[Array, ...]:
        """(ν, decay, gain, phase in turns) of five pole pairs and (decay, mean, gain) of the real ones, per period."""
        f, b = 1000.0 * 2.0 ** self.x[F], np.maximum(100.0 * 2.0 ** self.x[B], 20.0)
        top = 0.33 * self.rate
        near = np.clip(4.0 * (f / top - 1.0), 0.0, 1.0)
        f = np.minimum(f, top)
        b = b + 2.0 * f * near**2
        for j in range(5):
            for k in range(j):
                apart = max(APART_HZ, min((b[j] + b[k]) / 8.0, FAR_APART_HZ))
                if abs(f[j] - f[k]) < apart:
                    f[j] = f[k] + math.copysign(apart, f[j] - f[k])
        tilt, neutral = (
            6000.0 * np.pi / math.sqrt(10.0 ** (db / 10.0) - 1.0) for db in (min(12.4 + self.x[TILT] + dim, 32.4), 12.4)
        )
        pairs = -np.pi * b + 2j * np.pi * f
        poles = np.concatenate((pairs, pairs.conj(), [-2 * np.pi * SLOPE_HZ, -tilt])) / 1000.0
        gain = np.prod(np.abs(poles))
        zero = 1000.0 / neutral
        c = np.array([gain * (1.0 + zero * p) / np.prod(p - np.delete(poles, i)) for i, p in enumerate(poles)])
        t = 1000.0 / f0
        h = c / (1.0 - np.exp(poles * t))
        decay = poles.real * t
        high = f0 >= HARMONICS_HZ
        harmonics = np.arange(1, HARMONICS + 1 if high else min(int((f[4] + b[4]) / f0) + 2, 128) + 1)
        s = 2j * np.pi * harmonics / t
        spectrum = gain * (1.0 + zero * s) / np.prod(s[:, None] - poles, axis=1)
        if high:
            spectrum = spectrum * formant.fade(harmonics * f0 / (self.rate / 2.0))
        terms = 2.0 * np.sum(np.abs(h[:5])) + np.sum(np.abs(h[10:]))
        norm = 1.0 / max(math.sqrt(2.0 * np.sum(np.abs(spectrum) ** 2)) / t, 1e-3 * terms + 1e-12)
        self.harmonics = spectrum * 2.0 * norm / t if high else np.zeros(0, np.complex128)
        turns = np.angle(h[:5]) / (2 * np.pi)
        if self.past is not None:
            turns = turns - np.rint(turns - self.past[3])
        return (
            f / f0, decay[:5], 2.0 * np.abs(h[:5]) * norm, turns,
            decay[10:], np.array(norm / t), h[10:].real * norm,
        )  # fmt: skip

    def dimmed(self, rows: tuple[Array, ...], tilt_db: float) -> tuple[Array, ...]:
        """The lobes less so many dB at 3 kHz, by one pole."""
        gain = 1.0 / np.sqrt(1.0 + 4.0 ** self.x[F] * (10.0 ** (tilt_db / 10.0) - 1.0) / 9.0)
        nu, index, bell, skirt, *shared = rows
        return nu, index, bell * gain, skirt * gain, *shared

    def hop(self) -> Array:
        """The next 64 frames of this voice, level and envelope included."""
        self.smooth()
        f0 = self.pitch()
        if self.ends >= 0:
            if self.ends < HOP:
                self.edges.append((self.ends, 0.0, self.release_tau))
            self.ends -= HOP
        if self.wait:
            self.wait -= 1
            return np.zeros(HOP)
        dim = self.onset_tilt_db * (1.0 - self.gate.x)
        following = self.residues(f0, dim) if self.algorithm == "natural" else self.dimmed(self.model(f0), dim)
        colour = None
        if coloured.is_coloured(self.x):
            colour, following = coloured.colour(self.x, following, f0, self.rate, self.algorithm)
            self.harmonics = self.harmonics * colour.share
        elif self.colour is not None:
            colour = coloured.none()
        past = self.past or following
        if self.past is None:
            self.past_harmonics = self.harmonics
        if self.algorithm == "natural":
            self.tract = Tract(past, following, self.past_harmonics, self.harmonics)
        self.past_harmonics = self.harmonics
        i = np.arange(HOP, dtype=np.int64)

        next_increment = round(f0 / self.rate * TURN)
        if self.past is None:
            self.increment = next_increment
        step = (next_increment - self.increment + HOP // 2) // HOP
        phase = (self.phase + i * self.increment + i * (i - 1) // 2 * step) % 2**32
        theta = 2.0 * np.pi * phase / TURN
        rows = tuple(ramp(p, q) for p, q in zip(past, following, strict=True))
        sound = self.plain(phase, rows) if colour is None else self.coloured(phase, rows, colour)
        direct = self.colour is not None and abs(self.direct.x) + abs(self.direct.v * self.direct.tau) > 1e-6
        self.colour = colour if coloured.is_coloured(self.x) or direct else None
        sound = self.breathe(sound, theta)
        frames = HOP - self.starts
        self.phase = (self.phase + frames * self.increment + frames * (frames - 1) // 2 * step) % 2**32
        self.increment = next_increment if step == 0 else self.increment + frames * step
        self.past = following
        y = np.zeros(HOP)
        y[self.starts :] = sound[:frames]
        y *= self.gains()
        self.starts = 0
        return y

    def plain(self, phase: Array, rows: tuple[Array, ...]) -> Array:
        """The voiced sound at phases in turns · 2^32."""
        nu, k, bell, skirt, r, r_v, voicing = rows
        theta = 2.0 * np.pi * phase / TURN
        n = np.floor(nu)
        w = nu - n
        carrier = 2.0 * np.pi * ((n.astype(np.int64) * phase) % 2**32) / TURN
        if self.algorithm == "chowning":
            deviation = k * np.sin(theta)
            y = bell * ((1 - w) * np.sin(carrier + deviation) + w * np.sin(carrier + theta + deviation))
            sound = y.sum(axis=0)
        elif self.tract is not None:  # the residue voice
            sound = self.tract.sound(phase / TURN, rows)
        elif self.algorithm == "poisson":
            pulse = bell * (1 - k**2) / (1 - 2 * k * np.cos(theta) + k**2)
            sound = (pulse * ((1 - w) * np.sin(carrier) + w * np.sin(carrier + theta))).sum(axis=0)
        else:
            pulse = bell * np.exp(k * (np.cos(theta) - 1.0))
            if self.algorithm == "voice":
                pulse = pulse + skirt * (1 - r**2) / (1 - 2 * r * np.cos(theta) + r**2)
            sound = (pulse * ((1 - w) * np.sin(carrier) + w * np.sin(carrier + theta))).sum(axis=0)
            if self.algorithm == "voice":
                sound = sound + voicing * np.sin(theta) / (1 - 2 * r_v * np.cos(theta) + r_v**2)
        return np.asarray(sound)

    def coloured(self, phase: Array, rows: tuple[Array, ...], colour: coloured.Colour) -> Array:
        """The same with zing and symmetry, less the direct current of both."""
        fresh, before = self.past is None, self.colour
        if before is None:
            before = colour if fresh else coloured.none()
            self.direct.x = self.direct.v = 0.0
            if fresh:
                grid = np.arange(HOP) * 2.0**32 / HOP
                begun = self.tract.begun if self.tract is not None else None
                still = coloured.Colour(*(part[..., None] for part in colour))
                self.direct.x = float(
                    np.mean(coloured.sound(self.algorithm, grid, tuple(r[..., :1] for r in rows), still, begun))
                )
            self.rising = 0.5 * self.direct.x
        tint = coloured.Colour(*(ramp(p, q) for p, q in zip(before, colour, strict=True)))
        sound = coloured.sound(self.algorithm, phase, rows, tint, self.tract)
        direct = self.direct.x
        rising = (np.arange(HOP) + 0.5) / HOP
        direct_now = self.rising + float(np.mean(sound * (1.0 - rising)))
        self.direct.target = direct_now if coloured.is_coloured(self.x) else 0.0
        self.rising = float(np.mean(sound * rising)) if coloured.is_coloured(self.x) else 0.0
        self.direct.step(HOP)
        return sound - ramp(np.array(direct), np.array(self.direct.x))

    def breathe(self, sound: Array, theta: Array) -> Array:
        """The voiced share of a hop, and its unvoiced bands."""
        voiced, breath = float(self.x[VOICED]) * self.led(self.seconds), float(self.x[BREATH])
        if breath <= 1e-9 and min(voiced, self.voiced) >= 1.0 - 1e-9:
            self.bands = None
            return sound
        khz, width = 2.0 ** self.x[F], np.clip(100.0 * 2.0 ** self.x[B], 50.0, 300.0)
        amp = np.where(khz < 0.9 * self.rate / 2000.0, 2.0 ** self.x[A] * khz / (khz + 1.0), 0.0)
        gain = breath * amp / np.sqrt(0.5 * np.sum(amp**2) + 1e-12)
        fresh = self.bands is None
        if self.bands is None:
            self.bands = [Band(self.seed, j) for j in range(5)]
        share = self.voiced + (voiced - self.voiced) * np.arange(HOP) / HOP
        self.voiced = voiced
        opening = 1.0 + 0.25 * share * (np.cos(theta) - 1.0)
        out = share * sound
        for j, band in enumerate(self.bands):
            hz = min(1000.0 * float(khz[j]), self.rate / 2.0)
            out = out + opening * band.hop(
                hz / self.rate, 2.198 * float(width[j]) * HOP / self.rate, float(gain[j]), fresh
            )
        return out

    def gains(self) -> Array:
        """Envelope and level of every frame of this hop; piecewise linear between the gate's exact values."""
        gate = np.zeros(HOP)
        at = 0
        had_edges = bool(self.edges)
        for offset, target, tau in [*self.edges, (HOP, math.nan, math.nan)]:
            if offset > at:
                before = self.gate.x
                self.gate.step(offset - at)
                if not had_edges and self.gate.target == 0.0 and self.gate.x < SILENT:
                    self.gate.x = 0.0
                    self.done = True
                gate[at:offset] = before + (self.gate.x - before) * np.arange(offset - at) / (offset - at)
                at = offset
            if offset < HOP:
                self.gate.v *= min(self.gate.tau / tau, 1.0)
                self.gate.target, self.gate.tau = target, tau
        self.edges = []
        level = float(self.x[LEVEL]) * 10.0 ** (self.x[SHIMMER] * bell(self.seed + 2, math.floor(self.cycles)) / 20.0)
        i = np.arange(HOP) / HOP
        if had_edges:
            gains = gate * (self.level + (level - self.level) * i)
        else:  # one ramp of the product
            gains = gate[0] * self.level + (self.gate.x * level - gate[0] * self.level) * i
        self.level = level
        return np.asarray(VOICE_RMS * gains)


def between_samples(x: Array) -> Array:
    """For each hop at least its peak, what lies between the samples included; its last frame counts to the next hop."""
    bend = np.abs(np.diff(np.concatenate(([0.0, 0.0], x)), 2))  # at the frame before each
    level = np.abs(np.concatenate(([0.0], x[:-1]))) + (math.sqrt(2.0) - 1.0) / 2.0 * bend
    return np.asarray(np.maximum(level.reshape(-1, HOP).max(axis=1), np.abs(x).reshape(-1, HOP).max(axis=1)))


def limit(x: Array, sample_rate: int) -> Array:
    """The limiter of the bank over whole hops of sound; looks one hop ahead, adds no delay here."""
    hops = x.reshape(-1, HOP)
    fast, down, up = (1.0 - math.exp(-HOP / (tau * sample_rate)) for tau in (0.015, 0.07, 0.24))
    need = np.minimum(1.0, CEILING / np.maximum(between_samples(x), 1e-30))
    gain, slow, out = 1.0, 1.0, np.empty_like(hops)
    for h, hop in enumerate(hops):
        both = min(need[h], need[h + 1] if h + 1 < len(hops) else 1.0)
        slow += (both - slow) * (down if both < slow else up)
        node = min(gain + (slow - gain) * fast if gain < slow else slow, both)
        out[h] = hop * (gain + (node - gain) * np.arange(HOP) / HOP)
        gain = node
    return out.reshape(-1)


def render(events: Iterable[Event], frames: int, sample_rate: int = 48000, seed: int = 0) -> Array:
    """float64[frames] of what a bank renders for these events (sorted by frame), limiter included."""
    hops = -(-frames // HOP)
    waiting = sorted(events, key=lambda event: event.frame)
    voices: dict[int, Voice] = {}
    fading: list[Voice] = []
    notes = 0
    out = np.zeros(hops * HOP)
    for h in range(hops):
        while waiting and waiting[0].frame < (h + 1) * HOP:
            event = waiting.pop(0)
            voice = voices.get(event.key)
            if event.params is None:
                if voice is not None:
                    voice.release(event.frame - h * HOP)
                    fading.append(voices.pop(event.key))
            elif voice is None:
                notes += 1
                voices[event.key] = Voice(event, notes, sample_rate, seed)
            else:
                voice.aim(event.params)
        for voice in [*voices.values(), *fading]:
            out[h * HOP : (h + 1) * HOP] += voice.hop()
        fading = [voice for voice in fading if not voice.done]
    return limit(out, sample_rate)[:frames]
