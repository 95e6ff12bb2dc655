"""Judge 8, the limiter: inaudible on ordinary playing, no peak above the ceiling whatever is played, no pumping.

Its gain is measured as what it does: the same scene at full volume and at a fiftieth of it, hop by hop. The ear hears a
gain as loudness over about 100 ms, and as roughness when it moves faster; one JND of loudness is 1 dB. After a loud
chord, whoever sings on has to be back before forward masking by that chord is over (0.2 … 0.3 s).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from support.judges.judge import Judge, at_most
from support.judges.signals import RATE, still
from support.sound.loudness import true_peak_db
from support.sound.spectrum import Array

from formant_dsp import HOP, Bank, Vowel, sung
from formant_dsp.model.choir import ChoirBank
from formant_dsp.model.presets import load, names

SOFT = 0.02
PLACES = (0.10, 0.20, 0.30, 0.40, 0.55, 0.65, 0.75, 0.90)
EAR_HOPS = RATE // 10 // HOP
CEILING = 10 ** (-1.0 / 20)

CHORD = "peaks of eight voices that beat come and go; only a lower level or a longer look-ahead would leave them alone"
MOVES = Judge(
    8, "limiter: movement of the loudness of a held chord of eight, own effort of any preset (5 to 95 %)", "dB",
    at_most(1.0),
)  # fmt: skip
LOST = Judge(8, "limiter: loudness it takes from that chord", "dB", at_most(2.0), at_most(1.0))
HEAVY = Judge(8, "limiter: movement at full pressure, 10 dB into it", "dB", at_most(2.0), at_most(1.0), why=CHORD)
ROUGH = Judge(8, "limiter: roughness at full pressure, rms of what is faster than 50 ms", "dB", at_most(1.0))
BACK = Judge(
    8, "limiter: time to come back within 1 dB after such a chord", "s", at_most(0.5), at_most(0.3),
    why="faster, it would move more under a chord that goes on",
)  # fmt: skip
SWELL = Judge(8, "limiter: a step back of its gain while it returns", "dB", at_most(0.1), at_most(0.02))
PEAK = Judge(8, "true peak, whatever is played", "dBTP", at_most(-1.0), at_most(-1.3))

Scene = Callable[[ChoirBank], None]


def rendered(scene: Scene, seconds: float, volume: float = 1.0) -> Array:
    """The scene, half a second in, when the volume has settled."""
    bank = Bank(voices=256)
    assert bank.set_volume(volume, frame=0)
    bank.render(RATE // 2)
    scene(ChoirBank(bank))
    return bank.render(int(seconds * RATE)).astype(np.float64)


def gain_db(scene: Scene, seconds: float) -> Array:
    """What the limiter does to each hop; NaN where the scene is silent."""
    power = [np.sum(rendered(scene, seconds, volume).reshape(-1, HOP) ** 2, axis=1) for volume in (1.0, SOFT)]
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = 10 * np.log10(power[0] / (power[1] / SOFT**2))
    return np.where(power[1] > 1e-6 * power[1].max(), gain, np.nan)


def chord(name: str, voices: int, z: float | None, length_s: float | None = None) -> Scene:
    """So many fingers of a preset, one every 100 ms, over its surface."""
    preset = load(name)

    def scene(bank: ChoirBank) -> None:
        start = RATE // 2
        for i, x in enumerate(PLACES[:voices]):
            assert bank.note_on(i + 1, preset.voice_params(x, (i * 0.37) % 1.0, z), frame=start + i * RATE // 10)
        if length_s is not None:
            for i in range(voices):
                assert bank.note_off(i + 1, frame=start + int(length_s * RATE))

    return scene


def loudness_gain_db(scene: Scene, seconds: float) -> Array:
    """What the limiter does to the loudness: power over 100 ms, at each hop of the last two seconds."""
    power = [np.sum(rendered(scene, seconds, volume).reshape(-1, HOP) ** 2, axis=1) for volume in (1.0, SOFT)]
    limited, free = (np.convolve(p, np.ones(EAR_HOPS), "valid")[-2 * RATE // HOP :] for p in power)
    return np.asarray(10 * np.log10(limited / (free / SOFT**2)))


def spread(x: Array) -> float:
    low, high = np.percentile(x, (5, 95))
    return float(high - low)


@pytest.mark.parametrize("name", names())
def test_ordinary_playing_is_not_heard_to_be_limited(name: str) -> None:
    """As fingers without pressure play: at the preset's own effort."""
    gain = loudness_gain_db(chord(name, 8, None), 4.0)
    MOVES.hold(spread(gain), name)
    LOST.hold(-np.mean(gain), name)


