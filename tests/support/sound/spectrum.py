"""Measurements in the spectrum: harmonics on exact bins, energy where none may be, unwanted steps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import firwin, lfilter

Array = NDArray[np.float64]
N = 65536
"""FFT length; with f0 = K·rate/N and K odd every harmonic lies on a bin, no window is needed and nothing leaks."""


def odd_f0(k: int, rate: int = 48000) -> float:
    """The fundamental whose harmonics lie on the bins K, 2K, 3K … of an FFT of N samples; K is odd."""
    assert k % 2 == 1
    return k * rate / N


def harmonics(y: Array, k: int) -> Array:
    """Amplitudes of harmonics 1, 2, 3 … of the last N samples."""
    return np.abs(np.fft.rfft(y[-N:]))[k::k] / (N / 2)


def alias_db(y: Array, k: int) -> float:
    """Energy beside the harmonics re all energy, dB, in the last N samples."""
    power = np.abs(np.fft.rfft(y[-N:])) ** 2
    beside = np.ones(len(power), bool)
    beside[::k] = False
    return float(10 * np.log10(power[beside].sum() / power.sum() + 1e-40))


def dc_db(y: Array, k: int) -> float:
    """Level of DC re the strongest harmonic, dB."""
    return float(20 * np.log10(abs(y[-N:].mean()) / harmonics(y, k).max() + 1e-20))


def taper(y: Array, rate: int, seconds: float = 0.06) -> Array:
    n = int(seconds * rate)
    ramp = 0.5 - 0.5 * np.cos(np.pi * np.arange(n) / n)
    out = y.copy()
    out[:n] *= ramp
    out[-n:] *= ramp[::-1]
    return out


def high_band_db(y: Array, rate: int, above_hz: float) -> float:
    """Energy above a frequency re all energy, dB: where a click or a zipper has its energy and a vowel has none."""
    taps = firwin(511, above_hz, window=("kaiser", 12.0), pass_zero=False, fs=rate)
    tapered = taper(y, rate)
    return float(10 * np.log10(np.sum(lfilter(taps, 1.0, tapered) ** 2) / np.sum(tapered**2) + 1e-40))


def third_difference_db(y: Array) -> float:
    """Largest third difference re the peak, dB: single-sample steps stand out."""
    return float(20 * np.log10(np.abs(np.diff(y, 3)).max() / np.abs(y).max() + 1e-40))


ABOVE_THE_AIR_HZ = 20000.0
"""Where a click of a living voice is looked for. Its air (5.7 to 18 kHz) comes in one pulse a period, and jitter leaves
nothing between the pulses, so from 7 kHz up a frame with a pulse stands out as a click does. Above 20 kHz a voice with
air is at -95 dB, and a break of the wave has its energy there as well."""


def click_frames(y: Array, rate: int, above_hz: float = 7000.0, excess_db: float = 20.0) -> int:
    """Frames of 128 samples whose high band stands more than `excess_db` above the median of their 20 neighbours.

    Below -100 dB re the rms of the whole nothing counts: a click of -60 dB is audible only beside silence.

    above_hz   7 kHz for a voice without air, ABOVE_THE_AIR_HZ for one with it
    """
    taps = firwin(511, above_hz, window=("kaiser", 12.0), pass_zero=False, fs=rate)
    high = lfilter(taps, 1.0, y)
    frames = high[: len(high) // 128 * 128].reshape(-1, 128)
    floor = 1e-5 * np.sqrt(np.mean(y**2)) + 1e-12
    level = 20 * np.log10(np.sqrt(np.mean(frames**2, axis=1)) + floor)
    count = 0
    for i in range(10, len(level) - 10):
        around = np.concatenate((level[i - 10 : i], level[i + 1 : i + 11]))
        count += bool(level[i] > np.median(around) + excess_db)
    return count


def f0_hz(y: Array, rate: int, near_hz: float) -> float:
    """Fundamental of a steady sound near a known pitch, from the phase advance of its harmonics 1 … 5, weighted."""
    half = len(y) // 2
    window = np.hanning(half)
    estimate = near_hz
    for _ in range(3):
        advance, weight = 0.0, 0.0
        for m in range(1, 6):
            carrier = np.exp(-2j * np.pi * m * estimate * np.arange(half) / rate)
            a, b = np.sum(y[:half] * window * carrier), np.sum(y[half : 2 * half] * window * carrier)
            turn = np.angle(b * np.conj(a) * np.exp(-2j * np.pi * m * estimate * half / rate))
            w = abs(a) * abs(b) * m
            advance += w * turn / (2 * np.pi * m * half / rate)
            weight += w
        estimate += float(advance / weight)
    return estimate


def _harmonics_of(y: Array, rate: int, f0: float, count: int) -> Array:
    """Cosine and sine of each harmonic, by turns."""
    t = np.arange(len(y)) / rate
    basis = np.concatenate(
        [f(2 * np.pi * m * f0 * t)[:, None] for m in range(1, count + 1) for f in (np.cos, np.sin)], axis=1
    )
    c, *_ = np.linalg.lstsq(basis, y, rcond=None)
    return np.asarray(c)


def harmonic_levels_db(y: Array, rate: int, f0: float, count: int) -> Array:
    """Levels of harmonics 1 … count by least squares at a known f0 that does not move, dB re the strongest."""
    c = _harmonics_of(y, rate, f0, count)
    amplitude = np.hypot(c[::2], c[1::2])
    return np.asarray(20 * np.log10(amplitude / amplitude.max() + 1e-20))


def living_levels_db(y: Array, rate: int, near_hz: float, count: int) -> Array:
    """Levels of harmonics 1 … count of a voice whose pitch moves, dB re the strongest: the mean over its power.

    `harmonic_levels_db` takes one pitch for the whole sound. Where the pitch moves by 0.5 %, the tenth harmonic of
    135 Hz goes through all phases within 0.15 s, so a second of it seems 10 to 20 dB too weak. Here each window of six
    periods has a pitch of its own.
    """
    n = int(6 * rate / near_hz)
    power = np.zeros(count)
    for start in range(0, len(y) - n + 1, n):
        window = y[start : start + n]
        c = _harmonics_of(window, rate, f0_hz(window, rate, near_hz), count)
        power += c[::2] ** 2 + c[1::2] ** 2
    return np.asarray(10 * np.log10(power / power.max() + 1e-20))


def sung_vowel(y: Array, rate: int, near_hz: float) -> str:
    """The vowel of a tenor who sings near a pitch of at most 200 Hz, with or without life."""
    return closest_sung_vowel(living_levels_db(y, rate, near_hz, int(4000 / near_hz)), near_hz)


def closest_sung_vowel(levels_db: Array, f0: float, voice: str = "tenor") -> str:
    """Which sung vowel a harmonic spectrum is nearest to: spread in dB against the summed power of its resonances.

    For f0 up to about 200 Hz: above, the harmonics are too few to tell u from o. An independent witness: nothing of
    the bank but the table of formants goes into it.
    """
    from formant_dsp import sung

    m = np.arange(1, len(levels_db) + 1)
    distance: dict[str, float] = {}
    for name, vowel in sung(voice).items():
        power = np.zeros(len(m))
        for hz, width, level in zip(vowel.frequency_hz, vowel.bandwidth_hz, vowel.level_db, strict=True):
            power += 10 ** (level / 10) / (1 + ((m * f0 - hz) / (width / 2)) ** 2)
        want = 10 * np.log10(power / power.max())
        distance[name] = float(np.std(np.maximum(want, -40) - np.maximum(levels_db, -40)))
    return min(distance, key=distance.__getitem__)


def worst_alias_dba(y: Array, k: int, rate: int = 48000) -> float:
    """Strongest single line below the fundamental, A-weighted, re the whole sound, A-weighted; dB."""
    power = np.abs(np.fft.rfft(y[-N:])) ** 2
    f = np.arange(len(power)) * rate / N
    weight = 12194.0**2 * f**4 / ((f**2 + 20.6**2) * (f**2 + 12194.0**2))  # IEC 61672-1
    weight /= np.sqrt((f**2 + 107.7**2) * (f**2 + 737.9**2))
    power *= weight**2
    return float(10 * np.log10(power[1:k].max() / power.sum() + 1e-40))
