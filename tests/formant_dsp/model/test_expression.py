"""Voice quality: every gesture does to the sound what it says, and nothing jumps."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from support.sound.spectrum import Array, f0_hz, harmonics, odd_f0

from formant_dsp import Bank, VoiceParams, Vowel, sung
from formant_dsp.model.evenness import rms_error_db
from formant_dsp.model.expression import NEUTRAL_EFFORT, RANGES, RING_HZ, Expression, express

RATE = 48000
TENOR_A = sung("tenor")["a"]
PLAIN = Expression(tuning=0.0, larynx=0.0)


def sound(
    f0: float, expression: Expression, voice: str = "tenor", vowel: str = "a", algorithm: str = "voice",
    seconds: float = 2.5, **base: float,
) -> Array:  # fmt: skip
    got = express(sung(voice)[vowel], f0, expression, base, algorithm=algorithm)
    bank = Bank(voices=2)
    params = VoiceParams(
        f0_hz=f0,
        vowel=got.vowel,
        level_db=got.level_db,
        algorithm=algorithm,
        vibrato_cents=0.0,
        **{**base, **cast(dict[str, Any], got.fields)},
    )
    assert bank.note_on(1, params)
    return bank.render(int(seconds * RATE)).astype(np.float64)


def band_db(y: Array, low_hz: float, high_hz: float) -> float:
    power = np.abs(np.fft.rfft(y[-RATE:] * np.hanning(RATE))) ** 2
    return float(10 * np.log10(power[int(low_hz) : int(high_hz)].sum() + 1e-30))


def alpha_ratio_db(y: Array) -> float:
    """Energy above 1 kHz re below, dB."""
    return band_db(y, 1000, 8000) - band_db(y, 50, 1000)


def outputs(vowel: str, f0: float, expression: Expression) -> Array:
    """Everything that comes out, in the units the ear uses: octaves, dB, shares."""
    got = express(sung("soprano")[vowel], f0, expression, {"jitter_percent": 0.5, "shimmer_db": 0.2})
    return np.array(
        [
            *map(math.log2, got.vowel.frequency_hz),
            *map(math.log2, got.vowel.bandwidth_hz),
            *(level / 6.0 for level in got.vowel.level_db),
            got.level_db / 6.0,
            *(
                value / 6.0 if name.endswith("_db") else math.log2(value) if name.endswith("_hz") else value
                for name, value in cast(dict[str, float], got.fields).items()
            ),
        ]
    )


def test_at_neutral_effort_a_vowel_sounds_as_its_table_has_it() -> None:
    got = express(TENOR_A, 200.0, PLAIN)
    assert got.vowel.frequency_hz == pytest.approx(TENOR_A.frequency_hz, abs=0.01)
    assert got.vowel.level_db == pytest.approx(TENOR_A.level_db, abs=1e-9)
    assert got.vowel.bandwidth_hz == TENOR_A.bandwidth_hz
    assert got.level_db == pytest.approx(-8.0 - rms_error_db(TENOR_A, 200.0, "voice", {}))
    assert got.fields == {"voicing": 0.7, "voiced": 1.0, "breath": 0.0, "resonance": 0.5, "swell": 0.9,
                          "jitter_percent": 0.0, "shimmer_db": 0.0,
                          "tilt_db": pytest.approx(0.0, abs=1e-9), "air_hz": pytest.approx(6600.0)}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in RANGES if name not in ("ring_hz", "tract_size")])
@pytest.mark.parametrize("f0", [110.0, 523.0])
def test_no_gesture_jumps(name: str, f0: float) -> None:
    """Any control swept over its range in 2,000 steps, others half on: each step is as small as its neighbours."""
    half = Expression(effort=0.5, falsetto=0.3, breath=0.4, whisper=0.2, ring=0.5, tuning=0.7)
    steps = [outputs("e", f0, replace(half, **{name: u})) for u in np.linspace(0.0, 1.0, 2001)]
    assert np.abs(np.diff(steps, axis=0)).max() < 0.01


@pytest.mark.parametrize("name", ["ring_hz", "tract_size"])
def test_no_size_jumps(name: str) -> None:
    bounds = RANGES[name]
    half = Expression(ring=0.5)
    steps = [outputs("e", 300.0, replace(half, **{name: u})) for u in np.linspace(bounds.low, bounds.high, 2001)]
    assert np.abs(np.diff(steps, axis=0)).max() < 0.01


@pytest.mark.parametrize("vowel", ["a", "i", "u"])
@pytest.mark.parametrize("expression", [Expression(), Expression(effort=0.2, ring=1.0, breath=1.0)])
def test_no_pitch_jumps_and_none_has_a_corner(vowel: str, expression: Expression) -> None:
    """f0 from 50 to 3,200 Hz in steps of 2 cents: no jump, and the slope changes by little from step to step."""
    steps = np.array([outputs(vowel, 50.0 * 2 ** (i / 600), expression) for i in range(3601)])
    assert np.abs(np.diff(steps, axis=0)).max() < 0.02
    assert np.abs(np.diff(steps, 2, axis=0)[:, :15]).max() < 3e-4


def test_formants_stay_in_order_whatever_is_asked_for() -> None:
    corners = itertools.product((0.0, 1.0), (0.0, 1.0), (2000.0, 4000.0), (0.6, 1.6), (40.0, 3900.0), ("i", "u"))
    for effort, ring, ring_hz, size, f0, vowel in corners:
        got = express(sung("bass")[vowel], f0, Expression(effort=effort, ring=ring, ring_hz=ring_hz, tract_size=size))
        assert all(a + 59.0 < b for a, b in itertools.pairwise(got.vowel.frequency_hz))
        VoiceParams(f0_hz=f0, vowel=got.vowel, level_db=got.level_db, **got.fields)


def test_effort_is_40_db_and_grows_without_a_turn() -> None:
    """Rms of what sounds; judge 8 has other vowels, pitches and loudness."""
    efforts = np.linspace(0.0, 1.0, 11)
    level = [20 * math.log10(np.std(sound(200.0, Expression(effort=e), seconds=0.6)[RATE // 5 :])) for e in efforts]
    assert np.array(level) - level[-1] == pytest.approx(40.0 * efforts - 40.0, abs=0.2)


def test_the_tilt_of_effort_is_the_same_in_the_residue_voice() -> None:
    """What effort does to the balance of bands around F1 and F3: within 3 dB of what it does to the bank's levels."""
    change = {}
    for algorithm in ("voice", "natural"):
        low, high = (sound(odd_f0(151), Expression(effort=e), algorithm=algorithm) for e in (0.4, 1.0))
        change[algorithm] = [band_db(high, *band) - band_db(low, *band) - 24.0 for band in ((400, 900), (2400, 3200))]
    assert change["natural"] == pytest.approx(change["voice"], abs=3.0)
    assert change["natural"][1] - change["natural"][0] > 7.0  # 19.2 dB at 3 kHz, 11.6 at F1


