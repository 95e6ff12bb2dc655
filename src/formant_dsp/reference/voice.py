"""One voice of the bank in plain NumPy float64: one object, and one call for a hop.

There are no vectors over voices and no polynomials for a sine. Phase is the same uint32 as in the kernels, because it
is a definition and not an approximation: two renders of an hour agree in every cycle.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from formant_dsp.model import formant
from formant_dsp.model.formant import Array
from formant_dsp.model.params import HOP, ROW_TAU_S, VOICE_RMS, VoiceParams
from formant_dsp.reference import colour as coloured
from formant_dsp.reference.air import Air, air, dimming, floor_of_density
from formant_dsp.reference.air import sound as high_band
from formant_dsp.reference.breath import SKIRT as SKIRT_SHARE
from formant_dsp.reference.breath import TURN, Band, bursts, floor, skirt, skirt_shares
from formant_dsp.reference.gate import Gate
from formant_dsp.reference.glide import Glide
from formant_dsp.reference.noise import bell, mix32, spline_noise
from formant_dsp.reference.residue import Harmonics, Tract
from formant_dsp.reference.vibrato import Vibrato
from formant_dsp.score.score import Event

SILENT = 1.5e-5
F, B, A = slice(0, 5), slice(5, 10), slice(10, 15)
LEVEL, SKIRT, SKIRT_WIDTH, VOICING, VOICING_WIDTH, RESONANCE, VIBRATO = range(15, 22)
DRIFT, JITTER, SHIMMER, FLUTTER, VOICED, BREATH = range(22, 28)
TILT, SWELL, WANDER, GROWL = 32, 33, 34, 37
SLOPE_HZ, APART_HZ, FAR_APART_HZ = 50.0, 30.0, 2000.0
HARMONICS, HARMONICS_HZ = 32, 750.0
BRIGHT_S = 0.03


def row_of(params: VoiceParams) -> Array:
    """Targets as the bank gets them: rounded to float32, then used in float64."""
    return np.array(params.target_row(), np.float32).astype(np.float64)


def ramp(start: Array, end: Array) -> Array:
    """Linear from `start` to `end` over a hop, along a new last axis of HOP frames."""
    return np.asarray(start[..., None] + (end - start)[..., None] * np.arange(HOP) / HOP)


class Voice:
    """One note, from its first frame to its last."""

    def __init__(
        self, event: Event, number: int, sample_rate: int, bank_seed: int, others: Iterable[Voice] = ()
    ) -> None:
        p = event.params
        if p is None:
            raise ValueError("a voice starts with parameters, not with a release")
        self.rate = sample_rate
        self.algorithm = p.algorithm
        self.x = row_of(p)
        self.v = np.zeros_like(self.x)
        self.target = self.x.copy()
        self.f0_khz = np.float32(0.0)
        self.cycles = 0.0
        self.seed = mix32(bank_seed, number)
        self.vibrato = Vibrato(p, self.seed)
        self.glide: Glide = Glide(p, self.seed, sample_rate, [other.glide.target for other in others])
        first = event.frame % HOP + round(p.delay_s * sample_rate)
        self.wait, self.starts = divmod(first, HOP)
        self.delay, self.ends = round(p.delay_s * sample_rate), -1
        self.scoop = float(np.float32(p.scoop_cents)), float(np.float32(p.scoop_s))
        self.lead_s, self.onset_tilt_db = float(np.float32(p.breath_lead_s)), float(np.float32(p.onset_tilt_db))
        self.seconds = -first / sample_rate
        one_of_many = p.vibrato_spread > 0.0 or p.unison_cents > 0.0
        self.phase, self.increment = mix32(self.seed, 300) if one_of_many else 0, 0
        self.gate = Gate(p.attack_s * sample_rate / 3.357)
        self.release_tau = p.release_s * sample_rate / 9.233
        self.edges: list[tuple[int, float, float]] = [(self.starts, 1.0, self.gate.tau)]
        self.level = float(self.x[LEVEL])
        self.voiced = float(self.x[VOICED]) * self.after_breath(0.0)
        self.bands: list[Band] | None = None
        self.past: tuple[Array, ...] | None = None
        self.harmonics: Harmonics = np.zeros(0, np.complex128)
        self.past_harmonics = self.harmonics
        self.tract: Tract | None = None
        self.colour: coloured.Colour | None = None
        self.direct = Gate(coloured.DIRECT_TAU_S * sample_rate)
        self.rising = self.mean = 0.0
        self.hops, self.odd, self.growl = 0, False, 0.0
        self.past_air: Air | None = None
        self.floor = 0.0
        self.first = 0.0
        """Amplitude of the first formant's peak: the high band follows it."""
        self.done = False

    def aim(self, p: VoiceParams, others: Iterable[Voice] = ()) -> None:
        """Set new targets; the voice glides there."""
        self.target = row_of(p)
        if self.glide.aim(p, self.seconds, [other.glide.target for other in others if other is not self]):
            self.vibrato.joined = self.seconds

    def release(self, offset: int) -> None:
        """Release the note at a frame of the next hop."""
        if self.wait or (self.past is None and offset < self.starts):
            self.ends = offset + self.delay
        else:
            self.edges.append((offset, 0.0, self.release_tau))

    def after_breath(self, seconds: float) -> float:
        """Gain 0 … 1 of the voiced part, `seconds` after the first frame, while the breath is ahead of it."""
        u = min(max(0.5 * seconds / self.lead_s, 0.0), 1.0) if self.lead_s > 0.0 else 1.0
        return u * u * (3.0 - 2.0 * u)

    def onset_tilt(self) -> float:
        """dB at 3 kHz at the end of this hop: the gate's, or below 0 that of a glottal onset, gone after 30 ms."""
        if self.onset_tilt_db >= 0.0:
            return self.onset_tilt_db * (1.0 - self.gate.x)
        u = max(self.seconds, 0.0) * 3.357 / BRIGHT_S
        return self.onset_tilt_db * (1.0 + u) * math.exp(-u)

    def smooth(self) -> None:
        """Advance all smoothed parameters by one hop."""
        rho = HOP / (np.array(ROW_TAU_S) * self.rate)
        e = self.x - self.target
        a = self.v + e * rho
        self.x = self.target + (e + a) * np.exp(-rho)
        self.v = (self.v - a * rho) * np.exp(-rho)

    def pitch(self) -> float:
        """f0 in Hz at the end of this hop."""
        slide = self.glide.hop()
        self.cycles += 1e3 * float(self.f0_khz) * HOP / self.rate
        self.seconds += HOP / self.rate
        self.vibrato.hop(self.seconds, HOP / self.rate, slide)
        cents = self.x[VIBRATO] * self.vibrato.value(self.seconds) if self.x[VIBRATO] > 0.0 else 0.0
        u = max(self.seconds, 0.0) * 3.357 / self.scoop[1]
        cents -= self.scoop[0] * (1.0 + u) * math.exp(-u)
        if self.x[WANDER] > 0.0:
            t = 3.0 * self.seconds
            cents += 4.0 * self.x[WANDER] * (spline_noise(self.seed + 8, t) - spline_noise(self.seed + 8, t - 1.0))
        cents += self.x[DRIFT] * spline_noise(self.seed, self.seconds * 40.0)
        t = self.seconds + (self.seed & 0xFFFF) * 1e-3
        sines = sum(math.sin(2 * math.pi * hz * t) for hz in (12.7, 7.1, 4.7))
        cents += self.x[FLUTTER] * 2e-4 * 1200 / math.log(2) * sines
        cents += self.x[JITTER] * 0.01 * 1200 / math.log(2) * bell(self.seed + 1, math.floor(self.cycles))
        f0 = float(2.0 ** (self.glide.x + cents / 1200.0))
        self.f0_khz = np.float32(f0 * 1e-3)
        return f0

    def model(self, f0: float) -> tuple[Array, ...]:
        """(ν, index, bell, skirt) of five formants, then skirt ratio, voicing ratio and gain, at the end of the hop."""
        x = self.x
        centre, width, amp = 1000.0 * 2.0 ** x[F], 100.0 * 2.0 ** x[B], 2.0 ** x[A]
        skirt_width, voicing_width = 100.0 * 2.0 ** x[SKIRT_WIDTH], 100.0 * 2.0 ** x[VOICING_WIDTH]
        nu, beta = np.maximum(centre / f0, 1.0), width / f0
        k, top = formant.index_of_width(beta), self.rate / (2.0 * f0)
        nu[0] = min(nu[0], max(0.9375 * top - 1.0, 1.0))  # the first formant does not fade, but becomes narrow
        k[0] *= formant.fade((nu[0] + formant.reach_of_first(k[0])) / top)
        reach = formant.reach(k)
        if self.algorithm == "poisson":
            reach = 13.3 * beta
        fade = formant.fade((nu + reach) / top)
        narrow, fade[0] = fade[0], 1.0
        amp = amp * fade
        reach = 13.3 * skirt_width / f0
        q = x[SKIRT] * formant.fade((nu + reach) / top)
        mean = float(2.0**self.glide.x)
        still = formant.resonance_gain(np.maximum(centre / mean, 1.0), width / mean, x[RESONANCE] - x[SWELL])
        rho = formant.resonance_gain(nu, beta, x[SWELL]) * still
        r, r_v = formant.poisson_ratio(f0, skirt_width), formant.poisson_ratio(f0, voicing_width)
        voicing = x[VOICING] * 2.0 ** x[A][0] * width[0] / f0 * max(0.0, 1.0 - (f0 / centre[0]) ** 2)
        if self.algorithm == "poisson":
            index = formant.poisson_ratio(f0, width)
            index[0] *= narrow
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
        self.first = float(norm * 2.0 ** x[A][0])
        return (
            nu, index, norm * amp * rho * share / centre_level, norm * amp * rho * q,
            np.array(r), np.array(r_v), np.array(norm * voicing),
        )  # fmt: skip

    def residues(self, f0: float, dim: float) -> tuple[Array, ...]:
        """(ν, decay, gain, phase in turns) of five pole pairs and (decay, mean, gain) of the real ones, per period.

        dim   onset tilt, dB at 3 kHz
        """
        f, b = 1000.0 * 2.0 ** self.x[F], np.maximum(100.0 * 2.0 ** self.x[B], 20.0)
        top = 0.33 * self.rate
        near = np.clip(4.0 * (f / top - 1.0), 0.0, 1.0)
        f = np.minimum(f, top)
        b = b + 2.0 * f * near**2
        for j in range(5):
            for k in range(j):
                least = max(APART_HZ, min((b[j] + b[k]) / 8.0, FAR_APART_HZ))
                if abs(f[j] - f[k]) < least:
                    f[j] = f[k] + math.copysign(least, f[j] - f[k])
        source = min(max(12.4 + self.x[TILT] + dim, 0.4), 32.4)
        tilt, neutral = (6000.0 * np.pi / math.sqrt(10.0 ** (db / 10.0) - 1.0) for db in (source, 12.4))
        pairs = -np.pi * b + 2j * np.pi * f
        poles = np.concatenate((pairs, pairs.conj(), [-2 * np.pi * SLOPE_HZ, -tilt])) / 1000.0
        gain = np.prod(np.abs(poles))
        zero = 1000.0 / neutral
        apart = poles[:, None] - poles
        np.fill_diagonal(apart, 1.0)  # every pole from the others
        c = gain * (1.0 + zero * poles) / np.prod(apart, axis=1)
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
        terms *= min(HARMONICS_HZ / f0, 1.0) ** 12
        norm = 1.0 / max(math.sqrt(2.0 * np.sum(np.abs(spectrum) ** 2)) / t, 1e-3 * terms + 1e-12)
        self.harmonics = spectrum * 2.0 * norm / t if high else np.zeros(0, np.complex128)
        self.first = 2.0 * float(abs(c[0])) / (math.pi * b[0] / 1000.0) * norm / t
        turns = np.angle(h[:5]) / (2 * np.pi)
        if self.past is not None:
            turns = turns - np.rint(turns - self.past[3])
        return (
            f / f0, decay[:5], 2.0 * np.abs(h[:5]) * norm, turns,
            decay[10:], np.array(norm / t), h[10:].real * norm,
        )  # fmt: skip

    def dimmed(self, rows: tuple[Array, ...], tilt_db: float) -> tuple[Array, ...]:
        """The rows with the lobes attenuated by a one-pole low-pass of `tilt_db` at 3 kHz."""
        gain = np.array([dimming(float(khz), tilt_db) for khz in 2.0 ** self.x[F]])
        nu, index, bell, skirt, *shared = rows
        return nu, index, bell * gain, skirt * gain, *shared

    def hop(self) -> Array:
        """The next hop of this voice with its level and envelope: float64[HOP]."""
        self.smooth()
        f0 = self.pitch()
        if self.ends >= 0:
            if self.ends < HOP:
                self.edges.append((self.ends, 0.0, self.release_tau))
            self.ends -= HOP
        if self.wait:
            self.wait -= 1
            return np.zeros(HOP)
        dim = self.onset_tilt() + 2.0 * self.glide.dip(self.seconds)
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
        rows = tuple(ramp(p, q) for p, q in zip(past, following, strict=True))
        sound = self.plain(phase, rows) if colour is None else self.coloured(phase, rows, colour)
        direct = self.colour is not None and abs(self.direct.x) + abs(self.direct.v * self.direct.tau) > 1e-6
        self.colour = colour if coloured.is_coloured(self.x) or direct else None
        rows_above = air(self.x, self.first, f0, self.rate, dim)
        sound = self.growls(self.breathe(sound, phase, rows_above), self.odd, step)
        frames = HOP - self.starts
        self.hops += 1
        turned = self.phase + frames * self.increment + frames * (frames - 1) // 2 * step
        self.odd ^= bool(turned >> 32 & 1)
        self.phase = turned % 2**32
        self.increment = next_increment if step == 0 else self.increment + frames * step
        self.past = following
        y = np.zeros(HOP)
        y[self.starts :] = sound[:frames]
        y *= self.gains()
        self.starts = 0
        return y

    def plain(self, phase: Array, rows: tuple[Array, ...]) -> Array:
        """The voiced sound at phases in 2^-32 turns."""
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
        """The voiced sound with zing and symmetry, without their direct current."""
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
            self.rising, self.mean = 0.5 * self.direct.x, self.direct.x
        tint = coloured.Colour(*(ramp(p, q) for p, q in zip(before, colour, strict=True)))
        sound = coloured.sound(self.algorithm, phase, rows, tint, self.tract)
        direct = self.direct.x
        rising = (np.arange(HOP) + 0.5) / HOP
        measured = self.rising + float(np.mean(sound * (1.0 - rising)))
        self.mean += (measured - self.mean) * (1.0 - math.exp(-HOP / self.direct.tau))
        self.rising = float(np.mean(sound * rising))
        if not coloured.is_coloured(self.x):
            self.mean = self.rising = 0.0
        self.direct.target = self.mean
        self.direct.step(HOP)
        return sound - ramp(np.array(direct), np.array(self.direct.x))

    def breathe(self, sound: Array, phase: Array, rows: Air) -> Array:
        """A hop with its high band, its voiced share and its noise; phase is in 2^-32 turns."""
        theta, frame = 2.0 * np.pi * phase / TURN, self.hops * HOP
        past = self.past_air or rows
        self.past_air = rows
        ramped = Air(*(ramp(p, q) for p, q in zip(past, rows, strict=True)))
        sound = sound + high_band(phase, ramped)
        voiced, breath = float(self.x[VOICED]) * self.after_breath(self.seconds), float(self.x[BREATH])
        share = self.voiced + (voiced - self.voiced) * np.arange(HOP) / HOP
        hiss = past.noise * self.voiced + (rows.noise * voiced - past.noise * self.voiced) * np.arange(HOP) / HOP
        burst = bursts(theta, share) * floor(self.seed + 13, frame)
        if breath <= 1e-9 and min(voiced, self.voiced) >= 1.0 - 1e-9:
            self.bands = None
            return sound + hiss * burst
        khz, width = 2.0 ** self.x[F], np.clip(100.0 * 2.0 ** self.x[B], 50.0, 300.0)
        amp = np.where(khz < 0.9 * self.rate / 2000.0, 2.0 ** self.x[A] * khz, 0.0)
        density = math.sqrt(float(np.max(0.5 * amp**2 / width)))
        level = 0.0398 * density * floor_of_density(self.rate)
        skirts = skirt_shares(khz)
        power = 0.5 * np.sum((1.0 + (SKIRT_SHARE * skirts) ** 2) * amp**2)
        gain = breath / math.sqrt(power + 10.0 / 3.0 * level**2 + 1e-12)
        fresh = self.bands is None
        if self.bands is None:
            self.bands = [Band(self.seed, j) for j in range(5)]
            self.floor = level * gain
        before, self.floor = self.floor, level * gain
        self.voiced = voiced
        wide = skirt(self.seed + 11, frame), skirt(self.seed + 12, frame)
        opening = bursts(theta, share)
        out = share * sound + (hiss + before + (self.floor - before) * np.arange(HOP) / HOP) * burst
        for j, band in enumerate(self.bands):
            hz = min(1000.0 * float(khz[j]), self.rate / 2.0)
            knots = 2.198 * float(width[j]) * HOP / self.rate
            noise = band.hop(hz / self.rate, knots, float(gain * amp[j]), float(skirts[j]), fresh, wide[j % 2])
            out = out + opening * noise
        return out

    def growls(self, sound: Array, odd: bool, step: int) -> Array:
        """A hop in which every second period is weaker."""
        wanted, begun = float(self.x[GROWL]), self.growl
        if wanted <= 1e-9 and begun <= 1e-9:
            return sound
        self.growl = min(wanted * (1.0 + 0.3 * spline_noise(self.seed + 5, 5.0 * self.seconds)), 0.95)
        i = np.arange(HOP)
        half = (self.phase + TURN * odd + i * self.increment + i * (i - 1) // 2 * step) / 2.0 / TURN
        return np.asarray(sound * (1.0 + (begun + (self.growl - begun) * i / HOP) * np.cos(2 * np.pi * half)))

    def gains(self) -> Array:
        """Envelope times level of every frame of this hop: piecewise linear between exact values of the gate."""
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
        slow = spline_noise(self.seed + 9, 3.0 * (self.seconds + 1.0)) if self.x[WANDER] > 0.0 else 0.0
        level *= 10.0 ** (0.7 * self.x[WANDER] * slow / 20.0)
        level *= 10.0 ** (-1.5 * self.glide.dip(self.seconds) / 20.0)
        i = np.arange(HOP) / HOP
        if had_edges:
            gains = gate * (self.level + (level - self.level) * i)
        else:  # a single ramp of the product, as in the bank
            gains = gate[0] * self.level + (self.gate.x * level - gate[0] * self.level) * i
        self.level = level
        return np.asarray(VOICE_RMS * gains)
