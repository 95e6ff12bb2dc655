"""Judge 1, harmonic spectrum: every harmonic of a steady voice has the amplitude that the formula says.

f0 is K·rate/65536 with K odd: the harmonics lie on bins of an FFT without a window, and nothing leaks.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import ive
from support.judges import closed_form
from support.judges.closed_form import COMPLETE
from support.judges.judge import Judge, at_most, within
from support.judges.signals import KS, every_vowel, one_lobe, steady, still
from support.sound.spectrum import Array, dc_db, harmonics, odd_f0
from support.suite.cases import ALL_CASES, some

from formant_dsp import Vowel, isas, sung
from formant_dsp.reference import render
from formant_dsp.score.score import Event

FLOAT32 = Judge(
    1, "harmonics above -60 dB against the closed form, all tables, 84 … 880 Hz", "dB", at_most(0.05), at_most(0.01)
)
FLOAT64 = Judge(1, "same, float64 reference", "dB", at_most(0.01), at_most(1e-4))
RESIDUE32 = Judge(1, "residue voice against its poles, harmonics above -60 dB", "dB", at_most(0.01), at_most(0.01))
RESIDUE64 = Judge(1, "residue voice in float64, harmonics to 8 kHz", "dB", at_most(0.01), at_most(1e-6))
DC = Judge(1, "DC re the strongest harmonic, sine carriers", "dB", at_most(-100.0), at_most(-140.0))
DC_RESIDUE = Judge(
    1, "DC of the residue voice", "dB", at_most(-100.0), at_most(-140.0),
    why="its mean is subtracted in float32, as its terms are summed",
)  # fmt: skip
CENTROID = Judge(1, "centre of one lobe, anywhere between two harmonics", "%", within(0.1), within(0.01))
PARABOLA = Judge(
    1, "-3 dB width of one lobe, β ≥ 3, from a parabola through three harmonics", "%", within(5.0), within(1.0),
    why="at β = 3 the lobe is no parabola",
)  # fmt: skip
WIDTH = Judge(1, "same, from the lobe's own law, I_{β/2}(k)/I_0(k) = 2^(-1/2)", "%", within(5.0), within(1.0))


def decibels(a: Array) -> Array:
    return np.asarray(20 * np.log10(a / a.max() + 1e-30))


def off_db(got: Array, want: Array, above_db: float = -60.0) -> float:
    """Largest difference of two harmonic spectra where the wanted one is above a level, both re their strongest."""
    n = min(len(got), len(want))
    want_db = decibels(want[:n])
    return float(np.abs(decibels(got[:n]) - want_db)[want_db > above_db].max())


@pytest.mark.parametrize("algorithm", COMPLETE)
def test_every_vowel_of_every_table_follows_the_closed_form(algorithm: str) -> None:
    skirt, voicing = COMPLETE[algorithm]
    for name, vowel in every_vowel()[:: 1 if ALL_CASES else 3 if algorithm == "voice" else 5]:
        for k in KS:
            f0 = odd_f0(k)
            got = harmonics(steady(still(f0_hz=f0, vowel=vowel, algorithm=algorithm)), k)
            FLOAT32.hold(off_db(got, closed_form.voice(vowel, f0, skirt, voicing)), (algorithm, name, k))


@pytest.mark.parametrize("isa", isas())
@pytest.mark.parametrize("algorithm", COMPLETE)
def test_every_instruction_set_follows_the_closed_form(isa: str, algorithm: str) -> None:
    skirt, voicing = COMPLETE[algorithm]
    for name, vowel in sung("tenor").items():
        for k in (115, 301, 1201):
            f0 = odd_f0(k)
            got = harmonics(steady(still(f0_hz=f0, vowel=vowel, algorithm=algorithm), isa), k)
            FLOAT32.hold(off_db(got, closed_form.voice(vowel, f0, skirt, voicing)), (isa, algorithm, name, k))


@pytest.mark.parametrize("algorithm", COMPLETE)
def test_the_reference_follows_the_closed_form(algorithm: str) -> None:
    k = 301
    f0 = odd_f0(k)
    for name, vowel in some(list(sung("tenor").items()), 3):
        y = render([Event(0, 1, still(f0_hz=f0, vowel=vowel, algorithm=algorithm))], 76_800)
        want = closed_form.voice(closed_form.rounded(vowel), f0, *COMPLETE[algorithm])
        FLOAT64.hold(off_db(harmonics(y, k), want), name)


@pytest.mark.parametrize("isa", isas())
def test_residue_voice_is_the_cascade_of_its_poles(isa: str) -> None:
    for name, vowel in every_vowel()[:: 3 if isa == isas()[0] else 11]:
        for k in (115, 301, 1201):
            f0 = odd_f0(k)
            got = harmonics(steady(still(f0_hz=f0, vowel=vowel, algorithm="natural"), isa), k)
            want = closed_form.tract(vowel, f0 * np.arange(1, len(got) + 1))
            RESIDUE32.hold(off_db(got, want), (isa, name, k))


def test_residue_voice_of_the_reference_is_the_cascade_of_its_poles() -> None:
    k = 301
    f0 = odd_f0(k)
    for name in ("a", "i", "u"):
        vowel = sung("tenor")[name]
        y = render([Event(0, 1, still(f0_hz=f0, vowel=vowel, algorithm="natural"))], 90_000)
        hz = f0 * np.arange(1, int(8000 / f0) + 1)
        want = closed_form.tract(closed_form.rounded(vowel), hz)
        RESIDUE64.hold(off_db(harmonics(y, k), want, -400.0), name)


@pytest.mark.parametrize("algorithm", ["voice", "modfm", "chowning", "poisson", "natural"])
def test_no_direct_current(algorithm: str) -> None:
    for name, vowel in sung("bass").items():
        for k in KS:
            y = steady(still(f0_hz=odd_f0(k), vowel=vowel, algorithm=algorithm))
            (DC_RESIDUE if algorithm == "natural" else DC).hold(dc_db(y, k), (algorithm, name, k))


def test_centroid_of_one_lobe_is_the_formant() -> None:
    """Amplitude-weighted centre, wherever the formant lies between two harmonics."""
    k = 151
    f0 = odd_f0(k)
    for nu in (20.0, 20.1, 20.25, 20.5, 20.75, 20.9):
        params = still(f0_hz=f0, vowel=one_lobe(nu, 2.0, f0), algorithm="modfm", resonance=0.0)
        a = harmonics(steady(params), k)
        centre = np.sum(a * np.arange(1, len(a) + 1)) / a.sum()
        CENTROID.hold(100 * (centre / nu - 1), nu)


def width_of(k: float) -> float:
    """Full -3 dB width, in harmonics, of a lobe of index k: continuous order of the Bessel function."""
    return float(brentq(lambda beta: ive(beta / 2, k) / ive(0, k) - 0.5**0.5, 0.1, 100.0))


def test_width_of_one_lobe_is_the_bandwidth() -> None:
    """From the harmonic at the centre and its neighbours alone."""
    k = 151
    f0 = odd_f0(k)
    for beta in (3.0, 4.0, 6.0, 8.0, 10.0):
        a = harmonics(steady(still(f0_hz=f0, vowel=one_lobe(25.0, beta, f0), algorithm="modfm")), k)[23:26]
        level = 20 * np.log10(a)
        parabola = 2 * np.sqrt(-3.0103 / ((level[0] + level[2]) / 2 - level[1]))
        PARABOLA.hold(100 * (parabola / beta - 1), beta)
        ratio = (a[0] + a[2]) / 2 / a[1]
        index = brentq(lambda x, ratio=ratio: ive(1, x) / ive(0, x) - ratio, 0.1, 1000.0)
        WIDTH.hold(100 * (width_of(index) / beta - 1), beta)


def test_a_wrong_formant_is_found_by_this_judge() -> None:
    """The judge itself: 1 % in one centre, 10 % in one width or 0.5 dB in one level cannot pass."""
    k = 151
    f0, vowel = odd_f0(k), sung("tenor")["a"]
    want = closed_form.voice(vowel, f0)
    f, b, a = vowel.frequency_hz, vowel.bandwidth_hz, vowel.level_db
    for wrong in (
        Vowel((f[0] * 1.01, *f[1:]), b, a),
        Vowel(f, (b[0], b[1] * 1.1, *b[2:]), a),
        Vowel(f, b, (a[0], a[1] + 0.5, *a[2:])),
    ):
        assert off_db(harmonics(steady(still(f0_hz=f0, vowel=wrong)), k), want) > 0.05
