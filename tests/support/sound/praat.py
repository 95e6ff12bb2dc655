"""Measurements by Praat, which is independent of this project: formants, jitter, shimmer and harmonics-to-noise ratio.

Formants come from Burg's method: five below a ceiling that depends on the size of the tract, in windows of 25 ms. A
synthetic voice needs three more rules. Noise 45 dB below the sound is added, because on noise-free signals Burg's
method puts a spurious wide pole between real ones and shifts their numbers. Candidates wider than 600 Hz are discarded.
Each target is matched to the nearest candidate, not by its number. It works only up to f0 = 150 Hz: above that, linear
prediction snaps to harmonics. Widths are not judged, because they come out too narrow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import parselmouth
from parselmouth.praat import call
from support.sound.spectrum import Array

from formant_dsp.model.vowels import rows

CEILING_HZ = {
    "men": 5000.0, "bass": 5000.0, "tenor": 5000.0, "women": 5500.0, "alto": 5500.0, "countertenor": 5500.0,
    "soprano": 5500.0, "children": 7000.0,
}  # fmt: skip
"""Below it five formants lie, in tracts of 17, 15 and 12 cm."""

WIDEST_HZ = 600.0


def formants(y: Array, rate: int, targets_hz: tuple[float, ...], ceiling_hz: float, noise_db: float = -45.0) -> Array:
    """Where the formants nearest to some targets lie, Hz: the median over all frames."""
    noise = np.random.default_rng(1).standard_normal(len(y))
    sound = parselmouth.Sound(y + noise * np.std(y) * 10 ** (noise_db / 20), rate)
    track = call(sound, "To Formant (burg)", 0.0, 5, ceiling_hz, 0.025, 50.0)
    found = []
    for frame in range(1, call(track, "Get number of frames") + 1):
        t = track.get_time_from_frame_number(frame)
        numbers = range(1, call(track, "Get number of formants", frame) + 1)
        candidates = np.array([
            track.get_value_at_time(n, t) for n in numbers if track.get_bandwidth_at_time(n, t) <= WIDEST_HZ
        ])  # fmt: skip
        if len(candidates):
            found.append([candidates[np.argmin(np.abs(candidates - hz))] for hz in targets_hz])
    return np.asarray(np.median(found, axis=0))


@dataclass(frozen=True)
class Unsteadiness:
    """Local jitter, %; local shimmer, dB; harmonics re noise, dB (cross-correlation)."""

    jitter_percent: float
    shimmer_db: float
    harmonicity_db: float


def unsteadiness(y: Array, rate: int, f0_hz: float) -> Unsteadiness:
    """Of a held note near a known pitch."""
    sound = parselmouth.Sound(y, rate)
    harmonicity = call(sound, "To Harmonicity (cc)", 0.01, 75, 0.1, 1.0)
    pulses = call(sound, "To PointProcess (periodic, cc)", f0_hz * 0.8, f0_hz * 1.25)
    return Unsteadiness(
        100 * call(pulses, "Get jitter (local)", 0, 0, 1e-4, 0.02, 1.3),
        call([sound, pulses], "Get shimmer (local_dB)", 0, 0, 1e-4, 0.02, 1.3, 1.6),
        call(harmonicity, "Get mean", 0, 0),
    )


@dataclass(frozen=True)
class SpokenVowel:
    """One vowel of one group of speakers: means and standard deviations of ln F1 and ln F2."""

    name: str
    mean: Array
    sd: Array

    def distance(self, f1_hz: float, f2_hz: float) -> float:
        """Mahalanobis distance in (ln F1, ln F2)."""
        return float(np.linalg.norm((np.log([f1_hz, f2_hz]) - self.mean) / self.sd))


def spoken_vowels(group: str) -> list[SpokenVowel]:
    """Vowels of men, women or children as Hillenbrand et al. (1995) measured them.

    The standard deviation is that of the group, all vowels taken together: 7 … 11 % in F1, 7 … 9 % in F2.
    """
    names, means, shares = [], [], []
    for row in rows():
        if row["table"] == "h95_tokens" and row["group"] == group:
            centre = np.array([float(row["f1_hz"]), float(row["f2_hz"])])
            deviation = np.array([float(text) for text in row["note"].rsplit(":", 1)[1].split()[:2]])
            names.append(row["ipa"])
            means.append(np.log(centre))
            shares.append((deviation / centre) ** 2)
    sd = np.sqrt(np.mean(shares, axis=0))
    return [SpokenVowel(name, mean, sd) for name, mean in zip(names, means, strict=True)]


def heard_vowel(y: Array, rate: int, voice: str = "tenor") -> str:
    """The sung vowel whose first three formants are nearest to those that Praat finds, up to f0 = 150 Hz."""
    from formant_dsp import sung

    distance: dict[str, float] = {}
    for name, vowel in sung(voice).items():
        targets = vowel.frequency_hz[:3]
        found = formants(y, rate, targets, CEILING_HZ[voice])
        distance[name] = float(np.max(np.abs(np.log2(found / np.asarray(targets)))))
    return min(distance, key=distance.__getitem__)