def test_high_notes_do_not_whistle() -> None:
    """F3 on the third harmonic of 900 Hz, and halfway to the fourth: without damping the band of F3 moves by the
    resonance, with it by half of that or less. A low note keeps its resonance."""

    def swing_db(f0: float, damping: float) -> float:
        hit = Vowel((950, 1900, 3 * f0, 3800, 4900), (90, 100, 60, 120, 140), (0, -6, -10, -30, -40))
        between = Vowel((950, 1900, 3.5 * f0, 3800, 4900), (90, 100, 60, 120, 140), (0, -6, -10, -30, -40))
        levels = []
        for vowel in (hit, between):
            got = express(vowel, f0, replace(PLAIN, damping=damping), {"resonance": 1.0})
            bank = Bank(voices=2)
            assert bank.note_on(1, VoiceParams(f0_hz=f0, vowel=got.vowel, vibrato_cents=0.0, skirt=0.0, **got.fields))
            levels.append(band_db(bank.render(RATE * 3 // 2).astype(np.float64), 2.9 * f0, 4.1 * f0))
        return levels[0] - levels[1]

    assert swing_db(900.0, 0.0) > 10.0
    assert swing_db(900.0, 1.0) < 0.5 * swing_db(900.0, 0.0)
    assert express(TENOR_A, 300.0, PLAIN).fields["resonance"] == 0.5
    assert express(TENOR_A, 1000.0, PLAIN).fields["resonance"] == 0.0


@pytest.mark.parametrize(("voice", "f0", "falsetto"), [("tenor", 165.0, 0.0), ("soprano", 262.0, 1.0)])
def test_more_effort_is_brighter(voice: str, f0: float, falsetto: float) -> None:
    """The alpha ratio moves 12 (men) … 19 dB (women) over 28 dB of level (Sundberg, Nordenberg 2006): 8 … 22 here."""
    alpha = [alpha_ratio_db(sound(f0, Expression(effort=e, falsetto=falsetto), voice)) for e in (0.3, 0.5, 0.75, 1.0)]
    assert np.all(np.diff(alpha) > 1.0)
    assert 8.0 < alpha[-1] - alpha[0] < 22.0


def test_effort_raises_the_first_formant_by_3_hz_a_db() -> None:
    soft, loud = (express(TENOR_A, 110.0, replace(PLAIN, effort=e)) for e in (0.55, NEUTRAL_EFFORT))
    assert (loud.vowel.frequency_hz[0] - soft.vowel.frequency_hz[0]) / 10.0 == pytest.approx(3.5 * 650 / 500, rel=0.01)


def test_ring_is_12_db_at_the_centre_of_the_ring() -> None:
    """A vowel without one (soprano a at low pitch): the band round 3 kHz rises by 10 dB or more, re the whole."""
    plain, ringing = (sound(220.0, Expression(ring=r, ring_hz=RING_HZ["alto"]), "alto") for r in (0.0, 1.0))
    gain = [band_db(y, 2600, 3400) - band_db(y, 50, 8000) for y in (plain, ringing)]
    assert gain[1] - gain[0] > 9.0
    f3, f5 = (
        express(sung("alto")["a"], 220.0, Expression(ring=1.0, ring_hz=3000.0)).vowel.frequency_hz[i] for i in (2, 4)
    )
    assert f5 - f3 < 0.5 * (4950 - 2800)


def test_ring_is_gone_at_the_highest_pitches() -> None:
    top = [express(sung("soprano")["a"], 1150.0, Expression(ring=r)) for r in (0.0, 1.0)]
    assert top[0] == top[1]


@pytest.mark.parametrize("vowel", ["a", "e", "i", "o", "u"])
@pytest.mark.parametrize("k", [601, 901, 1201, 1637])
def test_no_high_note_loses_its_fundamental(vowel: str, k: int) -> None:
    """440 … 1,200 Hz: it is within 12 dB of the strongest harmonic, and the strongest itself above every F1."""
    level = 20 * np.log10(harmonics(sound(odd_f0(k), Expression(), "soprano", vowel), k))
    assert level[0] > level.max() - 12.0
    assert k < 1201 or level[0] == level.max()


def test_tuning_keeps_the_first_formant_50_hz_above_the_pitch() -> None:
    for f0 in (200.0, 400.0, 700.0, 1100.0):
        f1, f2 = express(sung("soprano")["i"], f0, Expression()).vowel.frequency_hz[:2]
        assert f1 >= f0 + 50.0
        assert f2 >= 2 * f0 + 50.0
    low = express(sung("soprano")["a"], 260.0, Expression(larynx=0.0)).vowel.frequency_hz
    assert low[:2] == pytest.approx((800, 1150), abs=0.1)


def test_breath_adds_noise_and_takes_brightness() -> None:
    def noise_db(breath: float) -> float:
        """What is not a harmonic, re all."""
        k = 301
        power = np.abs(np.fft.rfft(sound(odd_f0(k), Expression(breath=breath))[-65536:])) ** 2
        beside = np.ones(len(power), bool)
        beside[::k] = False
        return float(10 * np.log10(power[beside].sum() / power.sum()))

    levels = [noise_db(b) for b in (0.0, 0.3, 0.6, 1.0)]
    assert levels[0] < -60.0
    assert np.all(np.diff(levels) > 2.0)
    assert -15.0 < levels[-1] < -5.0  # a breathy voice has 5 … 15 dB more harmonics than noise
    b1 = [express(TENOR_A, 200.0, Expression(breath=b)) for b in (0.0, 1.0)]
    assert b1[1].vowel.bandwidth_hz[0] == 2 * b1[0].vowel.bandwidth_hz[0]
    assert b1[1].vowel.level_db[2] < b1[0].vowel.level_db[2] - 8.0
    assert b1[1].fields["voicing"] > 1.9 * b1[0].fields["voicing"]


def test_a_whisper_has_no_pitch() -> None:
    y = sound(odd_f0(301), Expression(whisper=1.0))
    power = np.abs(np.fft.rfft(y[-65536:])) ** 2
    assert power[301::301].sum() < 0.05 * power.sum()
    assert np.sqrt(np.mean(y[-65536:] ** 2)) > 0.005


def test_a_voice_of_full_effort_keeps_its_pitch() -> None:
    y = sound(220.0, Expression(effort=1.0, ring=1.0))
    assert f0_hz(y[-RATE:], RATE, 220.0) == pytest.approx(220.0, rel=1e-4)


def test_a_larger_tract_lowers_all_formants_together() -> None:
    small, large = (express(TENOR_A, 110.0, replace(PLAIN, tract_size=s)).vowel.frequency_hz for s in (1.0, 1.2))
    assert [a / b for a, b in zip(small, large, strict=True)] == pytest.approx([1.2] * 5, rel=1e-3)


def test_the_larynx_rises_with_the_pitch() -> None:
    """K = 0.975 + f0/8000: 1 at 200 Hz, 2.5 % more at 400 Hz; not when it is held."""
    low, high = (express(TENOR_A, f0, Expression(tuning=0.0)).vowel.frequency_hz[1] for f0 in (200.0, 400.0))
    assert high / low == pytest.approx(1.025)
    assert express(TENOR_A, 400.0, PLAIN).vowel.frequency_hz[1] == pytest.approx(low)


def test_a_soft_voice_and_a_falsetto_are_mostly_fundamental() -> None:
    """The pulse: 9 dB of the fundamental over the whole of the effort, beside what the tilt does."""

    def h1_db(expression: Expression) -> float:
        return 20 * math.log10(express(TENOR_A, 440.0, expression).fields["voicing"] / 0.7)

    assert h1_db(PLAIN) == pytest.approx(0.0, abs=1e-9)
    soft, falsetto = h1_db(replace(PLAIN, effort=0.3)), h1_db(replace(PLAIN, falsetto=1.0))
    assert soft == pytest.approx(9.0 * 0.5, abs=3.0)
    assert soft > 9.0 * 0.5  # the tilt adds to it
    assert falsetto > 11.1 * 0.20
    level = [express(TENOR_A, 440.0, replace(PLAIN, falsetto=f)).vowel.level_db[3] for f in (0.0, 1.0)]
    assert level[0] - level[1] == pytest.approx(6.0 + 3.0, abs=4.0)  # T1 + 6, T2 + 3 dB at 3 kHz, less at F1


def test_a_whisper_has_higher_formants() -> None:
    voiced, whispered = (express(TENOR_A, 110.0, replace(PLAIN, whisper=w)).vowel.frequency_hz for w in (0.0, 1.0))
    rises = [high - low for high, low in zip(whispered, voiced, strict=True)]
    assert rises == pytest.approx([255.0, 115.0, 125.0, 75.0, 50.0], abs=2.0)


def test_soft_voices_are_less_steady() -> None:
    jitter = [
        express(TENOR_A, 110.0, Expression(effort=e), {"jitter_percent": 0.4}).fields["jitter_percent"]
        for e in (0.0, 0.8, 1.0)
    ]
    assert jitter[0] > jitter[1] > jitter[2]
    assert jitter[1] == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("name", "value"), [("effort", 1.1), ("ring", -0.1), ("tract_size", 3.0), ("breath", math.nan)]
)
def test_what_is_out_of_range_is_refused_by_name_and_range(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name}=.* must be within"):
        Expression(**{name: value})
