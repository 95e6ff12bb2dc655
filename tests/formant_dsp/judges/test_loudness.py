"""Judge 8, loudness: vowels, pitches, effort and presets by ITU-R BS.1770 (pyloudnorm)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from support.loudness import TARGET_LUFS, lufs, phrase, true_peak_db
from support.sing import RATE, held, still
from support.spectrum import Array
from support.verdict import Judge, at_most, within

from formant_dsp import VoiceParams, Vowel, sung
from formant_dsp.evenness import rms_error_db
from formant_dsp.expression import Expression, express
from formant_dsp.presets import load, names

METER = Judge(8, "the meter itself: a 997 Hz sine of full scale, -3.01 LUFS", "LU", within(0.1), within(0.05))
ALIGNED = Judge(
    8, "vowels of a voice at one pitch after alignment of their rms", "LU", within(1.0), regress=within(1.3),
    why="a of a tenor at 440 Hz: brighter than his other vowels, which K-weighting hears",
)  # fmt: skip
PITCHES = Judge(
    8, "a voice over its range at equal effort, from touch to touch, `resonance` 0.5, half of the spread", "LU",
    at_most(3.0), at_most(1.5),
)  # fmt: skip
EVEN = Judge(8, "same, `resonance` 0", "LU", at_most(3.0), at_most(1.5))
EFFORT = Judge(
    8,
    "effort 0.2 to 1 against its law of 40 dB, rms, from touch to touch, `resonance` 0",
    "dB",
    within(1.5),
    within(1.0),
)
EFFORT_ALIVE = Judge(
    8, "same, `resonance` 0.5", "dB", within(1.5), within(1.0),
)  # fmt: skip
BARE = "without the level that evenness.py foretells, which only presets add"
BARE_PITCHES = Judge(
    8, "a voice over its range at equal effort, `express` alone, `resonance` 0.5, half of the spread", "LU",
    at_most(3.0), regress=at_most(3.2),
    why=f"{BARE}: o of a countertenor at 330 Hz has no harmonic near F1; 0.5 is meant to let that be heard",
)  # fmt: skip
BARE_EVEN = Judge(8, "same, `resonance` 0", "LU", at_most(3.0), at_most(1.5))
BARE_EFFORT = Judge(8, "effort 0.2 to 1, `express` alone, `resonance` 0", "dB", within(1.5), within(1.0))
BARE_ALIVE = Judge(
    8, "same, `resonance` 0.5", "dB", within(1.5), regress=within(2.2),
    why=f"{BARE}: F1 rises with effort and passes the second harmonic on its way",
)  # fmt: skip
PRESETS = Judge(8, "presets on one phrase, louder or softer than -21 LUFS", "LU", within(0.5), within(0.25))
PEAK = Judge(8, "true peak of the presets on that phrase", "dBTP", at_most(-1.0), at_most(-3.0))

Sing = Callable[..., VoiceParams]

RANGES_HZ = {  # what each of them sings, of 85, 110, 150, 220, 330, 440, 880
    "bass": (85, 110, 150, 220, 330), "tenor": (110, 150, 220, 330, 440), "countertenor": (150, 220, 330, 440),
    "alto": (150, 220, 330, 440), "soprano": (220, 330, 440, 880),
}  # fmt: skip


def bare(vowel: Vowel, f0_hz: float, resonance: float, effort: float | None = None) -> VoiceParams:
    """What `express` alone makes of a gesture; of equal level where no effort is given."""
    e = express(vowel, f0_hz, Expression(), {"resonance": resonance}, effort=effort)
    return still(f0_hz=f0_hz, vowel=e.vowel, level_db=0.0 if effort is None else e.level_db, **e.fields)


def touched(vowel: Vowel, f0_hz: float, resonance: float, effort: float | None = None) -> VoiceParams:
    """What a finger that touches down sings: gesture and foretold level, as in `Preset.voice_params`."""
    e = express(vowel, f0_hz, Expression(), {"resonance": resonance}, effort=effort)
    return still(
        f0_hz=f0_hz, vowel=e.vowel, level_db=e.level_db - rms_error_db(e.vowel, f0_hz, "voice", e.fields), **e.fields
    )


def rms_db(y: Array) -> float:
    return float(10 * np.log10(np.mean(y**2)))


def test_the_meter_reads_what_the_norm_says() -> None:
    sine = np.sin(2 * np.pi * 997 / RATE * np.arange(2 * RATE))
    METER.hold(lufs(sine) + 3.01)


@pytest.mark.parametrize("voice", RANGES_HZ)
def test_vowels_of_equal_rms_are_equally_loud(voice: str) -> None:
    for f0 in RANGES_HZ[voice]:
        sounds = {name: held(still(f0_hz=f0, vowel=vowel), 0.6) for name, vowel in sung(voice).items()}
        found = {name: lufs(y) - rms_db(y) for name, y in sounds.items()}
        for name, value in found.items():
            ALIGNED.hold(value - np.mean(list(found.values())), (voice, f0, name))


@pytest.mark.parametrize(
    ("sing", "judge", "resonance"),
    [(touched, PITCHES, 0.5), (touched, EVEN, 0.0), (bare, BARE_PITCHES, 0.5), (bare, BARE_EVEN, 0.0)],
    ids=["0.5", "0", "bare 0.5", "bare 0"],
)
@pytest.mark.parametrize("voice", RANGES_HZ)
def test_a_voice_is_as_loud_at_every_pitch(voice: str, sing: Sing, judge: Judge, resonance: float) -> None:
    for name, vowel in sung(voice).items():
        found = []
        for f0 in RANGES_HZ[voice]:
            found.append(lufs(held(sing(vowel, f0, resonance), 0.6)))
        judge.hold((max(found) - min(found)) / 2, (voice, name, np.round(found, 1)))


@pytest.mark.parametrize(
    ("sing", "judge", "resonance"),
    [(touched, EFFORT_ALIVE, 0.5), (touched, EFFORT, 0.0), (bare, BARE_ALIVE, 0.5), (bare, BARE_EFFORT, 0.0)],
    ids=["0.5", "0", "bare 0.5", "bare 0"],
)
@pytest.mark.parametrize("name", ["a", "i", "u"])
def test_effort_is_forty_decibels(name: str, sing: Sing, judge: Judge, resonance: float) -> None:
    efforts, found = np.linspace(0.2, 1.0, 9), []
    for effort in efforts:
        found.append(rms_db(held(sing(sung("tenor")[name], 150.0, resonance, float(effort)), 0.5)))
    off = np.array(found) - 40.0 * efforts
    for effort, value in zip(efforts, off, strict=True):
        judge.hold(value - np.mean(off), (name, effort))
    assert np.all(np.diff(found) > 0.0)


@pytest.mark.parametrize("name", names())
def test_presets_are_equally_loud(name: str) -> None:
    """Run support.loudness --write after a change."""
    y = phrase(load(name))
    PRESETS.hold(lufs(y) - TARGET_LUFS, name)
    PEAK.hold(true_peak_db(y), name)


def test_a_peak_between_samples_is_found_by_this_judge() -> None:
    """A sine of a quarter of the rate, sampled 45° beside its peaks: 3 dB higher between the samples."""
    y = 0.5 * np.sin(np.pi / 2 * np.arange(4800) + np.pi / 4)
    assert true_peak_db(y) - 20 * np.log10(np.abs(y).max()) == pytest.approx(3.01, abs=0.2)
