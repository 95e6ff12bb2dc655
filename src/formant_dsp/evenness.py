"""How far a voice's rms is from what the bank takes it for, at one pitch: so that a touch is as loud as it says.

The bank divides by the rms of its lobes as if each were alone and hit by a harmonic (formant.py). Neighbouring formants
interfere, though, and a formant between two harmonics is weaker by the resonance gain: ± 3 dB, at worst 10, from one
pitch, vowel or effort to the next. While a note moves that is what makes it alive; from touch to touch it is a fault.
Here the harmonics themselves are added up, in plain Python at event rate, 30 … 80 µs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from formant_dsp.params import RANGES
from formant_dsp.vowels import Vowel

MOST_HARMONICS = 100
_FAINT = 1e-3
"""Lobes 60 dB below the first do not matter for loudness."""


def rms_error_db(vowel: Vowel, f0_hz: float, algorithm: str, fields: Mapping[str, float]) -> float:
    """Level of a steady voice re the level asked for, dB.

    vowel      five formants as the voice gets them
    f0_hz      > 0 Hz
    algorithm  of params.ALGORITHMS; the residue voice is exactly as loud as it should be
    fields     "skirt", "skirt_width_hz", "voicing", "voicing_width_hz", "resonance", "voiced", "breath"; defaults for
               those not given. Unvoiced bands are as loud as they should be
    error      0.15 dB of a render; the fade of formants near half the sample rate is left out
    """
    voiced, breath = _of(fields, "voiced") ** 2, _of(fields, "breath") ** 2
    if algorithm == "natural" or voiced < 1e-6:
        return 0.0
    complete = algorithm == "voice"
    skirt = _of(fields, "skirt") if complete else 0.0
    resonance = _of(fields, "resonance")
    r = math.exp2(-f0_hz / _of(fields, "skirt_width_hz"))
    skirt_power = (1.0 + r * r) / (1.0 - r * r)
    amplitude = [10.0 ** (level / 20.0) for level in vowel.level_db]
    loud = [j for j, a in enumerate(amplitude) if a > _FAINT * amplitude[0]]
    top = max(max(vowel.frequency_hz[j] for j in loud) / f0_hz, 1.0)
    count = min(int(top) + 8, MOST_HARMONICS)
    bells, feet = [0.0] * (count + 2), [0.0] * (count + 2)
    expected = 0.0
    for j in loud:
        nu = max(vowel.frequency_hz[j] / f0_hz, 1.0)
        if nu > count - 2:
            continue
        beta = vowel.bandwidth_hz[j] / f0_hz
        n = int(nu)
        w = nu - n
        lobe, power = _lobe(beta, algorithm)
        d = min(w, 1.0 - w)
        gain = ((1.0 + (2.0 * d / beta) ** 2) ** -0.5 / (1.0 - d)) ** resonance
        a, share = amplitude[j], 1.0 - skirt
        expected += a * a * (share * share * power + skirt * skirt * skirt_power
                             + 2.0 * skirt * share * math.sqrt(power * skirt_power))  # fmt: skip
        a *= max(gain, 0.0631)
        _add_lobe(bells, n, (1.0 - w) * a * share, lobe, algorithm == "chowning")
        _add_lobe(bells, n + 1, w * a * share, lobe, algorithm == "chowning")
        feet[n] += (1.0 - w) * a * skirt
        feet[n + 1] += w * a * skirt
    voicing, r_v = 0.0, 0.0
    if complete:
        r_v = math.exp2(-f0_hz / _of(fields, "voicing_width_hz"))
        below = max(0.0, 1.0 - (f0_hz / vowel.frequency_hz[0]) ** 2)
        voicing = _of(fields, "voicing") * amplitude[0] * vowel.bandwidth_hz[0] / f0_hz * below
        expected += voicing * voicing / (1.0 - r_v * r_v)
    actual = _power(bells, feet, r, voicing, r_v)
    ratio = max(actual, 1e-12) / max(expected, 1e-12)
    return 10.0 * math.log10((voiced * ratio + breath) / (voiced + breath))


def _of(fields: Mapping[str, float], name: str) -> float:
    return fields.get(name, RANGES[name].default)


def _lobe(beta: float, algorithm: str) -> tuple[list[float], float]:
    """Amplitudes a_0 = 1, a_1, a_2 … of a lobe β harmonics wide, down to -50 dB, and the sum of their squares over both
    sides as the bank takes it."""
    if algorithm == "poisson":
        r = math.exp2(-1.0 / beta)
        values = [r**n for n in range(min(int(-5.8 / math.log(r)) + 2, MOST_HARMONICS))]
        return values, (1.0 + r * r) / (1.0 - r * r)
    square = beta * beta
    k = beta + 0.0019 * square * square * beta if beta < 2.0 else square * 0.36067376 + 0.4427 + 0.66 / square
    linear = 1.0 + 0.35238536 * k
    power = math.sqrt((linear + k * k * (1.01787503 + 1.12361106 * k)) / (linear + 0.35765651 * k * k))
    if algorithm == "chowning":
        x = 2.0 * k
        index = min(math.sqrt(0.5 * x * x / (0.5 + math.sqrt(x * x + 2.25))), 1.3)
        h = 0.25 * index * index
        zero = 1.0 - h * (1.0 - h * (0.25 - h / 36.0))
        one = 0.5 * index * (1.0 - h * (0.5 - h / 12.0))
        two = 0.5 * h * (1.0 - h * (1.0 / 3.0 - h / 24.0))
        three = index * h / 12.0 * (1.0 - 0.25 * h)
        return [1.0, one / zero, two / zero, three / zero], power
    one = 1.0 / math.sqrt(1.0 + 4.0 / square) if beta < 2.0 else 1.0 - (0.5 + (0.125 + 0.125 / k) / k) / k
    two = 1.0 - 2.0 * one / k if k > 0.05 else 0.5 * one * one
    # a Gaussian from there on: equal second differences of the logarithm
    bend = two / (one * one)
    values = [1.0, one, two]
    while values[-1] > 3e-3 and len(values) < MOST_HARMONICS:
        values.append(values[-1] * values[-1] / values[-2] * bend)
    return values, power


def _add_lobe(bells: list[float], centre: int, amplitude: float, lobe: Sequence[float], alternating: bool) -> None:
    """One carrier and its sidebands; what falls below 0 Hz comes back with the other sign, as sines do."""
    if amplitude == 0.0:
        return
    last = len(bells) - 1
    for n, a in enumerate(lobe):
        value = amplitude * a
        if centre + n <= last:
            bells[centre + n] += value
        if n:
            m = centre - n
            if alternating and n % 2:
                value = -value
            if m > 0:
                bells[m] += value
            elif m < 0 and -m <= last:
                bells[-m] -= value


def _power(bells: list[float], feet: list[float], r: float, voicing: float, r_v: float) -> float:
    """Sum of the squares of all harmonics; feet are carriers whose sidebands fall as r^|n|."""
    count = len(bells)
    if any(feet):
        spread = feet[:]
        for m in range(1, count):
            spread[m] += r * spread[m - 1]
        behind = 0.0
        for m in range(count - 1, 0, -1):
            behind_here = behind
            behind = r * (behind + feet[m])
            spread[m] += behind_here
        # what passed 0 Hz comes back with the other sign
        through = behind
        for m in range(1, count):
            through *= r
            spread[m] -= through
    else:
        spread = feet
    total = 0.0
    for m in range(1, count):
        a = bells[m] + spread[m] + voicing
        voicing *= r_v
        total += a * a
    return total
