"""Draws docs/understand/images from the bank itself: `make images`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.special import ive
from support.judges import closed_form
from support.judges.signals import one_lobe, steady, still
from support.sound.spectrum import harmonics, odd_f0

from formant_dsp import VoiceParams, sung
from formant_dsp.model.formant import index_of_width
from formant_dsp.model.presets import load
from formant_dsp.model.tables import table
from listening import scenes
from listening.pairs import as_sung, as_tract, glide
from listening.spectrogram import BLUE, GREY, RED, png, spectrogram, spectrum, stacked

FOLDER = Path(__file__).parents[1] / "docs" / "understand" / "images"
K = 151
"""Pitch of the spectra: 110.6 Hz, whose harmonics lie on bins (support/sound/spectrum.py)."""


def lines(params: VoiceParams, k: int = K) -> list[tuple[float, float]]:
    """Harmonics of a steady voice as it is rendered: (Hz, dB re the strongest)."""
    a = harmonics(steady(params), k)
    return [(odd_f0(k) * (m + 1), 20 * np.log10(value / a.max() + 1e-9)) for m, value in enumerate(a)]


def formula(params: VoiceParams, k: int = K) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The same from the closed form."""
    a = closed_form.voice(params.vowel, odd_f0(k), params.skirt, params.voicing)
    levels: NDArray[np.float64] = 20 * np.log10(a / a.max() + 1e-9)
    return odd_f0(k) * np.arange(1, len(a) + 1, dtype=np.float64), levels


def vowels() -> Image.Image:
    """a e i o u of a tenor."""
    y = scenes.vowels(f0_hz=110.0, vibrato_cents=30.0)
    at = [4.0 * (i + 0.12) / (4.0 * 1.15) for i in range(5)]
    return spectrogram(y, width=820, height=300, marks=list(zip(at, "aeiou", strict=True)))


def lobe() -> Image.Image:
    """One formant: a narrow one and a wide one, and the curves that they sample."""
    f0 = odd_f0(K)
    pictures = []
    for beta, name in ((1.0, "width 110 Hz"), (4.0, "width 440 Hz")):
        params = still(f0_hz=f0, vowel=one_lobe(18.0, beta, f0), algorithm="modfm")
        hz = np.linspace(500, 3500, 400)
        k = float(index_of_width(beta))
        curve = 20 * np.log10(ive(np.abs(hz / f0 - 18.0), k) / ive(0, k))
        pictures.append(
            spectrum(lines(params), [(hz, curve, BLUE, "I_n(k)/I_0(k)")], name, width=410, height=220, top_hz=4000)
        )
    return stacked(pictures, columns=2)


def build() -> Image.Image:
    """What each part adds: bells, skirt, voicing lobe; and the tract that is meant."""
    f0 = odd_f0(K)
    vowel = as_tract(table("h95_tokens", "men")["ɑ"])
    hz = np.linspace(60, 5000, 600)
    tract = 20 * np.log10(closed_form.tract(vowel, hz))
    tract -= tract.max()
    wanted = (hz, tract, RED, "vocal tract")
    pictures = [
        spectrum(lines(still(f0_hz=f0, vowel=vowel, **fields)), [wanted], name, width=410, height=220)
        for name, fields in (
            ("bells alone (modfm)", {"algorithm": "modfm"}),
            ("with skirt", {"voicing": 0.0}),
            ("with skirt and voicing lobe (voice)", {}),
            ("residue voice (natural)", {"algorithm": "natural"}),
        )
    ]
    return stacked(pictures, columns=2)


def exact() -> Image.Image:
    """Rendered harmonics and the formula."""
    params = still(f0_hz=odd_f0(K), vowel=sung("tenor")["e"])
    hz, db = formula(params)
    return spectrum(lines(params), [(hz, db, BLUE, "closed form")], "tenor e at 110.6 Hz", width=820, low_db=-80)


def between() -> Image.Image:
    """From a to i: formants that move, and a cross-fade."""
    moved = scenes.note(glide)
    faded = scenes.crossfade(scenes.note(glide(0.0)), scenes.note(glide(9.0)))
    pictures = [
        spectrogram(y, title, width=410, height=230)
        for y, title in ((moved, "a to i: formants move"), (faded, "a to i: cross-fade"))
    ]
    return stacked(pictures, columns=2)


def effort() -> Image.Image:
    soft, loud = (scenes.note(as_sung("a", 165.0, effort=e), 2.0) for e in (0.3, 1.0))
    return stacked(
        [spectrogram(soft, "effort 0.3", width=410, height=230), spectrogram(loud, "effort 1", width=410, height=230)],
        2,
    )


