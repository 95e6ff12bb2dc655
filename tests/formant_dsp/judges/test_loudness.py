"""Judge 8, loudness: vowels, pitches, effort and presets by ITU-R BS.1770 (pyloudnorm)."""

from __future__ import annotations

import numpy as np
import pytest
from support.judges.judge import Judge, at_most, within
from support.judges.signals import RATE, held, still
from support.sound.loudness import TARGET_LUFS, lufs, phrase, true_peak_db
from support.sound.spectrum import Array

from formant_dsp import ALGORITHMS, Bank, VoiceParams, Vowel, sung
from formant_dsp.model.expression import Expression, express
from formant_dsp.model.params import trusted
from formant_dsp.model.presets import load, names

METER = Judge(8, "the meter itself: a 997 Hz sine of full scale, -3.01 LUFS", "LU", within(0.1), within(0.05))
ALIGNED = Judge(
    8, "vowels of a voice at one pitch after alignment of their rms, half of the spread", "LU", at_most(1.0)
)  # fmt: skip
PITCHES = Judge(
    8, "a voice over its range at equal effort, `resonance` 0.5, half of the spread", "LU",
    at_most(3.0), at_most(1.5),
)  # fmt: skip
EVEN = Judge(8, "same, `resonance` 0", "LU", at_most(3.0), at_most(1.5))
EFFORT = Judge(
    8,
    "effort 0.2 to 1 against its law of 40 dB, rms, `resonance` 0",
    "dB",
    within(1.5),
    within(1.0),
)
EFFORT_ALIVE = Judge(
    8, "same, `resonance` 0.5", "dB", within(1.5), within(1.0),
)  # fmt: skip
OVER_PRESETS = Judge(
    8, "pitch and vowel of every preset but those that presets.md names, half of the spread", "LU",
    at_most(1.5), at_most(1.0),
)  # fmt: skip
HEARD = Judge(8, "level of any pitch whose first harmonic fits, re that asked for", "dB", within(3.0), within(3.0))
PRESETS = Judge(8, "presets on one phrase, louder or softer than -21 LUFS", "LU", within(0.5), within(0.25))
PEAK = Judge(8, "true peak of the presets on that phrase", "dBTP", at_most(-1.0), at_most(-3.0))

RANGES_HZ = {  # what each of them sings, of 85, 110, 150, 220, 330, 440, 880
    "bass": (85, 110, 150, 220, 330), "tenor": (110, 150, 220, 330, 440), "countertenor": (150, 220, 330, 440),
    "alto": (150, 220, 330, 440), "soprano": (220, 330, 440, 880),
}  # fmt: skip


def sung_so(vowel: Vowel, f0_hz: float, resonance: float, effort: float | None = None) -> VoiceParams:
    e = express(vowel, f0_hz, Expression(), {"resonance": resonance}, effort=effort)
    return still(f0_hz=f0_hz, vowel=e.vowel, level_db=e.level_db, **e.fields)


UNEVEN = {"shear": 2.5, "zing": 2.3, "plane": 2.0, "ring-tenor": 1.8}
"""LU: what docs/play/presets.md says of presets whose vowels differ more, and why."""
WITHOUT_LIFE = {
    "vibrato_cents": 0.0, "jitter_percent": 0.0, "shimmer_db": 0.0, "flutter": 0.0, "drift_cents": 0.0, "wander": 0.0,
    "scoop_cents": 0.0, "attack_s": 0.01, "breath_lead_s": 0.0, "onset_tilt_db": 0.0, "detune_cents": 0.0,
}  # fmt: skip


@pytest.mark.parametrize("name", names())
def test_a_preset_is_as_loud_at_every_pitch_in_every_vowel(name: str) -> None:
    preset, found = load(name), []
    for x in (0.05, 0.35, 0.65, 0.95):
        for y in (0.0, 0.25, 0.5, 0.75, 1.0):
            bank = Bank(voices=2)
            assert bank.note_on(1, trusted(preset.voice_params(x, y, 0.5)[0], WITHOUT_LIFE))
            found.append(lufs(bank.render(RATE)[RATE // 2 :].astype(np.float64)))
    spread = (max(found) - min(found)) / 2
    if name in UNEVEN:
        assert spread <= UNEVEN[name], np.round(found, 1)
    else:
        OVER_PRESETS.hold(spread, (name, np.round(found, 1)))


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
        ALIGNED.hold((max(found.values()) - min(found.values())) / 2, (voice, f0, found))


@pytest.mark.parametrize(("judge", "resonance"), [(PITCHES, 0.5), (EVEN, 0.0)], ids=["0.5", "0"])
@pytest.mark.parametrize("voice", RANGES_HZ)
def test_a_voice_is_as_loud_at_every_pitch(voice: str, judge: Judge, resonance: float) -> None:
    for name, vowel in sung(voice).items():
        found = []
        for f0 in RANGES_HZ[voice]:
            found.append(lufs(held(sung_so(vowel, f0, resonance), 0.6)))
        judge.hold((max(found) - min(found)) / 2, (voice, name, np.round(found, 1)))


@pytest.mark.parametrize(("judge", "resonance"), [(EFFORT_ALIVE, 0.5), (EFFORT, 0.0)], ids=["0.5", "0"])
@pytest.mark.parametrize("name", ["a", "i", "u"])
def test_effort_is_forty_decibels(name: str, judge: Judge, resonance: float) -> None:
    efforts, found = np.linspace(0.2, 1.0, 9), []
    for effort in efforts:
        found.append(rms_db(held(sung_so(sung("tenor")[name], 150.0, resonance, float(effort)), 0.5)))
    off = np.array(found) - 40.0 * efforts
    for effort, value in zip(efforts, off, strict=True):
        judge.hold(value - np.mean(off), (name, effort))
    assert np.all(np.diff(found) > 0.0)


@pytest.mark.parametrize("name", names())
def test_presets_are_equally_loud(name: str) -> None:
    """Run support.sound.loudness --write after a change."""
    y = phrase(load(name))
    PRESETS.hold(lufs(y) - TARGET_LUFS, name)
    PEAK.hold(true_peak_db(y), name)


def test_a_peak_between_samples_is_found_by_this_judge() -> None:
    """A sine of a quarter of the rate, sampled 45° beside its peaks: 3 dB higher between the samples."""
    y = 0.5 * np.sin(np.pi / 2 * np.arange(4800) + np.pi / 4)
    assert true_peak_db(y) - 20 * np.log10(np.abs(y).max()) == pytest.approx(3.01, abs=0.2)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_pitch_is_heard_at_every_rate(algorithm: str) -> None:
    """Down to a sine: where only the first harmonics fit, the first formant is a pair of harmonics."""
    for rate, pitches in ((16000, (1500, 3951)), (22050, (2000, 3951)), (32000, (2800, 3951)), (44100, (3900, 3951))):
        for f0 in pitches:
            for name, vowel in (("bass u", sung("bass")["u"]), ("soprano a", sung("soprano")["a"])):
                bank = Bank(voices=1, sample_rate=rate)
                assert bank.note_on(1, still(f0_hz=f0, vowel=vowel, algorithm=algorithm))
                level = rms_db(bank.render(rate // 2)[rate // 4 :].astype(np.float64))
                HEARD.hold(level + 20.0, (algorithm, rate, f0, name))
