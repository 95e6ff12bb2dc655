"""Zing and symmetry in plain float64: the reference of the coloured kernels (laws: colour.pxd, docs/voice.md)."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from formant_dsp import formant
from formant_dsp.formant import Array
from formant_dsp.reference_residue import Tract

ZING, ZING_MORPH, SYMMETRY = 29, 30, 31
DIRECT_TAU_S = 0.08


class Colour(NamedTuple):
    """Warp in turns; gains of a pair as it is and times the fundamental; of the fundamental; of each pair."""

    warp: Array
    plain: Array
    ring: Array
    fundamental: Array
    pair: Array
    share: Array
    """Of the voice itself."""


def none() -> Colour:
    return Colour(np.zeros(()), np.zeros(()), np.zeros(()), np.zeros(()), np.zeros(5), np.ones(()))


def is_coloured(x: Array) -> bool:
    return bool(x[ZING] > 1e-6 or abs(x[SYMMETRY]) > 1e-6)


def colour(
    x: Array, rows: tuple[Array, ...], f0: float, sample_rate: int, algorithm: str
) -> tuple[Colour, tuple[Array, ...]]:
    """Colour at the end of a hop for rows of parameters x, and the model's rows with the share of the voice in them."""
    nu, index, bell, skirt, r, r_v, voicing = rows
    zing, warp = min(max(x[ZING], 0.0), 1.0), min(max(x[SYMMETRY], -0.49), 0.49)
    morph = math.pi / 2 * min(max(x[ZING_MORPH], -1.0), 1.0)
    scale = 1.0 / math.hypot(1.0 - zing, zing)
    share = (1.0 - zing) * scale
    speed, top = 1.0 + math.pi * abs(warp), sample_rate / (2.0 * f0)
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
        bell = bell * share * _more_faded((nu + reach) / top, (speed * nu + tail + reach) / top)
        skirt = skirt * share * _more_faded((nu + foot) / top, (speed * nu + tail + foot) / top)
    of_fundamental, of_pair = max(math.sin(-morph), 0.0), max(math.sin(morph), 0.0)
    plain, ring = 2.0 / 3.0 * of_pair, math.cos(morph) + (of_fundamental + of_pair) / 3.0
    fundamental = 2.0 / 3.0 * of_fundamental * total
    gain = zing * scale / math.sqrt(0.5 * fundamental**2 + power * (plain**2 + 0.5 * ring**2) + 1e-12)
    parts = (np.asarray(part) for part in (warp, plain, ring, gain * fundamental, gain * amp, share))
    return Colour(*parts), (nu, index, bell, skirt, r, r_v, voicing * share)


def _more_faded(end: Array, further: Array) -> Array:
    """What a lobe that is faded for its end is still to be multiplied by when it gets further."""
    return np.asarray(np.minimum(formant.fade(further) / np.maximum(formant.fade(end), 1e-9), 1.0))


def sound(algorithm: str, phase: Array, rows: tuple[Array, ...], tint: Colour, tract: Tract | None) -> Array:
    """A coloured voice at phases in turns · 2^32; rows and colour ramped along the last axis.

    tract   of a residue voice
    """
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
