"""What the pairs sing: notes, phrases and chords, as float64[frames] or float64[frames, 2]."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formant_dsp import HOP, Bank, VoiceParams, Vowel, VowelPath, sung
from formant_dsp.model.choir import ChoirBank
from formant_dsp.model.presets import load
from formant_dsp.reference.breath import Band
from formant_dsp.score.performance import gesture_events
from formant_dsp.score.score import render_score
from formant_net.gesture import read_gesture

Array = NDArray[np.float64]
RATE = 48000
STEP_S = 0.005
"""Between two updates of what moves."""

Moving = Callable[[float], VoiceParams]
"""Parameters at a time in seconds since the beginning of the note."""


def note(params: VoiceParams | Moving, seconds: float = 3.0, release_s: float = 0.4, seed: int = 1) -> Array:
    """One note, held or moving, and its release."""
    bank = Bank(voices=2, sample_rate=RATE, seed=seed)
    if isinstance(params, VoiceParams):
        assert bank.note_on(1, params)
        sound = [bank.render(int(seconds * RATE))]
    else:
        assert bank.note_on(1, params(0.0))
        sound = []
        for i in range(round(seconds / STEP_S)):
            assert bank.update(1, params(i * STEP_S))
            sound.append(bank.render(int(STEP_S * RATE)))
    assert bank.note_off(1)
    return np.concatenate([*sound, bank.render(int(release_s * RATE))]).astype(np.float64)


def vowels(seconds: float = 4.0, path: VowelPath | None = None, **fields: Any) -> Array:
    """a e i o u, half of the time held, half of it on the way."""
    way = path or VowelPath.sung("tenor")

    def at(t: float) -> VoiceParams:
        place = 4.0 * t / seconds * 1.15
        whole = min(int(place), 4)
        between = min(max((place - whole - 0.25) * 2.0, 0.0), 1.0)
        smooth = between * between * (3.0 - 2.0 * between)
        return VoiceParams(vowel=way.at((whole + smooth) / 4.0), **fields)

    return note(at, seconds)


def melody(seconds: float = 4.0, *, vowel: Vowel | None = None, low_hz: float = 146.83, **fields: Any) -> Array:
    """Six legato notes of a minor scale on one vowel."""
    steps = (0, 3, 5, 7, 3, 0)

    def at(t: float) -> VoiceParams:
        step = steps[min(int(t / seconds * len(steps)), len(steps) - 1)]
        return VoiceParams(f0_hz=low_hz * 2 ** (step / 12), vowel=vowel or sung("tenor")["a"], **fields)

    return note(at, seconds)


PHRASE = (0.30, 0.42, 0.55, 0.36, 0.48, 0.30)


def preset(
    name: str, seconds: float = 4.5, *, f0_hz: Sequence[float] = (), channels: int = 1, z: float | None = None
) -> Array:
    """A phrase over the surface of a preset, vowels on the way; at the pitches given, or where it sings."""
    instrument = load(name)
    xs = [instrument.x_of(hz) for hz in f0_hz] or list(PHRASE)
    real = Bank(voices=64, sample_rate=RATE, seed=5, channels=channels)
    bank, sound = ChoirBank(real), []
    steps = 30
    for key, x in enumerate(xs, start=1):
        for i in range(steps):
            y = (key - 1 + i / steps) / len(xs)
            params = instrument.voice_params(x, y, z)
            assert bank.note_on(key, params) if i == 0 else bank.update(key, params)
            sound.append(real.render(int(seconds * RATE / len(xs) / steps)))
        assert bank.note_off(key)
    sound.append(real.render(RATE // 2))
    return np.concatenate(sound).astype(np.float64)


def older_whisper(name: str = "whisper", seconds: float = 4.5, f0_hz: float = 165.0) -> Array:
    """The whisper before the singer came: five bands of noise and nothing between or above them, formants as spoken."""
    bands = [Band(7, j) for j in range(5)]
    hops = int(seconds * RATE / HOP)
    out, no_skirt = [], np.zeros(HOP)
    for i in range(hops):
        (sung_so,) = load(name, voice={"wander": 0}).voice_params(
            None, i / hops, None, note=12 * np.log2(f0_hz / 440) + 69
        )
        vowel = sung_so.vowel
        hz = np.array(vowel.frequency_hz) - (255.0, 115.0, 125.0, 75.0, 50.0)
        amplitude = 10 ** (np.array(vowel.level_db) / 20) * hz / (hz + 1000.0)
        gain = 0.1 / np.sqrt(0.5 * np.sum(amplitude**2))
        out.append(sum(
            band.hop(f / RATE, 2.198 * min(max(b, 50.0), 300.0) * HOP / RATE, gain * a, 0.0, i == 0, no_skirt)
            for band, f, b, a in zip(bands, hz, vowel.bandwidth_hz, amplitude, strict=True)
        ))  # fmt: skip
    return faded(np.concatenate(out))


def chord(name: str, level_db: float, seconds: float = 4.0) -> Array:
    """Eight fingers of a preset, one after the other, released together."""
    instrument = load(name)
    real = Bank(voices=64, sample_rate=RATE, seed=5)
    bank = ChoirBank(real)
    for i, x in enumerate((0.10, 0.20, 0.30, 0.40, 0.55, 0.65, 0.75, 0.90)):
        params = [replace(p, level_db=p.level_db + level_db) for p in instrument.voice_params(x, (i * 0.37) % 1.0)]
        assert bank.note_on(i + 1, params, frame=i * RATE // 8)
    for key in range(1, 9):
        assert bank.note_off(key, frame=int((seconds - 0.6) * RATE))
    return real.render(int(seconds * RATE)).astype(np.float64)


def held_chord(seconds: float = 5.0, **fields: Any) -> Array:
    """Four fingers of one voice, each half a second after the other, held together."""
    bank = Bank(voices=8, sample_rate=RATE, seed=3)
    for i, semitones in enumerate((0, 7, 12, 16)):
        params = VoiceParams(f0_hz=146.83 * 2 ** (semitones / 12), vowel=sung("tenor")["a"], level_db=-6.0, **fields)
        assert bank.note_on(i + 1, params, frame=i * RATE // 2)
    sound = bank.render(int((seconds - 0.5) * RATE))
    assert bank.all_off()
    return np.concatenate([sound, bank.render(RATE // 2)]).astype(np.float64)


CHORALE = Path(__file__).parents[1] / "examples" / "old-hundredth.jsonl"


def chorale(voices: Mapping[str, str], channels: int = 2, **voice: float) -> Array:
    """The chorale of the examples, each part by a preset of its own.

    voices   preset by part: soprano, alto, tenor, bass
    voice    entries of [voice] that are changed in every preset
    """
    touches = read_gesture(CHORALE.read_text(encoding="utf-8").splitlines())
    parts = []
    for seed, (part, name) in enumerate(voices.items()):
        own = [touch for touch in touches if touch.id == part]
        events, frames = gesture_events(own, load(name, voice=voice), 0.0, RATE)
        bank = Bank(voices=64, sample_rate=RATE, seed=seed, channels=channels, ring_capacity=4096)
        sound = np.concatenate(list(render_score(bank, events, frames + RATE // 2)))
        parts.append(sound.astype(np.float64))
    longest = max(map(len, parts))
    return np.asarray(0.5 * sum(np.pad(part, ((0, longest - len(part)), (0, 0))[: part.ndim]) for part in parts))


def same_spectrum(y: Array, f0_hz: float, zero_phase: bool, seconds: float = 3.0) -> Array:
    """Another sound with the harmonics of the steady end of y: all cosines (zero phase), or the phases of y."""
    n = round(20 * RATE / f0_hz)
    t = np.arange(n) / RATE
    steady = y[-n - RATE // 2 : -RATE // 2]
    m = np.arange(1, int(10_000 / f0_hz))
    basis = np.exp(-2j * np.pi * f0_hz * m[:, None] * t)
    c = 2 / n * (basis @ steady)
    theta = 2 * np.pi * f0_hz * np.arange(int(seconds * RATE)) / RATE
    sound = np.zeros(len(theta))
    for number, value in zip(m, c, strict=True):
        sound += abs(value) * np.cos(number * theta + (0.0 if zero_phase else np.angle(value)))
    return faded(sound)


def crossfade(a: Array, b: Array) -> Array:
    """From one sound to the other, with equal amplitudes: what a change of vowel is not."""
    share = np.clip((np.arange(len(a)) / len(a) - 0.25) * 2.0, 0.0, 1.0)
    return (1.0 - share) * a + share * b


def faded(y: Array, seconds: float = 0.1) -> Array:
    n = int(seconds * RATE)
    ramp = 0.5 - 0.5 * np.cos(np.pi * np.arange(n) / n)
    out = y.copy()
    out[:n] *= ramp
    out[-n:] *= ramp[::-1]
    return out
