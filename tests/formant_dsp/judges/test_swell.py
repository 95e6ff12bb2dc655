"""Judge 14, swell: vibrato through the resonances moves the level as in a vocal tract; the note stays as loud."""

from __future__ import annotations

import numpy as np
import pytest
from support.judges.judge import Judge, at_most, within
from support.judges.signals import RATE
from support.sound.spectrum import Array

from formant_dsp import Bank, VoiceParams, Vowel, sung
from formant_dsp.model import tract
from formant_dsp.model.expression import Expression, express

SWELL = Judge(
    14, "swell of a vibrato of ± 70 cents against the all-pole tract: five vowels, eight pitches, rms", "dB",
    at_most(2.5), at_most(1.5),
    why="high voices: the whistle is taken from them, and the table's first formants are narrow",
)  # fmt: skip
IRONED = Judge(14, "same, `swell` as `resonance`: how it was (it must be worse)", "dB", at_most(6.0))
MEAN = Judge(14, "level of the note re the same without vibrato, mean", "dB", within(1.5), within(0.5))

PITCHES = {"tenor": (150.0, 220.0, 300.0, 400.0), "soprano": (300.0, 440.0, 600.0, 800.0)}


def tract_db(vowel: Vowel, f0_hz: float) -> float:
    """Level of a source of -6 dB an octave through five resonances."""
    harmonics = f0_hz * np.arange(1, int(8000.0 / f0_hz) + 1)
    levels = [tract.cascade_db(float(hz), vowel.frequency_hz, vowel.bandwidth_hz) for hz in harmonics]
    # 2 f0: the amplitude of a harmonic of a pulse train
    return float(10.0 * np.log10(f0_hz**2 * np.sum(10.0 ** (np.array(levels) / 10.0))))


def level_db(y: Array, f0_hz: float) -> Array:
    """Level of every millisecond over two periods."""
    n = 2 * round(RATE / f0_hz)
    power = np.convolve(y**2, np.ones(n) / n, "same")
    return np.asarray(10.0 * np.log10(power[RATE // 4 : -RATE // 4 : 48] + 1e-20))


def bank_db(vowel: Vowel, f0_hz: float, vibrato_cents: float, **changes: float) -> Array:
    e = express(vowel, f0_hz, Expression(tuning=0.0, larynx=0.0))
    bank = Bank()
    fields = {**e.fields, **changes}
    assert bank.note_on(
        1,
        VoiceParams(
            f0_hz=f0_hz, vowel=vowel, vibrato_cents=vibrato_cents, vibrato_delay_s=0.0, vibrato_fade_s=0.01,
            vibrato_spread=0.0, vibrato_drift_percent=0.0, **fields,  # type: ignore[arg-type]
        ),
    )  # fmt: skip
    return level_db(bank.render(3 * RATE // 2).astype(np.float64), f0_hz)


@pytest.mark.parametrize("voice", PITCHES)
def test_vibrato_swells_as_in_a_tract(voice: str) -> None:
    errors, before, means = [], [], []
    for vowel in sung(voice).values():
        for f0_hz in PITCHES[voice]:
            tract_levels = [tract_db(vowel, f0_hz * 2.0 ** (c / 1200.0)) for c in range(-70, 71, 5)]
            moving = bank_db(vowel, f0_hz, 70.0)
            errors.append(np.ptp(moving) - np.ptp(tract_levels))
            resonance = express(vowel, f0_hz, Expression()).fields["resonance"]
            before.append(np.ptp(bank_db(vowel, f0_hz, 70.0, swell=resonance)) - np.ptp(tract_levels))
            means.append(np.mean(moving) - np.mean(bank_db(vowel, f0_hz, 0.0)))
    SWELL.hold(np.sqrt(np.mean(np.square(errors))), voice)
    IRONED.hold(np.sqrt(np.mean(np.square(before))), voice)
    assert np.mean(np.square(errors)) < np.mean(np.square(before))
    MEAN.hold(np.mean(means), voice)


def test_loudness_at_rest_does_not_depend_on_the_swell() -> None:
    for f0_hz in (150.0, 333.0, 700.0):
        vowel = sung("alto")["e"]
        levels = [float(np.mean(bank_db(vowel, f0_hz, 0.0, swell=swell))) for swell in (0.0, 0.5, 1.0)]
        assert np.ptp(levels) < 0.02
