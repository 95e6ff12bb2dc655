"""The reference's high band: its level by the law, its spectrum, and where it ends."""

from __future__ import annotations

import numpy as np
import pytest

from formant_dsp import VoiceParams
from formant_dsp.reference import air

RATE = 48000


def row(**fields: float) -> np.ndarray:
    return np.array(VoiceParams(air=1.0, **fields).target_row())  # type: ignore[arg-type]


def lines(rows: air.Air, k: int = 256, n: int = 65536) -> np.ndarray:
    phase = ((np.arange(n, dtype=np.int64) * (k << 16)) % 2**32).astype(np.float64)
    still = air.Air(*(np.full(n, float(part)) for part in rows))
    return np.abs(np.fft.rfft(air.sound(phase, still)))[k::k] / (n / 2)


def test_the_peak_of_the_lobe_is_the_source_times_the_mean_gain_of_a_tube() -> None:
    f0 = 187.5
    x = row(jitter_percent=0.3)
    found = lines(air.air(x, 1.0, f0, RATE, 0.0))
    khz, f1, b1 = 6.6, 2.0 ** x[0], 0.1 * 2.0 ** x[5]
    corner = 3.0 / np.sqrt(10**1.24 - 1)
    law = 2 * b1 / khz * np.sqrt((1 + (f1 / corner) ** 2) / (1 + (khz / corner) ** 2))
    assert 20 * np.log10(found[round(6600 / f0) - 1] / law) == pytest.approx(0.0, abs=0.2)


def test_the_square_lies_an_octave_higher_and_is_continuous_in_the_centre() -> None:
    x = row(jitter_percent=0.3)
    rows = air.air(x, 1.0, 187.5, RATE, 0.0)
    alone = lines(rows._replace(lobe=np.zeros(())))
    assert abs(int(alone.argmax()) + 1 - 13200 / 187.5) <= 1.0
    near = [lines(rows._replace(nu=np.array(35.0 + d))) for d in (-1e-6, 1e-6)]
    assert np.abs(near[0] - near[1]).max() < 1e-6 * near[0].max()


def test_a_darker_source_and_an_opening_note_have_less_of_it() -> None:
    levels = [float(air.air(row(tilt_db=tilt), 1.0, 220.0, RATE, dim).lobe) for tilt, dim in ((0, 0), (6, 0), (0, 6))]
    assert levels[0] > levels[1] > 0.0
    assert levels[0] > levels[2] > 0.0
    assert air.dimming(3.0, 6.0) == pytest.approx(10 ** (-6 / 20))


def test_it_ends_before_half_the_sample_rate_and_noise_stands_for_jitter() -> None:
    rows = air.air(row(air_hz=12000.0), 1.0, 220.0, 32000, 0.0)
    assert float(rows.lobe) == float(rows.square) == 0.0
    assert float(air.air(row(), 1.0, 220.0, RATE, 0.0).noise) > 0.0
    assert float(air.air(row(jitter_percent=0.3), 1.0, 220.0, RATE, 0.0).noise) == 0.0