def life() -> Image.Image:
    """Perfect, alive, breathy, whispered: one a."""
    a = sung("alto")["a"]
    sounds = {
        "perfect": {"vibrato_cents": 0.0},
        "vibrato, resonance 1": {"vibrato_cents": 60.0, "resonance": 1.0, "vibrato_delay_s": 0.3},
        "jitter, shimmer, flutter": {"vibrato_cents": 0.0, "jitter_percent": 0.8, "shimmer_db": 0.3, "flutter": 40.0},
        "whisper": {"vibrato_cents": 0.0, "voiced": 0.0, "breath": 1.0},
    }
    pictures = [
        spectrogram(scenes.note(VoiceParams(f0_hz=196.0, vowel=a, **fields), 2.0), name, width=410, height=200)  # type: ignore[arg-type]
        for name, fields in sounds.items()
    ]
    return stacked(pictures, columns=2)


def algorithms() -> Image.Image:
    f0, vowel = odd_f0(K), sung("tenor")["a"]
    hz, db = formula(still(f0_hz=f0, vowel=vowel))
    pictures = [
        spectrum(
            lines(still(f0_hz=f0, vowel=vowel, algorithm=name)), [(hz, db, GREY, "voice")], name, width=410, height=200
        )
        for name in ("modfm", "poisson", "chowning", "natural")
    ]
    return stacked(pictures, columns=2)


OCTAVES_HZ = (1000.0, 2000.0, 4000.0, 8000.0, 16000.0)
MEASURED = (
    (-1.7, -8.8, -11.7, -35.6, -42.2), (-3.1, -28.4, -13.9, -35.1, -36.8), (-18.6, -39.5, -34.0, -30.7, -32.0),
    (-8.4, -12.9, -26.1, -36.0, -48.0), (-16.0, -10.7, -21.9, -23.9, -37.6), (-19.7, -16.3, -28.3, -32.7, -52.0),
)  # fmt: skip
"""Octaves of vowels re the whole, dB, of six singers: opera tenor, soprano, pop singer, two South Indian men, a sacred
phrase; measured on public recordings, frames with a pitch, medians."""
PARTS = {"soprano": 69, "alto": 64, "tenor": 57, "bass": 45}


def octave_db(y: NDArray[np.float64], centre_hz: float) -> float:
    """Energy of an octave re the whole."""
    power = np.abs(np.fft.rfft(y)) ** 2
    hz = np.fft.rfftfreq(len(y), 1 / scenes.RATE)
    inside = (hz > centre_hz / 2**0.5) & (hz < centre_hz * 2**0.5)
    return float(10 * np.log10(power[inside].sum() / power.sum()))


def singers() -> Image.Image:
    """Octaves of four voices, a to u, beside those of measured singers."""
    hz = np.geomspace(1000.0, 16000.0, 25)
    grey = [(np.array(OCTAVES_HZ), np.array(db), GREY, "measured singers" if i == 0 else "")
            for i, db in enumerate(MEASURED)]  # fmt: skip
    pictures = []
    for name, pitch in PARTS.items():
        sung_so = [load(name).voice_params(None, y, 0.7, note=pitch)[0] for y in (0.0, 0.25, 0.5, 0.75, 1.0)]
        y = np.concatenate([scenes.note(params, 1.0, 0.05)[4800:] for params in sung_so])
        ours = (hz, np.array([octave_db(y, f) for f in hz]), RED, name)
        pictures.append(
            spectrum([], [*grey, ours], "octaves re the whole", width=410, height=220, top_hz=16000, low_db=-60)
        )
    return stacked(pictures, columns=2)


def legato() -> Image.Image:
    """Six notes from one to the next: as a singer, and as keys."""
    alto = {"vowel": sung("alto")["a"], "low_hz": 196.0, "vibrato_cents": 50.0}
    return stacked([
        spectrogram(scenes.melody(**fields, **alto), title, width=410, height=230, top_hz=2500.0)  # type: ignore[arg-type]
        for title, fields in (("legato by law", {}), ("keyed", {"portamento_s": 0.02}))
    ], columns=2)  # fmt: skip


def chord() -> Image.Image:
    """The vibratos of four notes: each its own, and all alike."""
    alike = {"vibrato_spread": 0.0, "vibrato_drift_percent": 0.0}
    return stacked([
        spectrogram(scenes.held_chord(vibrato_cents=70.0, **fields), title, width=410, height=230, top_hz=2500.0)
        for title, fields in (("four singers", {}), ("all alike", alike))
    ], columns=2)  # fmt: skip


PICTURES: dict[str, Callable[[], Image.Image]] = {
    "vowels": vowels, "lobe": lobe, "build": build, "exact": exact, "between": between, "effort": effort, "life": life,
    "algorithms": algorithms, "singers": singers, "legato": legato, "chord": chord,
}  # fmt: skip


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    total = 0
    for name, draw in PICTURES.items():
        data = png(draw(), 32)
        (FOLDER / f"{name}.png").write_bytes(data)
        total += len(data)
        print(f"docs/understand/images/{name}.png  {len(data) / 1024:.0f} kB")
    print(f"{total / 1024:.0f} kB")


if __name__ == "__main__":
    main()