@pytest.mark.parametrize("name", names())
def test_a_loud_chord_is_held_steadily(name: str) -> None:
    scene = chord(name, 8, 1.0)
    HEAVY.hold(spread(loudness_gain_db(scene, 4.0)), name)
    gain = gain_db(scene, 4.0)[-2 * RATE // HOP :]
    slow = np.convolve(gain, np.ones(EAR_HOPS // 2) / (EAR_HOPS // 2), "same")
    ROUGH.hold(np.nanstd((gain - slow)[EAR_HOPS:-EAR_HOPS]), name)


def test_after_a_loud_chord_a_soft_voice_comes_back_smoothly() -> None:
    """A soft soprano is held; eight tenors at full pressure sing over her for a second."""

    def scene(bank: ChoirBank) -> None:
        held = still(f0_hz=440.0, vowel=sung("soprano")["a"], level_db=-6.0)
        assert bank.note_on(99, [held], frame=RATE // 2)
        preset = load("tenor")
        for i, x in enumerate(PLACES):
            assert bank.note_on(i + 1, preset.voice_params(x, 0.0, 1.0), frame=RATE)
        for i in range(len(PLACES)):
            assert bank.note_off(i + 1, frame=2 * RATE)

    gain = gain_db(scene, 4.0)
    deepest = np.nanmin(gain)
    assert deepest < -4.0  # the chord is loud enough to be a test
    ended = (2 * RATE - RATE // 2) // HOP
    BACK.hold(np.argmax(gain[ended:] > -1.0) * HOP / RATE, deepest)
    # Their tails still beat: it returns from the last peak that had to be held on.
    free = np.abs(rendered(scene, 4.0, SOFT)).reshape(-1, HOP).max(axis=1) / SOFT
    held = np.flatnonzero(free > CEILING)[-1]
    assert ended < held < ended + 0.2 * RATE / HOP
    SWELL.hold(-np.nanmin(np.diff(gain[held + 1 :])), deepest)


def extremes() -> dict[str, Scene]:
    def many(bank: ChoirBank) -> None:
        for i in range(64):
            params = still(f0_hz=55.0 * 2 ** (i / 12), vowel=sung("bass")["a"], level_db=12.0)
            assert bank.note_on(i + 1, [params], frame=RATE // 2 + 37 * i)

    def bright(bank: ChoirBank) -> None:
        for i in range(16):
            hz = 9000.0 + 600.0 * i
            vowel = Vowel((hz, hz + 200, hz + 400, hz + 600, hz + 800), (800.0,) * 5, (0.0,) * 5)
            params = still(f0_hz=110.0 + 7 * i, vowel=vowel, level_db=12.0, algorithm="modfm")
            assert bank.note_on(i + 1, [params], frame=RATE // 2 + 999 * i)

    scenes: dict[str, Scene] = {"64 basses at 12 dB": many, "formants from 9 to 20 kHz": bright}
    for name in names():
        scenes[f"{name}, eight fingers"] = chord(name, 8, 1.0)
    return scenes


@pytest.mark.parametrize("name", extremes())
def test_no_peak_is_above_the_ceiling(name: str) -> None:
    y = rendered(extremes()[name], 2.5)
    y[-RATE // 100 :] *= np.linspace(1.0, 0.0, RATE // 100)  # cut at a loud sample, it would ring over the ceiling here
    PEAK.hold(true_peak_db(y), name)


def test_a_gain_that_moves_is_found_by_this_judge() -> None:
    """The judge itself: forty loud voices are limited, one is not."""

    def forty(bank: ChoirBank) -> None:
        for i in range(40):
            assert bank.note_on(i + 1, [still(f0_hz=100.0 + 3 * i)], frame=RATE // 2)

    assert np.nanmin(gain_db(forty, 1.0)) < -1.0
    assert spread(loudness_gain_db(forty, 4.0)) > 0.1
    assert abs(np.nanmin(gain_db(chord("tenor", 1, None), 1.0))) < 1e-4
