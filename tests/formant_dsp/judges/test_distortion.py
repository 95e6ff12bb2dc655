"""Judge 7, distortion: one harmonic is one harmonic, and the peaks of a voice are no higher than a natural one's."""

from __future__ import annotations

import numpy as np
import pytest
from support.judges.judge import Judge, at_most, within
from support.judges.signals import KS, held, steady, still
from support.sound.pitch import PURE
from support.sound.spectrum import Array, N, odd_f0

from formant_dsp import isas
from formant_dsp.model.tables import table

PURITY = Judge(7, "one harmonic alone: all else that sounds (THD + N)", "dB", at_most(-90.0), at_most(-120.0))
CREST = Judge(
    7, "crest factor re the residue voice, mean of eleven vowels, 85 … 440 Hz", "dB", within(2.0), within(1.0)
)


@pytest.mark.parametrize("isa", isas())
def test_one_harmonic_is_pure(isa: str) -> None:
    """The narrowest Poisson lobe at f0: from 220 Hz on its neighbours are below -260 dB, all else is error."""
    for k in (301, 451, 601, 1201):
        y = steady(still(f0_hz=odd_f0(k), vowel=PURE, algorithm="poisson"), isa)
        power = np.abs(np.fft.rfft(y[-N:])) ** 2
        PURITY.hold(10 * np.log10((power.sum() - power[k]) / power[k]), (isa, k))


def crest_db(y: Array) -> float:
    return float(20 * np.log10(np.abs(y).max() / np.std(y)))


@pytest.mark.parametrize("k", KS[:-1])
def test_peaks_are_no_higher_than_those_of_a_natural_voice(k: int) -> None:
    men = table("h95_tokens", "men")
    found = []
    for name in men:
        vowel = men[f"key:{name}"]
        bank, exact = (
            crest_db(held(still(f0_hz=odd_f0(k), vowel=vowel, algorithm=algorithm, level_db=-12), 0.5))
            for algorithm in ("voice", "natural")
        )
        found.append(bank - exact)
    CREST.hold(np.mean(found), k)
