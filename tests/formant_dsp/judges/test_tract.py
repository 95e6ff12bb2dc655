"""Judge 2, closeness to a vocal tract: the bank's harmonics against those of the cascade it stands for.

Eleven vowels of men (Hillenbrand et al. 1995), F5 = F4 + 950 Hz, widths by Hawks & Miller; the tract is five resonances
in cascade under a source of -6 dB an octave, and the bank's formants peak on its envelope. Error in dB over all
harmonics up to 4.2 kHz, clipped at ± 30.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from support.judges import closed_form
from support.judges.closed_form import COMPLETE
from support.judges.judge import Judge, at_least, at_most
from support.judges.signals import RATE, held, steady, still
from support.sound.excitation import distance, pattern_db
from support.sound.spectrum import Array, harmonics, odd_f0

from formant_dsp import Vowel, sung
from formant_dsp.model.tables import table
from formant_dsp.model.tract import bandwidth_hz, cascade_db, lobe_levels

LOW = (109, 137, 165, 191, 219, 245, 273, 307, 341)  # 80 … 250 Hz
MIDDLE = (409, 451, 491, 601, 641, 683)  # 300 … 500 Hz

ALL_LOW = Judge(2, "all harmonics, f0 80 … 250 Hz, rms", "dB", at_most(5.5), at_most(4.5))
ALL_MIDDLE = Judge(2, "all harmonics, f0 300 … 500 Hz, rms", "dB", at_most(8.0), at_most(6.5))
ALIVE_MIDDLE = Judge(2, "same as a true resonance (`resonance` 1)", "dB", at_most(8.0), at_most(5.2))
BELOW_F1 = Judge(2, "harmonics below F1, f0 80 … 250 Hz, rms", "dB", at_most(4.5), at_most(3.0))
AT_FORMANTS = Judge(2, "harmonics at the formants (± 0.75 B), f0 80 … 250 Hz, rms", "dB", at_most(4.0), at_most(3.0))
GUARD = Judge(2, "plain ModFM at 80 … 120 Hz: must be this far off", "dB", at_least(12.0))
EXACT = Judge(2, "residue voice, rms", "dB", at_most(0.1), at_most(0.01))
DISTANCE = Judge(
    2, "distance D of excitation patterns to the residue voice, 110 Hz, mean", "", at_most(17.2), at_most(8.6),
    why="two JND of untrained ears: the bank is a voice of its own, not an imitation of the cascade",
)  # fmt: skip
DISTANCE_PLAIN = Judge(2, "same of plain ModFM: must be farther", "", at_least(17.2))


@dataclass(frozen=True)
class Tract:
    """A vowel whose levels are those of its cascade, and the level of the cascade at F1, dB."""

    vowel: Vowel
    first_db: float


@functools.cache
def tracts() -> dict[str, Tract]:
    men = table("h95_tokens", "men")
    found = {}
    for name in (key for key in men if key != "er"):
        four = men[f"key:{name}"].frequency_hz[:4]
        centres = (*four, four[3] + 950.0)
        widths = tuple(map(bandwidth_hz, centres))
        envelope = [cascade_db(hz, centres, widths) for hz in centres]
        found[name] = Tract(Vowel(centres, widths, lobe_levels(envelope, centres, widths)), envelope[0])
    return found


@dataclass(frozen=True)
class Errors:
    """rms in dB over all harmonics, those below F1, and those at a formant."""

    every: float
    below: float
    at: float


def errors(ks: tuple[int, ...], algorithm: str = "voice", resonance: float = 0.5) -> Errors:
    """Of the rendered bank. Its loudness is taken out by the closed form, whose formants peak at their level."""
    every, below, at = [], [], []
    for k in ks:
        f0 = odd_f0(k)
        for tract in tracts().values():
            vowel = tract.vowel
            m = np.arange(1, int(4200 / f0) + 1)
            got = harmonics(steady(still(f0_hz=f0, vowel=vowel, algorithm=algorithm, resonance=resonance)), k)
            want = np.array([cascade_db(f0 * n, vowel.frequency_hz, vowel.bandwidth_hz) for n in m]) - tract.first_db
            if algorithm == "natural":
                scale = float(10 ** (want.max() / 20) / got.max())
            else:
                form = closed_form.voice(vowel, f0, *COMPLETE[algorithm], resonance)
                scale = float(form.max() / got.max())
            error = np.clip(20 * np.log10(scale * got[: len(m)] + 1e-12) - want, -30, 30)
            near = np.min(
                [np.abs(m * f0 - hz) / b for hz, b in zip(vowel.frequency_hz, vowel.bandwidth_hz, strict=True)], axis=0
            )
            every.append(error)
            below.append(error[m * f0 < vowel.frequency_hz[0]])
            at.append(error[near < 0.75])
    return Errors(*(rms(np.concatenate(parts)) for parts in (every, below, at)))


def rms(x: Array) -> float:
    return float(np.sqrt(np.mean(x**2)))


def test_low_voices_follow_the_tract() -> None:
    found = errors(LOW)
    ALL_LOW.hold(found.every)
    BELOW_F1.hold(found.below)
    AT_FORMANTS.hold(found.at)


def test_voices_of_300_to_500_hz_follow_the_tract() -> None:
    ALL_MIDDLE.hold(errors(MIDDLE).every)
    ALIVE_MIDDLE.hold(errors(MIDDLE, resonance=1.0).every)


def test_without_skirt_and_voicing_lobe_the_tract_is_lost() -> None:
    GUARD.hold(errors(LOW[:3], "modfm").every)


def test_the_residue_voice_is_the_tract() -> None:
    """But for its real pole at 50 Hz, where the cascade falls by 6 dB an octave from 0 Hz on."""
    for k in (151, 301):
        f0 = odd_f0(k)
        for name, tract in tracts().items():
            got = harmonics(steady(still(f0_hz=f0, vowel=tract.vowel, algorithm="natural")), k)[: int(4200 / f0)]
            want = closed_form.tract(tract.vowel, f0 * np.arange(1, len(got) + 1))
            EXACT.hold(rms(20 * np.log10(got / got.max() * want.max() / want)), (name, k))


def patterns(algorithm: str) -> list[Array]:
    return [pattern_db(held(still(f0_hz=110.0, vowel=t.vowel, algorithm=algorithm)), RATE) for t in tracts().values()]


def test_excitation_patterns_lie_near_those_of_the_tract() -> None:
    exact, bank, plain = (patterns(name) for name in ("natural", "voice", "modfm"))
    DISTANCE.hold(np.mean([distance(a, b) for a, b in zip(exact, bank, strict=True)]))
    DISTANCE_PLAIN.hold(np.mean([distance(a, b) for a, b in zip(exact, plain, strict=True)]))


def test_distance_grows_with_a_change_and_is_small_for_what_cannot_be_heard() -> None:
    """The judge itself, around what is just noticed of F2: 0.3 and 10 %, its width: 10 and 300 %, level: 0.3, 10 dB."""
    vowel = sung("tenor")["a"]

    def sound(f2: float = 1.0, b2: float = 1.0, a2: float = 0.0) -> Array:
        f, b, a = list(vowel.frequency_hz), list(vowel.bandwidth_hz), list(vowel.level_db)
        f[1], b[1], a[1] = f[1] * f2, b[1] * b2, a[1] + a2
        return pattern_db(held(still(f0_hz=110.0, vowel=Vowel(tuple(f), tuple(b), tuple(a)))), RATE)

    plain = sound()
    for small, large in (
        (sound(f2=1.003), sound(f2=1.1)),
        (sound(b2=1.1), sound(b2=4.0)),
        (sound(a2=0.3), sound(a2=10.0)),
    ):
        assert distance(plain, small) < 2.4 < distance(plain, large)
