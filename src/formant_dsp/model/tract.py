"""The vocal tract: the levels of five resonances, computed from their centres and widths.

In a cascade of resonances the centres and widths determine the levels (Fant 1956). So every vowel gets levels, also
where nobody has measured them. The bank adds lobes instead of multiplying resonances, and overlapping lobes would count
twice; `lobe_levels` corrects that. The file is plain Python: it runs when a table or a preset is read.

Sources: Fant, G.: On the predictability of formant levels and spectrum envelopes from formant frequencies, 1956. —
Hawks, J. W., Miller, J. D.: A formant bandwidth estimation procedure for vowel synthesis. JASA 97, 1995. —
Klatt, D. H.: Software for a cascade/parallel formant synthesizer. JASA 67, 1980. — Group factors, regressions of F3 and
F4: means and least squares over the tokens of Peterson & Barney 1952 and Hillenbrand et al. 1995 (data/formants.csv).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from formant_dsp.touch.mapping import smooth_max as smooth_max

LEVEL_FLOOR_DB = -120.0
"""Least level of a Vowel, dB. A formant of this level is inaudible."""

SKIRT = 0.10
SKIRT_WIDTH_HZ = 200.0
"""Skirt (share) and its width of the lobes that the levels of tables are computed for.

They are not the defaults of params.py (0.07, 220 Hz), because a table is the same for every voice, and presets choose
skirts from 0 to 0.3. With the defaults in their place no level of a table changes by more than 0.51 dB. As it is, a
voice with the default skirt has the wanted spectrum at the centres within 0.43 dB, half of the vowels within 0.05 dB.
Less than 1 dB in one formant is not heard, so the sound of the presets stays as it was tuned."""

_HAWKS_MILLER_LOW = (165.327516, -6.73636734e-1, 1.80874446e-3, -4.52201682e-6, 7.49514000e-9, -4.70219241e-12)
_HAWKS_MILLER_HIGH = (15.8146139, 8.10159009e-2, -9.79728215e-5, 5.28725064e-8, -1.07099364e-11, 7.91528509e-16)
_SEAM_HZ = (450.0, 550.0)
_VALID_HZ = (90.0, 5000.0)


@dataclass(frozen=True, slots=True)
class Group:
    """Formant frequencies of one group of speakers.

    f1, f2, f3, f4    geometric means over eleven vowels, relative to men
    f3_law            (hz, p, q, c) of F3 = hz · (F1/500)^p · (F2/1500)^q · exp(c ln²(F2/1500)); rms error 6 … 7 %
    f4_hz             mean of F4, Hz; spread 7 %
    """

    f1: float
    f2: float
    f3: float
    f4: float
    f3_law: tuple[float, float, float, float]
    f4_hz: float

    def third_hz(self, f1_hz: float, f2_hz: float) -> float:
        """F3, Hz, of a vowel without r colour with this F1 and F2; at least 250 Hz above F2, by a smooth maximum."""
        hz, p, q, c = self.f3_law
        front = math.log(f2_hz / 1500.0)
        third = hz * math.exp(p * math.log(f1_hz / 500.0) + q * front + c * front * front)
        return smooth_max(third, f2_hz + 250.0, 50.0)

    def fourth_hz(self, f3_hz: float) -> float:
        """F4 of the group, Hz; at least 350 Hz above F3, by a smooth maximum."""
        return smooth_max(self.f4_hz, f3_hz + 350.0, 50.0)


GROUPS: Mapping[str, Group] = {
    "men": Group(1.0, 1.0, 1.0, 1.0, (2487.0, 0.061, 0.195, 0.357), 3520.0),
    "women": Group(1.18, 1.16, 1.14, 1.18, (2785.0, 0.021, 0.091, 0.259), 4110.0),
    "children": Group(1.24, 1.30, 1.24, 1.22, (3006.0, -0.009, 0.115, 0.201), 4280.0),
}

FIFTH_ABOVE_FOURTH_HZ = 900.0
"""F5 - F4 where a table gives no F5. Only the sung tables do; resonances of a tube are about this far apart."""


def group(name: str) -> Group:
    """The Group "men", "women" or "children". ValueError for another name."""
    try:
        return GROUPS[name]
    except KeyError:
        raise ValueError(f"no tract size for {name!r}: choose one of {', '.join(GROUPS)}") from None


def bandwidth_hz(formant_hz: float, f0_hz: float = 132.0) -> float:
    """Full -3 dB width, Hz, of a resonance at a frequency.

    formant_hz   clamped to 90 … 5,000 Hz, the range of the data
    f0_hz        higher voices have wider formants: 25 % per 88 Hz
    error        the two published polynomials differ by 2 % at 500 Hz; they are cross-faded over ± 50 Hz
    source       Hawks & Miller 1995
    """
    f = min(max(formant_hz, _VALID_HZ[0]), _VALID_HZ[1])
    share = min(max((f - _SEAM_HZ[0]) / (_SEAM_HZ[1] - _SEAM_HZ[0]), 0.0), 1.0)
    share *= share * (3.0 - 2.0 * share)
    width = 0.0
    if share < 1.0:
        width += (1.0 - share) * _polynomial(_HAWKS_MILLER_LOW, f)
    if share > 0.0:
        width += share * _polynomial(_HAWKS_MILLER_HIGH, f)
    return width * (1.0 + 0.25 * (f0_hz - 132.0) / 88.0)


def _polynomial(coefficients: Sequence[float], x: float) -> float:
    value = 0.0
    for c in reversed(coefficients):
        value = value * x + c
    return value


def cascade_db(f_hz: float, frequency_hz: Sequence[float], bandwidth_hz: Sequence[float]) -> float:
    """Level, dB, at f of resonances in cascade, each 0 dB at 0 Hz, with a source that falls 6 dB per octave.

    The source is 0 dB at 1 Hz, so only level differences between frequencies have a meaning.
    """
    power = 1.0 / (f_hz * f_hz)
    for centre, width in zip(frequency_hz, bandwidth_hz, strict=True):
        half = 0.25 * width * width
        size = centre * centre + half
        power *= size * size / (((f_hz - centre) ** 2 + half) * ((f_hz + centre) ** 2 + half))
    return 10.0 * math.log10(power)


def higher_poles_db(f_hz: float, fifth_hz: float) -> float:
    """Level, dB, that the resonances above the fifth add at f, in a uniform tube with its fifth at `fifth_hz`.

    f_hz     clamped to the fifth resonance
    error    0.3 dB at the fifth resonance, 0.1 dB below it, against a tube of 200,000 resonances
    source   Fant 1956, who does it above the fourth. Here the sixth is exact and the rest a series in (f/F_n)²
    """
    square = min(9.0 * f_hz / fifth_hz, 9.0) ** 2
    return square * (0.36108 + square * (4.1320e-04 + square * 1.1249e-06)) - 20.0 * math.log10(1.0 - square / 121.0)


HIGHER_POLES = 0.7
"""Share of `higher_poles_db` that is used. It accounts for a source that falls somewhat faster than 6 dB per octave.
With 0.7 the levels of F2 and F3 differ from those measured by Peterson & Barney 1952 and Pols et al. 1973 by +1 … +2
and -2 … 0 dB on average. With 0, F3 is 7 … 10 dB too weak; with 1, F2 is 3 dB too strong."""


def tract_levels(frequency_hz: Sequence[float], bandwidth_hz: Sequence[float]) -> tuple[float, ...]:
    """Level of the spectrum at each of five centres, dB re the first, of a tract with these centres and widths.

    frequency_hz   ascending
    """
    fifth = frequency_hz[-1]
    levels = [
        cascade_db(f, frequency_hz, bandwidth_hz) + HIGHER_POLES * higher_poles_db(f, fifth) for f in frequency_hz
    ]
    return tuple(max(level - levels[0], LEVEL_FLOOR_DB) for level in levels)


def lobe_levels(
    envelope_db: Sequence[float],
    frequency_hz: Sequence[float],
    bandwidth_hz: Sequence[float],
    skirt: float = SKIRT,
    skirt_width_hz: float = SKIRT_WIDTH_HZ,
) -> tuple[float, ...]:
    """Levels of the bank's lobes whose sum has a given spectrum at the centres, dB re the first.

    envelope_db   wanted level at each centre
    returns       A with Σ_j L_j(F_i) A_j = E(F_i), L_j the bell and skirt of lobe j; all A > 0
    error         below 0.01 dB where centres are two widths apart. Where peaks lie within a width of each other, no
                  positive A may make the sum; the result is then the nearest positive one. An exact solution would
                  cancel lobes against each other, and the next change of pitch would undo that.
    source        the update A ← A·E/(LA), which keeps A positive (Richardson 1972, Lucy 1974)
    """
    numbers = range(len(frequency_hz))
    top = max(envelope_db)
    wanted = [10.0 ** ((level - top) / 20.0) for level in envelope_db]
    lobes = [
        [
            lobe(f - centre, width, skirt, skirt_width_hz)
            for centre, width in zip(frequency_hz, bandwidth_hz, strict=True)
        ]
        for f in frequency_hz
    ]
    amplitude = list(wanted)
    for _ in range(_OVERLAP_STEPS):
        reached = [sum(map(float.__mul__, lobes[i], amplitude)) for i in numbers]
        amplitude = [a * w / r for a, w, r in zip(amplitude, wanted, reached, strict=True)]
    first = amplitude[0]
    return tuple(max(20.0 * math.log10(max(a / first, 1e-9)), LEVEL_FLOOR_DB) for a in amplitude)


_OVERLAP_STEPS = 4
"""Each step multiplies the error by about the overlap. For centres two widths apart the errors are 0.9 dB before the
first step and 0.07, 0.02, 0.005, 0.001 dB after each step."""


def lobe(offset_hz: float, width_hz: float, skirt: float, skirt_width_hz: float) -> float:
    """Amplitude of the bank's lobe at `offset_hz` from its centre, where it is 1: a bell and a skirt, each with its
    full width at -3 dB."""
    relative = 2.0 * offset_hz / width_hz
    return (1.0 - skirt) * math.exp2(-0.5 * relative * relative) + skirt * math.exp2(-abs(offset_hz) / skirt_width_hz)


def scaled(frequency_hz: Sequence[float], tract_size: float) -> tuple[float, ...]:
    """Centres, Hz, of a tract `tract_size` times as long: they are inversely proportional to its length."""
    return tuple(f / tract_size for f in frequency_hz)


def resized(frequency_hz: Sequence[float], source: str, target: str) -> tuple[float, ...]:
    """Centres of a vowel of the group `source` as the group `target` speaks it; each formant has its own factor.

    error   ValueError for a group other than men, women, children
    """
    a, b = group(source), group(target)
    factors = (b.f1 / a.f1, b.f2 / a.f2, b.f3 / a.f3, b.f4 / a.f4, b.f4 / a.f4)
    return tuple(f * k for f, k in zip(frequency_hz, factors, strict=True))
