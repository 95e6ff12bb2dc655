"""Zing and symmetry in float64: the reference of the coloured kernels.

bank/voice/colour.pxd and docs/understand/voice.md have the formulas.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from formant_dsp.model import formant
from formant_dsp.model.formant import Array
from formant_dsp.reference.residue import Tract

ZING, ZING_MORPH, SYMMETRY = 29, 30, 31
DIRECT_TAU_S = 0.08


class Colour(NamedTuple):
    """Zing and symmetry of one voice at one end of a hop, or ramped along the last axis.

    warp          turns by which the carriers are ahead after half a period
    plain, ring   gains of a pair without modulation, and times the fundamental
    fundamental   gain of the fundamental
    pair          gain of each formant's pair
    """

    warp: Array
    plain: Array
    ring: Array
    fundamental: Array
    pair: Array
    share: Array
    """Gain of the voice itself."""


def none() -> Colour:
    """The colour of a plain voice."""
    return Colour(np.zeros(()), np.zeros(()), np.zeros(()), np.zeros(()), np.zeros(5), np.ones(()))


def is_coloured(x: Array) -> bool:
    """Whether rows of parameters have zing or symmetry."""
    return bool(x[ZING] > 1e-6 or abs(x[SYMMETRY]) > 1e-6)


def colour(
    x: Array, rows: tuple[Array, ...], f0: float, sample_rate: int, algorithm: str
) -> tuple[Colour, tuple[Array, ...]]:
    """Colour at the end of a hop, and the model's rows multiplied by the share of the voice.

    x      smoothed parameters, float64[ROWS]
    rows   of `Voice.model` or `Voice.residues`
    f0     Hz
    """
    nu, index, bell, skirt, r, r_v, voicing = rows
    zing, warp = min(max(x[ZING], 0.0), 1.0), min(max(x[SYMMETRY], -0.49), 0.49)
    morph = math.pi / 2 * min(max(x[ZING_MORPH], -1.0), 1.0)
    scale = 1.0 / math.hypot(1.0 - zing, zing)
    share = (1.0 - zing) * scale
    speed, top = 1.0 + math.pi * abs(warp), sample_rate / (2.0 * f0)
    if algorithm != "natural":  # the first formant does not fade near half the sample rate: it is bent less
        warp *= float(formant.fade((speed * (nu[0] + 4.7) + 3.5 * np.cbrt(math.pi * abs(warp) * nu[0])) / top))
        speed = 1.0 + math.pi * abs(warp)
    tail = 3.5 * np.cbrt(math.pi * abs(warp) * nu)
    amp = 2.0 ** x[10:15] * formant.fade((speed * (nu + 2.0) + tail) / (0.9 * top))
    w = nu - np.floor(nu)
    total, power = amp.sum(), 0.5 * np.sum(amp**2 * (np.where(nu < 1.0, 0.0, (1.0 - w) ** 2) + w**2))
    if algorithm == "natural":
        bell, r_v = bell * share, r_v * share
    else:
        beta, foot = 100.0 * 2.0 ** x[5:10] / f0, 1330.0 * 2.0 ** x[17] / f0
        reach = np.sqrt(18.42 * np.minimum(beta + 0.3607 * beta**2, 1000.0)) + 3.0
        if algorithm == "poisson":
            reach = 13.3 * beta
        fade = _more_faded((nu + reach) / top, (speed * nu + tail + reach) / top)
        fade[0] = 1.0
        bell = bell * share * fade
        skirt = skirt * share * _more_faded((nu + foot) / top, (speed * nu + tail + foot) / top)
    of_fundamental, of_pair = max(math.sin(-morph), 0.0), max(math.sin(morph), 0.0)
    plain, ring = 2.0 / 3.0 * of_pair, math.cos(morph) + (of_fundamental + of_pair) / 3.0
    fundamental = 2.0 / 3.0 * of_fundamental * total
    gain = zing * scale / math.sqrt(0.5 * fundamental**2 + power * (plain**2 + 0.5 * ring**2) + 1e-12)
    parts = (np.asarray(part) for part in (warp, plain, ring, gain * fundamental, gain * amp, share))
    return Colour(*parts), (nu, index, bell, skirt, r, r_v, voicing * share)


def _more_faded(end: Array, further: Array) -> Array:
    """Further gain of a lobe that is already faded for `end` and now reaches to `further`."""
    return np.asarray(np.minimum(formant.fade(further) / np.maximum(formant.fade(end), 1e-9), 1.0))


def colour_at(tint: Colour, end: int) -> Colour:
    """The colour at the start (0) or the end (1) of a ramp over a hop."""
    frames = tint.warp.shape[-1]
    return Colour(*(part[..., :1] + end * frames * (part[..., 1:2] - part[..., :1]) for part in tint))


def sound(algorithm: str, phase: Array, rows: tuple[Array, ...], tint: Colour, tract: Tract | None) -> Array:
    """A coloured voice, float64[HOP].

    phase        2^-32 turns, one for each frame
    rows, tint   ramped along the last axis
    tract        of a residue voice, else None
    """
    if tract is not None and tract.jumps:  # the first sound fades into the last one
        first, last = (
            sound(
                algorithm,
                phase,
                tuple(row[..., None] for row in tract.ends[end]),
                colour_at(tint, end),
                tract.stands(end),
            )
            for end in (0, 1)
        )
        return np.asarray(first + (last - first) * np.arange(len(phase)) / len(phase))
    nu, k, bell, skirt, r, r_v, voicing = rows
    theta = 2.0 * np.pi * phase / 2.0**32
    turns = phase / 2.0**32 + 0.5 * tint.warp * (1.0 - np.cos(theta))
    bent = 2.0 * np.pi * turns
    n = np.floor(nu)
    w = nu - n
    pair = (1 - w) * np.sin(n * bent) + w * np.sin((n + 1) * bent)
    zing = tint.fundamental * np.sin(bent) + (tint.plain + tint.ring * np.sin(bent)) * np.sum(tint.pair * pair, axis=0)
    if algorithm == "chowning":
        deviation = k * np.sin(theta)
        voice = np.sum(bell * ((1 - w) * np.sin(n * bent + deviation) + w * np.sin((n + 1) * bent + deviation)), axis=0)
    elif tract is not None:
        voice = tract.sound(turns % 1.0, rows)
    elif algorithm == "poisson":
        voice = np.sum(bell * (1 - k**2) / (1 - 2 * k * np.cos(theta) + k**2) * pair, axis=0)
    else:
        pulse = bell * np.exp(k * (np.cos(theta) - 1.0))
        if algorithm == "voice":
            pulse = pulse + skirt * (1 - r**2) / (1 - 2 * r * np.cos(theta) + r**2)
        voice = np.sum(pulse * pair, axis=0)
        if algorithm == "voice":
            voice = voice + voicing * np.sin(theta) / (1 - 2 * r_v * np.cos(theta) + r_v**2)
    return np.asarray(voice + zing)
